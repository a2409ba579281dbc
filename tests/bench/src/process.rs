//! The CPU time and memory of the measured server and of the generator.

use std::fs;
use std::path::Path;

use rustix::time::{ClockId, clock_gettime};

/// The name of the thread with the in-memory clients in the server's process.
pub const INNER_CLIENTS: &str = "inner-clients";

/// The process id of the measured server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerProcess(pub(crate) Option<u32>);

impl ServerProcess {
    /// Returns the usage of its running threads, except [`INNER_CLIENTS`]; zero if there is no such process.
    pub(crate) fn usage(self) -> Usage {
        let mut usage = Usage::default();
        let Some(pid) = self.0 else { return usage };
        let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else {
            return usage;
        };
        for task in tasks.flatten() {
            usage.add_thread(&task.path());
        }
        usage
    }

    /// Returns the resident memory in bytes.
    pub(crate) fn resident(self) -> u64 {
        let Some(pid) = self.0 else { return 0 };
        // `smaps_rollup` is exact; `statm` may lag by some pages.
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
        let kib = field(&text, "Rss:").and_then(|value| value.split_whitespace().next());
        kib.map_or(0, number) * 1024
    }
}

/// The sums of CPU time and context switches over threads.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// Nanoseconds of running on a core.
    pub(crate) running: u64,
    /// Nanoseconds of being ready to run while another thread had the core.
    pub(crate) waiting: u64,
    /// Clock ticks in user mode.
    pub(crate) user_ticks: u64,
    /// Clock ticks in the kernel.
    pub(crate) kernel_ticks: u64,
    /// The number of voluntary context switches.
    pub(crate) switches: u64,
}

impl Usage {
    fn add_thread(&mut self, task: &Path) {
        let read = |name| fs::read_to_string(task.join(name)).unwrap_or_default();
        let stat = read("stat");
        // The name of the thread, in brackets, may contain blanks, so the fields are counted from its end.
        let Some((name, fields)) = stat.rsplit_once(')') else {
            return;
        };
        if name.ends_with(&format!("({INNER_CLIENTS}")) {
            return;
        }
        let mut ticks = fields.split_whitespace().skip(11).map(number);
        self.user_ticks += ticks.next().unwrap_or(0);
        self.kernel_ticks += ticks.next().unwrap_or(0);
        let schedstat = read("schedstat");
        let mut times = schedstat.split_whitespace().map(number);
        self.running += times.next().unwrap_or(0);
        self.waiting += times.next().unwrap_or(0);
        self.switches += field(&read("status"), "voluntary_ctxt_switches:").map_or(0, number);
    }
}

/// The context switches of a thread.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Switches {
    /// Involuntary switches: another thread got the core. Also counts when a thread yields while another
    /// one holds a lock.
    pub lost: u64,
    /// Voluntary switches: the thread slept.
    pub slept: u64,
}

impl Switches {
    /// Returns the switches of the calling thread; takes some microseconds.
    #[must_use]
    pub fn of_this_thread() -> Self {
        let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
        Self {
            lost: field(&status, "nonvoluntary_ctxt_switches:").map_or(0, number),
            slept: field(&status, "voluntary_ctxt_switches:").map_or(0, number),
        }
    }
}

/// Returns the CPU time of this process in nanoseconds.
pub(crate) fn own_cpu() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .find_map(|line| line.strip_prefix(name))
        .map(str::trim)
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usage_of_this_process_is_positive() {
        let this = ServerProcess(Some(std::process::id()));
        assert!(this.resident() > 100 * 1024);
        let before = (this.usage().running, own_cpu());
        // Enough work for the clock to advance; the count of the scheduler may lag by a tick.
        let busy = std::hint::black_box((0..3_000_000_u64).fold(1, |a, b| a ^ (b * 31)));
        assert!(own_cpu() > before.1, "{busy}");
        assert!(this.usage().running >= before.0);
    }

    #[test]
    fn usage_excludes_the_clients_in_the_process() {
        let used = || {
            let mut usage = Usage::default();
            usage.add_thread(Path::new("/proc/thread-self"));
            usage.running
        };
        let spawned = |name: &str| {
            let thread = std::thread::Builder::new().name(name.to_owned());
            let busy = move || {
                std::hint::black_box((0..3_000_000_u64).fold(1, |a, b| a ^ (b * 31)));
                // The kernel updates the usage when the thread yields its core.
                std::thread::yield_now();
                used()
            };
            thread.spawn(busy).unwrap().join().unwrap()
        };
        assert_eq!(spawned(INNER_CLIENTS), 0);
        assert!(spawned("server") > 0);
    }

    #[test]
    fn a_sleeping_thread_is_switched() {
        let before = Switches::of_this_thread();
        std::thread::spawn(|| {}).join().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(1));
        assert!(Switches::of_this_thread().slept > before.slept);
    }

    #[test]
    fn the_usage_without_a_process_is_zero() {
        assert_eq!(ServerProcess(None).resident(), 0);
        assert_eq!(ServerProcess(None).usage().running, 0);
    }
}

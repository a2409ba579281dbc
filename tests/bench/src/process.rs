//! What processes have used: the measured server and the generator itself.

use std::fs;
use std::path::Path;

use rustix::time::{ClockId, clock_gettime};

/// The name of the thread that is the clients within the server's process, if there are any.
pub const INNER_CLIENTS: &str = "inner-clients";

/// The server that is measured, by its process id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerProcess(pub(crate) Option<u32>);

impl ServerProcess {
    /// What its living threads have used so far, but for clients among them; all zero if there is no such process.
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

    /// Resident bytes.
    pub(crate) fn resident(self) -> u64 {
        let Some(pid) = self.0 else { return 0 };
        // `smaps_rollup` is exact; `statm` is allowed to be some pages behind.
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
        let kib = field(&text, "Rss:").and_then(|value| value.split_whitespace().next());
        kib.map_or(0, number) * 1024
    }
}

/// CPU time and switches, added up over threads.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// Nanoseconds on a core.
    pub(crate) running: u64,
    /// Nanoseconds ready to run while another thread had the core.
    pub(crate) waiting: u64,
    /// Clock ticks in user mode.
    pub(crate) user_ticks: u64,
    /// Clock ticks in the kernel.
    pub(crate) kernel_ticks: u64,
    /// How often a thread gave its core away to wait for something.
    pub(crate) switches: u64,
}

impl Usage {
    fn add_thread(&mut self, task: &Path) {
        let read = |name| fs::read_to_string(task.join(name)).unwrap_or_default();
        let stat = read("stat");
        // The name of the thread, in brackets, may hold anything: fields count from its end.
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

/// How often a thread has been without a core.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Switches {
    /// Another thread got its core while it was ready to run. So it looks, too, when it gives way to others while a lock
    /// is held by somebody else.
    pub lost: u64,
    /// It slept.
    pub slept: u64,
}

impl Switches {
    /// Those of the thread that asks; the reading takes some microseconds.
    #[must_use]
    pub fn of_this_thread() -> Self {
        let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
        Self {
            lost: field(&status, "nonvoluntary_ctxt_switches:").map_or(0, number),
            slept: field(&status, "voluntary_ctxt_switches:").map_or(0, number),
        }
    }
}

/// CPU time of this process, in nanoseconds.
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
    fn this_process_uses_memory_and_time() {
        let this = ServerProcess(Some(std::process::id()));
        assert!(this.resident() > 100 * 1024);
        let before = (this.usage().running, own_cpu());
        // Enough work that the clock must have moved; the scheduler's own count may lag by a tick.
        let busy = std::hint::black_box((0..3_000_000_u64).fold(1, |a, b| a ^ (b * 31)));
        assert!(own_cpu() > before.1, "{busy}");
        assert!(this.usage().running >= before.0);
    }

    #[test]
    fn what_clients_within_a_process_use_is_not_the_servers() {
        let used = || {
            let mut usage = Usage::default();
            usage.add_thread(Path::new("/proc/thread-self"));
            usage.running
        };
        let spawned = |name: &str| {
            let thread = std::thread::Builder::new().name(name.to_owned());
            let busy = move || {
                std::hint::black_box((0..3_000_000_u64).fold(1, |a, b| a ^ (b * 31)));
                // What has been used is told when the thread gives its core away.
                std::thread::yield_now();
                used()
            };
            thread.spawn(busy).unwrap().join().unwrap()
        };
        assert_eq!(spawned(INNER_CLIENTS), 0);
        assert!(spawned("server") > 0);
    }

    #[test]
    fn who_sleeps_is_switched() {
        let before = Switches::of_this_thread();
        std::thread::spawn(|| {}).join().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(1));
        assert!(Switches::of_this_thread().slept > before.slept);
    }

    #[test]
    fn no_process_uses_nothing() {
        assert_eq!(ServerProcess(None).resident(), 0);
        assert_eq!(ServerProcess(None).usage().running, 0);
    }
}

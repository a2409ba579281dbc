//! The window of time of a measurement.

use crate::clock::now;
use crate::process::{ServerProcess, Usage, own_cpu};
use crate::report::Report;

/// Readings at the start of a window.
pub(crate) struct Window {
    server: ServerProcess,
    started: u64,
    usage: Usage,
    own_cpu: u64,
    done: u64,
}

impl Window {
    /// Opens a window after `done` operations.
    pub(crate) fn open(server: ServerProcess, done: u64) -> Self {
        // The clock is read last, because reading the server's threads takes time.
        Self {
            server,
            usage: server.usage(),
            own_cpu: own_cpu(),
            done,
            started: now(),
        }
    }

    /// Returns the CPU time of the server so far, in nanoseconds.
    pub(crate) fn server_cpu(&self) -> u64 {
        self.server
            .usage()
            .running
            .saturating_sub(self.usage.running)
    }

    /// Closes the window after `done` operations.
    pub(crate) fn close(&self, done: u64) -> Report {
        let elapsed = (now() - self.started).max(1) as f64;
        let own_cpu = own_cpu().saturating_sub(self.own_cpu) as f64;
        let usage = self.server.usage();
        let operations = done - self.done;
        let per_operation = 1.0 / operations.max(1) as f64;
        let grown = |read: fn(&Usage) -> u64| read(&usage).saturating_sub(read(&self.usage)) as f64;
        let running = grown(|usage| usage.running);
        let (user, kernel) = (
            grown(|usage| usage.user_ticks),
            grown(|usage| usage.kernel_ticks),
        );
        Report::default()
            .count("ops", operations)
            .figure("elapsed_s", elapsed / 1e9)
            .figure("ops_per_s", operations as f64 * 1e9 / elapsed)
            .figure("server_cpu_us_per_op", running / 1e3 * per_operation)
            .figure("server_busy", running / elapsed)
            .figure("server_user_frac", user / (user + kernel).max(1.0))
            .figure("server_runq_wait", grown(|usage| usage.waiting) / elapsed)
            .figure(
                "server_vcsw_per_op",
                grown(|usage| usage.switches) * per_operation,
            )
            .figure("loadgen_cpu_us_per_op", own_cpu / 1e3 * per_operation)
    }
}

//! The limits of the operating system for this process.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit of open files, and the hard limit if permitted.
pub(crate) fn allow_open_files(wanted: u64) {
    let limit = getrlimit(Resource::Nofile);
    let enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= wanted);
    if enough(limit.current) {
        return;
    }
    let hard = if enough(limit.maximum) {
        limit.maximum
    } else {
        Some(wanted)
    };
    let raised = Rlimit {
        current: Some(wanted),
        maximum: hard,
    };
    if setrlimit(Resource::Nofile, raised).is_err() {
        let most = Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        };
        if setrlimit(Resource::Nofile, most).is_err() || !enough(limit.maximum) {
            eprintln!(
                "loadgen: {wanted} open files are needed; raise the limit with `ulimit -n {wanted}`"
            );
        }
    }
}

//! The maximum number of connections of a process: each is an open file.

use super::plan::spaced;
use crate::command::{program, read};

/// The wanted limit of open files: enough for 100 000 connections.
const WANTED: usize = 110_000;
/// Files that a process needs beside its connections.
const SPARE: usize = 200;

/// Returns the shell command that raises the limit of open files as far as possible.
pub(super) fn raise_limit() -> String {
    format!("ulimit -n {WANTED} 2>/dev/null || ulimit -n \"$(ulimit -H -n)\"")
}

/// Returns the maximum number of connections of a process on this machine.
pub(super) fn most_connections() -> usize {
    let script = format!("{}; ulimit -n", raise_limit());
    let limit = read(program("sh").args(["-c", &script])).unwrap_or_default();
    connections(limit.trim())
}

/// Returns the reason why scenarios are smaller than intended, with the remedy.
pub(super) fn shortage(most: usize, largest: usize) -> Option<String> {
    (most < largest).then(|| {
        format!(
            "A process may open {} files here, so no scenario has more than {} connections; for {} the hard limit \
             must be {WANTED} (`LimitNOFILE`, `/etc/security/limits.conf`).",
            spaced(most + SPARE),
            spaced(most),
            spaced(largest),
        )
    })
}

fn connections(limit: &str) -> usize {
    match limit {
        "unlimited" => WANTED,
        limit => limit.parse().unwrap_or(1024),
    }
    .min(WANTED)
    .saturating_sub(SPARE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_connection_is_an_open_file() {
        let most = ["20000", "unlimited", "1048576", "", "100"].map(connections);
        assert_eq!(most, [19_800, 109_800, 109_800, 824, 0]);
        assert!(most_connections() > 0);
    }

    #[test]
    fn a_low_limit_is_reported() {
        let text = shortage(19_800, 100_000).unwrap();
        assert!(
            text.starts_with("A process may open 20 000 files here"),
            "{text}"
        );
        assert_eq!(shortage(109_800, 101_000), None);
    }
}

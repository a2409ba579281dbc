//! How many connections a process may have: each is an open file.

use super::plan::spaced;
use crate::command::{program, read};

/// Files that server and generator may open: 100 000 connections and more.
const WANTED: usize = 110_000;
/// Files beside the connections.
const SPARE: usize = 200;

/// Raises the limit as far as it goes.
pub(super) fn raise_limit() -> String {
    format!("ulimit -n {WANTED} 2>/dev/null || ulimit -n \"$(ulimit -H -n)\"")
}

/// How many connections a process can have on this machine.
pub(super) fn most_connections() -> usize {
    let script = format!("{}; ulimit -n", raise_limit());
    let limit = read(program("sh").args(["-c", &script])).unwrap_or_default();
    connections(limit.trim())
}

/// What keeps scenarios small, and what to do about it.
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
    fn connections_are_files() {
        let most = ["20000", "unlimited", "1048576", "", "100"].map(connections);
        assert_eq!(most, [19_800, 109_800, 109_800, 824, 0]);
        assert!(most_connections() > 0);
    }

    #[test]
    fn what_is_missing_is_told() {
        let told = shortage(19_800, 100_000).unwrap();
        assert!(
            told.starts_with("A process may open 20 000 files here"),
            "{told}"
        );
        assert_eq!(shortage(109_800, 101_000), None);
    }
}

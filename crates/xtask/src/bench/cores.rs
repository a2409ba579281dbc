//! Two cores: one for the server, one for the generator.

use std::fs;

use crate::command::is_there;
use crate::failure::Failure;

/// The cores that this process may use, the first two of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Cores {
    pub(super) server: u32,
    pub(super) generator: u32,
}

impl Cores {
    pub(super) fn available() -> Result<Self, Failure> {
        if !is_there("taskset") {
            return Err(Failure::new(
                "`taskset` pins the servers to a core; install util-linux",
            ));
        }
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let list = status
            .lines()
            .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        Self::first_two(list.unwrap_or_default()).ok_or_else(|| {
            Failure::new("server and generator need a core each; use a machine with two or more")
        })
    }

    /// The first two of a list like `0,4-7`.
    fn first_two(list: &str) -> Option<Self> {
        let mut cores = list.trim().split(',').flat_map(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            match (first.parse::<u32>(), last.parse::<u32>()) {
                (Ok(first), Ok(last)) => first..last.saturating_add(1),
                _ => 0..0,
            }
        });
        Some(Self {
            server: cores.next()?,
            generator: cores.next()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_two_cores_of_a_list() {
        let cores = |server, generator| Some(Cores { server, generator });
        assert_eq!(Cores::first_two("\t0-1\n"), cores(0, 1));
        assert_eq!(Cores::first_two("3,6-9"), cores(3, 6));
        assert_eq!(Cores::first_two("5"), None);
        assert_eq!(Cores::first_two(""), None);
    }
}

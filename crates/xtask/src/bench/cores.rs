//! The cores of a measurement: one for the server, one for the generator, and a third if available.

use std::fs;

use crate::command::is_there;
use crate::failure::Failure;

/// The first three cores that this process may use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Cores {
    pub(super) server: u32,
    pub(super) generator: u32,
    pub(super) third: Option<u32>,
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
        Self::first(list.unwrap_or_default()).ok_or_else(|| {
            Failure::new("server and generator need one core each; use a machine with at least two")
        })
    }

    /// Returns the cores of a server with two cores, and the core of the generator. Without a third core,
    /// the generator shares the second one.
    pub(super) fn server_with_two(self) -> (String, u32) {
        let list = format!("{},{}", self.server, self.generator);
        (list, self.third.unwrap_or(self.generator))
    }

    /// Returns the first cores of a list like `0,4-7`.
    fn first(list: &str) -> Option<Self> {
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
            third: cores.next(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_cores_is_parsed() {
        let cores = |server, generator, third| {
            Some(Cores {
                server,
                generator,
                third,
            })
        };
        assert_eq!(Cores::first("\t0-1\n"), cores(0, 1, None));
        assert_eq!(Cores::first("3,6-9"), cores(3, 6, Some(7)));
        assert_eq!(Cores::first("5"), None);
        assert_eq!(Cores::first(""), None);
    }

    #[test]
    fn a_server_with_two_cores_shares_one_without_a_third() {
        let two = |list| Cores::first(list).unwrap().server_with_two();
        assert_eq!(two("0-1"), ("0,1".to_owned(), 1));
        assert_eq!(two("0-7"), ("0,1".to_owned(), 2));
    }
}

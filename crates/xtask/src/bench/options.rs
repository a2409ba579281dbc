//! The arguments of `cargo xtask bench`.

use super::plan::{self, Scenario};
use super::scale;
use crate::failure::Failure;

/// The parsed arguments.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) rounds: usize,
    pub(super) quick: bool,
    /// Measures the costs that depend on the number of connections, instead of comparing servers.
    pub(super) scale: bool,
    pub(super) write: bool,
    /// The cost of a build, instead of the comparison.
    pub(super) build: bool,
    only: Vec<String>,
}

impl Options {
    pub(super) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mut options = Self {
            rounds: 5,
            quick: false,
            scale: false,
            write: false,
            build: false,
            only: Vec::new(),
        };
        while let Some(name) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .ok_or_else(|| Failure::new(format!("{name} needs a value")))
            };
            match name.as_str() {
                "--build" => options.build = true,
                "--quick" => options.quick = true,
                "--scale" => options.scale = true,
                "--write" => options.write = true,
                "--rounds" => {
                    let value = value()?;
                    let rounds = value.parse().ok().filter(|rounds| *rounds > 0);
                    options.rounds = rounds.ok_or_else(|| {
                        Failure::new(format!("--rounds needs a number from 1 up, not `{value}`"))
                    })?;
                }
                "--only" => options.only = value()?.split(',').map(str::to_owned).collect(),
                _ => {
                    return Err(Failure::new(format!(
                        "unknown argument `{name}`; see `cargo xtask`"
                    )));
                }
            }
        }
        for name in &options.only {
            if !options.all().any(|scenario| scenario.is_named(name)) {
                let names: Vec<_> = options.all().map(|scenario| scenario.key).collect();
                let names = names.join(", ");
                return Err(Failure::new(format!(
                    "unknown scenario `{name}`; choose from {names}"
                )));
            }
        }
        if options.write && !options.only.is_empty() {
            return Err(Failure::new("--write needs the whole table; omit --only"));
        }
        Ok(options)
    }

    /// Returns the selected scenarios.
    pub(super) fn scenarios(&self) -> impl Iterator<Item = &'static Scenario> {
        self.all().filter(|scenario| self.wants(scenario))
    }

    /// Returns whether a scenario is selected.
    pub(super) fn wants(&self, scenario: &Scenario) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| scenario.is_named(name))
    }

    fn all(&self) -> impl Iterator<Item = &'static Scenario> + use<> {
        let lists: &[&[Scenario]] = if self.scale {
            scale::LISTS
        } else {
            &[plan::SCENARIOS]
        };
        lists.iter().copied().flatten()
    }

    /// Returns the durations for the generator.
    pub(super) fn times(&self) -> [&'static str; 6] {
        if self.quick {
            ["--secs", "1", "--warmup", "0.5", "--settle", "0.5"]
        } else {
            ["--secs", "3", "--warmup", "1", "--settle", "1"]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, Failure> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    fn keys(line: &str) -> Vec<&'static str> {
        parse(line)
            .unwrap()
            .scenarios()
            .map(|scenario| scenario.key)
            .collect()
    }

    #[test]
    fn scenarios_are_selected_by_key_or_kind() {
        assert_eq!(
            keys("--only echo,broadcast"),
            ["echo-1", "echo-16", "broadcast"]
        );
        assert_eq!(keys("--only echo-16"), ["echo-16"]);
        assert_eq!(keys("--only memory"), ["connect"]);
        assert_eq!(keys("").len(), plan::SCENARIOS.len());
        assert_eq!(keys("--scale --only idle"), ["idle"]);
        assert_eq!(
            keys("--scale --only memory-rooms,idle"),
            ["idle", "memory-rooms"]
        );
        assert!(parse("--only idle").is_err());
    }

    #[test]
    fn invalid_arguments_are_rejected() {
        for line in [
            "--rounds",
            "--rounds 0",
            "--rounds x",
            "--only nothing",
            "--fast",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn an_incomplete_table_is_not_written() {
        assert!(parse("--write --quick").is_ok());
        assert!(parse("--write --only echo").is_err());
        assert!(parse("--write --rounds 7").is_ok());
    }
}

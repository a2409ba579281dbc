//! What has become of the figures.

use std::collections::BTreeMap;
use std::fmt;

use super::{Baseline, Counted};

/// How much more instructions something may take than was accepted, in percent.
///
/// Two runs differ by less than one percent.
pub const TOLERANCE_PERCENT: f64 = 5.0;

/// New figures beside those that were accepted.
#[derive(Clone, Debug)]
pub struct Comparison {
    rows: Vec<Row>,
    /// What the accepted figures were made with, and what the new ones.
    environments: (String, String),
}

#[derive(Clone, Debug)]
struct Row {
    name: &'static str,
    now: u64,
    before: Option<u64>,
}

impl Row {
    /// How much more it is than before, in percent; less if negative.
    fn change(&self) -> Option<f64> {
        let before = self.before? as f64;
        Some((self.now as f64 - before) * 100.0 / before.max(1.0))
    }

    fn is_dearer(&self) -> bool {
        self.change()
            .is_some_and(|change| change > TOLERANCE_PERCENT)
    }

    fn is_cheaper(&self) -> bool {
        self.change()
            .is_some_and(|change| change < -TOLERANCE_PERCENT)
    }
}

impl Comparison {
    /// Compares figures, which were made in this environment, with those that were accepted. What was not counted is
    /// left out.
    #[must_use]
    pub fn new(
        catalogue: &[Counted],
        figures: &BTreeMap<String, u64>,
        environment: &str,
        accepted: &Baseline,
    ) -> Self {
        let row = |counted: &Counted| {
            Some(Row {
                name: counted.name,
                now: *figures.get(counted.name)?,
                before: accepted.figures.get(counted.name).copied(),
            })
        };
        Self {
            rows: catalogue.iter().filter_map(row).collect(),
            environments: (accepted.environment.clone(), environment.to_owned()),
        }
    }

    /// Whether something takes more than [`TOLERANCE_PERCENT`] more instructions than was accepted. BTreeMap<String, u64> that were
    /// made in different environments say nothing about that.
    #[must_use]
    pub fn is_worse(&self) -> bool {
        self.is_fair() && self.rows.iter().any(Row::is_dearer)
    }

    fn is_fair(&self) -> bool {
        self.environments.0 == self.environments.1
    }
}

/// The table, and what is to be said about it.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<32} {:>10} {:>10}",
            "instructions per operation", "now", "accepted"
        )?;
        for row in &self.rows {
            write!(f, "{:<32} {:>10}", row.name, row.now)?;
            match (row.before, row.change()) {
                (Some(before), Some(change)) => writeln!(f, " {before:>10} {change:>+7.1} %")?,
                _ => writeln!(f, " {:>10}", "-")?,
            }
        }
        if !self.is_fair() {
            return writeln!(
                f,
                "\nThe accepted figures were made with\n  {}\nand these with\n  {}\nThat may explain every difference, so \
                 they are shown but not judged.",
                self.environments.0, self.environments.1
            );
        }
        if self.rows.iter().any(|row| row.before.is_none()) {
            writeln!(
                f,
                "\nWhat has no accepted figure is not judged. To accept: INSTRUCTIONS=accept cargo bench"
            )?;
        }
        if self.is_worse() {
            writeln!(f, "\nMore expensive by over {TOLERANCE_PERCENT} %:")?;
            for row in self.rows.iter().filter(|row| row.is_dearer()) {
                writeln!(f, "  {}", row.name)?;
            }
            writeln!(
                f,
                "Find out why with `callgrind_annotate` and the files below target/gungraun; those of the run before end in \
                 `.old`. If it is worth it, accept the new figures: INSTRUCTIONS=accept cargo bench"
            )?;
        } else if self.rows.iter().any(Row::is_cheaper) {
            writeln!(
                f,
                "\nSome things are cheaper by over {TOLERANCE_PERCENT} %. So that they stay so, accept the new figures: \
                 INSTRUCTIONS=accept cargo bench"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CATALOGUE: &[Counted] = &[
        Counted::new("events/echo", 1, "an echo"),
        Counted::new("events/ack", 1, "an acknowledgement"),
    ];

    fn figures(echo: u64, ack: u64) -> BTreeMap<String, u64> {
        [("events/echo", echo), ("events/ack", ack)]
            .map(|(name, figure)| (name.to_owned(), figure))
            .into()
    }

    fn compared(now: &BTreeMap<String, u64>) -> Comparison {
        let accepted = Baseline {
            environment: "this".to_owned(),
            figures: figures(1000, 2000),
        };
        Comparison::new(CATALOGUE, now, "this", &accepted)
    }

    #[test]
    fn five_percent_more_are_borne() {
        let comparison = compared(&figures(1050, 2100));
        assert!(!comparison.is_worse(), "{comparison}");
    }

    #[test]
    fn more_than_that_is_worse_and_told() {
        let comparison = compared(&figures(1000, 2101));
        assert!(comparison.is_worse());
        let told = comparison.to_string();
        let (_, culprits) = told.split_once("More expensive").unwrap();
        assert!(
            culprits.contains("events/ack") && !culprits.contains("events/echo"),
            "{told}"
        );
        assert!(
            told.trim_end().ends_with("INSTRUCTIONS=accept cargo bench"),
            "{told}"
        );
    }

    #[test]
    fn what_is_cheaper_should_be_accepted() {
        let comparison = compared(&figures(900, 2000));
        assert!(!comparison.is_worse());
        assert!(comparison.to_string().contains("cheaper"), "{comparison}");
    }

    #[test]
    fn figures_of_another_environment_are_not_judged() {
        let accepted = Baseline {
            environment: "that".to_owned(),
            figures: figures(1, 1),
        };
        let comparison = Comparison::new(CATALOGUE, &figures(1000, 2000), "this", &accepted);
        assert!(!comparison.is_worse());
        assert!(
            comparison.to_string().contains("not judged"),
            "{comparison}"
        );
    }

    #[test]
    fn what_was_not_counted_or_not_accepted_is_no_fault() {
        let comparison = compared(&BTreeMap::from([("events/echo".to_owned(), 1000)]));
        assert!(!comparison.is_worse());
        assert!(
            !comparison.to_string().contains("events/ack"),
            "{comparison}"
        );

        let unknown = Baseline {
            environment: "this".to_owned(),
            ..Baseline::default()
        };
        let comparison = Comparison::new(CATALOGUE, &figures(1, 1), "this", &unknown);
        assert!(!comparison.is_worse());
        assert!(
            comparison.to_string().contains("no accepted figure"),
            "{comparison}"
        );
    }
}

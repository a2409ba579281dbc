//! The comparison of new figures with the accepted ones.

use std::collections::BTreeMap;
use std::fmt;

use super::{Baseline, Counted};

/// The tolerated increase over the accepted figure, in percent. Two runs differ by less than one percent.
pub const TOLERANCE_PERCENT: f64 = 5.0;

/// New figures beside the accepted ones.
#[derive(Clone, Debug)]
pub struct Comparison {
    rows: Vec<Row>,
    /// The environments of the accepted and of the new figures.
    environments: (String, String),
}

#[derive(Clone, Debug)]
struct Row {
    name: &'static str,
    now: u64,
    before: Option<u64>,
}

impl Row {
    /// Returns the increase in percent; negative if the figure is lower.
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
    /// Compares figures of this environment with the accepted ones. Entries without a new figure are
    /// omitted.
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

    /// Returns whether a figure exceeds the accepted one by more than [`TOLERANCE_PERCENT`]. Figures of
    /// different environments are not compared.
    #[must_use]
    pub fn is_worse(&self) -> bool {
        self.is_fair() && self.rows.iter().any(Row::is_dearer)
    }

    fn is_fair(&self) -> bool {
        self.environments.0 == self.environments.1
    }
}

/// Writes the table and the verdict.
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
                "\nThe environment differs, so the figures are not compared. Accepted figures:\n  {}\nThese figures:\n  {}",
                self.environments.0, self.environments.1
            );
        }
        if self.rows.iter().any(|row| row.before.is_none()) {
            writeln!(
                f,
                "\nEntries without an accepted figure are not compared. To accept: INSTRUCTIONS=accept cargo bench"
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
    fn an_increase_of_five_percent_is_tolerated() {
        let comparison = compared(&figures(1050, 2100));
        assert!(!comparison.is_worse(), "{comparison}");
    }

    #[test]
    fn an_increase_above_the_tolerance_is_reported() {
        let comparison = compared(&figures(1000, 2101));
        assert!(comparison.is_worse());
        let text = comparison.to_string();
        let (_, culprits) = text.split_once("More expensive").unwrap();
        assert!(
            culprits.contains("events/ack") && !culprits.contains("events/echo"),
            "{text}"
        );
        assert!(
            text.trim_end().ends_with("INSTRUCTIONS=accept cargo bench"),
            "{text}"
        );
    }

    #[test]
    fn a_decrease_should_be_accepted() {
        let comparison = compared(&figures(900, 2000));
        assert!(!comparison.is_worse());
        assert!(comparison.to_string().contains("cheaper"), "{comparison}");
    }

    #[test]
    fn figures_of_another_environment_are_not_compared() {
        let accepted = Baseline {
            environment: "that".to_owned(),
            figures: figures(1, 1),
        };
        let comparison = Comparison::new(CATALOGUE, &figures(1000, 2000), "this", &accepted);
        assert!(!comparison.is_worse());
        assert!(
            comparison.to_string().contains("not compared"),
            "{comparison}"
        );
    }

    #[test]
    fn missing_figures_are_no_fault() {
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
            comparison
                .to_string()
                .contains("without an accepted figure"),
            "{comparison}"
        );
    }
}

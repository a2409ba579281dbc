//! The file of accepted figures.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::{self, Write as _};

const HEAD: &str = "\
# The accepted instructions per operation. `cargo bench` compares new counts with them.
# docs/PERFORMANCE.md describes the operations. To accept new counts: INSTRUCTIONS=accept cargo bench
";
/// The text before the environment.
const MADE_WITH: &str = "made with: ";

/// The accepted figures and the environment in which they were measured.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Baseline {
    /// The compiler and the system, as [`environment`](super::environment) returns them.
    pub environment: String,
    /// The instructions per operation, by the name of the entry.
    pub figures: BTreeMap<String, u64>,
}

impl Baseline {
    /// Parses the file.
    ///
    /// # Errors
    ///
    /// With the first invalid line.
    pub fn parse(text: &str) -> Result<Self, InvalidBaseline> {
        let mut baseline = Self::default();
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(environment) = line.strip_prefix(MADE_WITH) {
                baseline.environment = environment.to_owned();
                continue;
            }
            let figure = line.split_once(' ');
            let figure =
                figure.and_then(|(name, figure)| Some((name, figure.trim().parse().ok()?)));
            let Some((name, figure)) = figure else {
                return Err(InvalidBaseline {
                    line: line.to_owned(),
                });
            };
            baseline.figures.insert(name.to_owned(), figure);
        }
        Ok(baseline)
    }
}

/// Writes the text of the file.
impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = format!("{HEAD}\n{MADE_WITH}{}\n\n", self.environment);
        for (name, figure) in &self.figures {
            writeln!(text, "{name:<32} {figure:>8}")?;
        }
        f.write_str(&text)
    }
}

/// The error of an invalid line in the file of accepted figures.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InvalidBaseline {
    line: String,
}

impl fmt::Display for InvalidBaseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the accepted figures have the line {:?}, which is not a name and a number; accept new ones: \
             INSTRUCTIONS=accept cargo bench",
            self.line
        )
    }
}

impl Error for InvalidBaseline {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_file_can_be_parsed() {
        let figures = [("decode/string", 1733), ("events/echo", 10_054)];
        let baseline = Baseline {
            environment: "rustc 1.95.0, glibc 2.36".to_owned(),
            figures: figures
                .map(|(name, figure)| (name.to_owned(), figure))
                .into(),
        };
        assert_eq!(Baseline::parse(&baseline.to_string()), Ok(baseline));
    }

    #[test]
    fn an_invalid_line_is_reported() {
        for line in ["events/echo", "events/echo many", "events/echo -1"] {
            let error = Baseline::parse(line).unwrap_err().to_string();
            assert!(
                error.contains(line) && error.ends_with("cargo bench"),
                "{error}"
            );
        }
    }
}

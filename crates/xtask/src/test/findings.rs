//! The violations that a check has found.

use std::fmt;

use crate::failure::Failure;

/// A violation of a rule, with the remedy.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Finding {
    path: String,
    /// The number of the line, from 1; 0 if the whole file or folder is concerned.
    line: usize,
    text: String,
}

impl Finding {
    pub(super) fn new(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            text: text.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.text),
            line => write!(f, "{}:{line}: {}", self.path, self.text),
        }
    }
}

/// Fails if there is a finding.
///
/// # Errors
/// With all findings, ordered by file and line.
pub(super) fn none(mut findings: Vec<Finding>) -> Result<(), Failure> {
    if findings.is_empty() {
        return Ok(());
    }
    findings.sort();
    findings.dedup();
    let lines: Vec<_> = findings.iter().map(Finding::to_string).collect();
    Err(Failure::new(lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_listed_once_and_in_order() {
        assert!(none(Vec::new()).is_ok());
        let finding = |line| Finding::new("a.rs", line, "too long; split it");
        let failure = none(vec![finding(10), finding(9), finding(0), finding(9)]).unwrap_err();
        let expected =
            "a.rs: too long; split it\na.rs:9: too long; split it\na.rs:10: too long; split it";
        assert_eq!(failure.to_string(), expected);
    }
}

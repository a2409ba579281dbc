//! The tools and packages that could not be installed.

use std::fmt;

/// The tools and packages that could not be installed.
#[derive(Debug, Default)]
pub(crate) struct Report(Vec<Missing>);

impl Report {
    /// Returns whether something is missing for the tests with real clients.
    pub(crate) fn clients_are_incomplete(&self) -> bool {
        self.0.iter().any(|missing| missing.clients)
    }

    pub(crate) fn lacks(&self, what: &str) -> bool {
        self.0.iter().any(|missing| missing.what == what)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn tool(&mut self, what: impl Into<String>, why: impl fmt::Display) {
        self.note(what.into(), &why.to_string(), false);
    }

    pub(super) fn client(&mut self, what: impl Into<String>, why: impl fmt::Display) {
        self.note(what.into(), &why.to_string(), true);
    }

    fn note(&mut self, what: String, why: &str, clients: bool) {
        println!("   not installed: {what}");
        self.0.push(Missing {
            what,
            why: why.to_owned(),
            clients,
        });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for missing in &self.0 {
            writeln!(
                f,
                "  {}: {}",
                missing.what,
                missing.why.replace('\n', "\n      ")
            )?;
        }
        Ok(())
    }
}

/// A tool or package that could not be installed.
#[derive(Debug)]
struct Missing {
    what: String,
    why: String,
    /// Whether tests with real clients need it.
    clients: bool,
}

//! Instruction counts: what is counted, what it was before, and what has become of it.
//!
//! The counting itself is in `benches/instructions`; what the figures mean is told in `docs/PERFORMANCE.md`.

mod baseline;
mod callgrind;
mod comparison;
mod document;
mod environment;

pub use self::baseline::{Baseline, InvalidBaseline};
pub use self::callgrind::read_counts;
pub use self::comparison::{Comparison, TOLERANCE_PERCENT};
pub use self::document::{replace_table, table};
pub use self::environment::environment;

/// Something that is counted.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    /// Its group and its name in it, with a slash between.
    pub name: &'static str,
    /// How many operations one run of it is.
    pub operations: u64,
    /// What one operation is.
    pub what: &'static str,
}

impl Counted {
    /// Something that is counted, one run of which is so many operations.
    #[must_use]
    pub const fn new(name: &'static str, operations: usize, what: &'static str) -> Self {
        Self {
            name,
            operations: operations as u64,
            what,
        }
    }

    /// Instructions per operation, of those of one run, rounded.
    #[must_use]
    pub fn per_operation(&self, instructions: u64) -> u64 {
        let operations = self.operations.max(1);
        instructions.saturating_add(operations / 2) / operations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_rounded() {
        let counted = Counted::new("events/echo", 64, "an echo");
        assert_eq!(counted.per_operation(64 * 100 + 31), 100);
        assert_eq!(counted.per_operation(64 * 100 + 32), 101);
        assert_eq!(counted.per_operation(0), 0);
    }
}

//! Instruction counts: their catalogue, the accepted figures and the comparison.
//!
//! The benchmark in `benches/instructions` counts. `docs/PERFORMANCE.md` explains the figures.

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

/// An entry of the catalogue: an operation whose instructions are counted.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    /// The group and the name, as `group/name`.
    pub name: &'static str,
    /// The number of operations in one run.
    pub operations: u64,
    /// The description of one operation.
    pub what: &'static str,
}

impl Counted {
    /// Creates an entry with this number of operations in one run.
    #[must_use]
    pub const fn new(name: &'static str, operations: usize, what: &'static str) -> Self {
        Self {
            name,
            operations: operations as u64,
            what,
        }
    }

    /// Returns the instructions per operation from those of one run, rounded.
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

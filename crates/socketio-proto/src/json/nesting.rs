//! The stack of arrays and objects around a position.

const BITS: usize = u64::BITS as usize;

/// The arrays and objects around a position, one bit each. Up to 64 levels need no allocation.
#[derive(Debug, Default)]
pub(crate) struct Nesting {
    /// The innermost 64 levels, the innermost in the lowest bit; 1 is an object.
    inner: u64,
    outer: Vec<u64>,
    depth: usize,
}

/// A level of nesting.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Container {
    Array,
    Object,
}

impl Nesting {
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    pub(crate) fn innermost(&self) -> Option<Container> {
        match (self.depth, self.inner & 1) {
            (0, _) => None,
            (_, 0) => Some(Container::Array),
            _ => Some(Container::Object),
        }
    }

    pub(crate) fn enter(&mut self, container: Container) {
        if self.depth.is_multiple_of(BITS) && self.depth > 0 {
            self.outer.push(self.inner);
        }
        self.inner = self.inner << 1 | u64::from(container == Container::Object);
        self.depth = self.depth.saturating_add(1);
    }

    pub(crate) fn leave(&mut self) {
        self.inner >>= 1;
        self.depth = self.depth.saturating_sub(1);
        if self.depth.is_multiple_of(BITS) && self.depth > 0 {
            self.inner = self.outer.pop().unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_nesting_behaves_like_a_stack(
            steps in vec(prop_oneof![3 => any::<bool>().prop_map(Some), 2 => Just(None)], 0..600),
        ) {
            let mut nesting = Nesting::default();
            let mut stack = Vec::new();
            for step in steps {
                match step {
                    Some(true) => { nesting.enter(Container::Object); stack.push(Container::Object) }
                    Some(false) => { nesting.enter(Container::Array); stack.push(Container::Array) }
                    None if stack.is_empty() => {}
                    None => { nesting.leave(); stack.pop(); }
                }
                prop_assert_eq!(nesting.innermost(), stack.last().copied());
                prop_assert_eq!(nesting.depth(), stack.len());
            }
        }
    }
}

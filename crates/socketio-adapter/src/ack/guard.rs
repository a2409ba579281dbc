//! What ends when nobody waits for acknowledgements any more.

use std::fmt;

/// Takes back, when it is dropped, what was laid in wait for acknowledgements.
///
/// It is dropped with the [`Answers`](crate::Answers), by the task that waits for them, and never by
/// one that hands in an answer: it may take the locks that are held there.
#[must_use = "a guard that is dropped takes the pending acknowledgements back"]
pub struct AckGuard {
    take_back: Option<Box<dyn FnOnce() + Send>>,
}

impl AckGuard {
    /// Returns a guard that calls `take_back` when it is dropped.
    pub fn new(take_back: impl FnOnce() + Send + 'static) -> Self {
        Self {
            take_back: Some(Box::new(take_back)),
        }
    }

    /// Returns a guard that has nothing to take back.
    pub fn nothing() -> Self {
        Self { take_back: None }
    }
}

impl Drop for AckGuard {
    fn drop(&mut self) {
        if let Some(take_back) = self.take_back.take() {
            take_back();
        }
    }
}

impl fmt::Debug for AckGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AckGuard").finish_non_exhaustive()
    }
}

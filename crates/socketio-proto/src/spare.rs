//! Thread-local values that are reused instead of being allocated again.

use std::cell::Cell;
use std::thread::LocalKey;

/// A slot of a thread that holds a reusable value.
///
/// A value is moved out of the slot for as long as it is used. A thread that is ending has no slots:
/// there, values start as the default and are dropped.
pub(crate) struct Spare<T>(Cell<T>);

impl<T> Spare<T> {
    /// Creates a slot that holds `value`.
    pub(crate) const fn new(value: T) -> Self {
        Self(Cell::new(value))
    }

    /// Stores `value` in the slot and drops the previous value.
    #[inline]
    pub(crate) fn put(slot: &'static LocalKey<Self>, value: T) {
        slot.try_with(|slot| slot.0.set(value)).ok();
    }
}

impl<T: Default> Spare<T> {
    /// Moves the value out of the slot and leaves the default value there.
    #[inline]
    pub(crate) fn take(slot: &'static LocalKey<Self>) -> T {
        slot.try_with(|slot| slot.0.take()).unwrap_or_default()
    }
}

//! Thread-local values that are reused instead of being allocated again.

use std::{cell::Cell, fmt, thread::LocalKey};

/// A slot of a thread that holds a reusable value: a buffer, or a pool of contexts.
///
/// Declare it with [`thread_local!`]. A value is moved out of the slot for as long as it is used, so that
/// code which runs meanwhile on the same thread finds the default value and never a borrowed one. A thread
/// that is ending has no slots: there, values start as the default and are dropped.
///
/// # Examples
///
/// ```
/// use engineio_proto::Spare;
///
/// thread_local! {
///     static BUFFER: Spare<Vec<u8>> = const { Spare::new(Vec::new()) };
/// }
///
/// let mut buffer = Spare::take(&BUFFER);
/// buffer.extend_from_slice(b"payload");
/// buffer.clear();
/// Spare::put(&BUFFER, buffer);
/// assert!(Spare::with(&BUFFER, |buffer| buffer.capacity()) >= 7);
/// ```
#[derive(Default)]
pub struct Spare<T>(Cell<T>);

impl<T> Spare<T> {
    /// Creates a slot that holds `value`.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self(Cell::new(value))
    }

    /// Stores `value` in the slot and drops the previous value.
    #[inline]
    pub fn put(slot: &'static LocalKey<Self>, value: T) {
        slot.try_with(|slot| slot.0.set(value)).ok();
    }
}

impl<T: Default> Spare<T> {
    /// Moves the value out of the slot and leaves the default value there.
    #[must_use]
    #[inline]
    pub fn take(slot: &'static LocalKey<Self>) -> T {
        slot.try_with(|slot| slot.0.take()).unwrap_or_default()
    }

    /// Calls `use_value` with the value, stores the value again and returns the result.
    ///
    /// If `use_value` panics, the value is dropped.
    #[inline]
    pub fn with<R>(slot: &'static LocalKey<Self>, use_value: impl FnOnce(&mut T) -> R) -> R {
        let mut value = Self::take(slot);
        let result = use_value(&mut value);
        Self::put(slot, value);
        result
    }
}

impl<T> fmt::Debug for Spare<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spare").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    thread_local! {
        static BUFFER: Spare<Vec<u8>> = const { Spare::new(Vec::new()) };
    }

    #[test]
    fn a_buffer_is_reused() {
        let mut buffer = Vec::with_capacity(64);
        buffer.push(1);
        let memory = buffer.as_ptr();
        Spare::put(&BUFFER, buffer);
        Spare::with(&BUFFER, Vec::clear);
        let buffer = Spare::take(&BUFFER);
        assert_eq!((buffer.as_ptr(), buffer.len()), (memory, 0));
    }

    #[test]
    fn nested_uses_find_the_default_value() {
        Spare::put(&BUFFER, vec![1]);
        Spare::with(&BUFFER, |outer| {
            assert_eq!(Spare::take(&BUFFER), []);
            outer.push(2);
        });
        assert_eq!(Spare::take(&BUFFER), [1, 2]);
    }

    #[test]
    fn an_ending_thread_has_no_slots() {
        /// Uses the slot when the thread drops its values.
        struct AtExit;

        impl Drop for AtExit {
            fn drop(&mut self) {
                Spare::with(&BUFFER, |buffer| buffer.push(1));
                Spare::put(&BUFFER, Vec::new());
            }
        }

        thread_local! {
            static AT_EXIT: AtExit = const { AtExit };
        }

        let thread = std::thread::spawn(|| {
            AT_EXIT.with(|_| ());
            Spare::put(&BUFFER, vec![1]);
        });
        assert!(thread.join().is_ok());
    }
}

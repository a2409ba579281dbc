//! A string that is written in a reused buffer of the thread.

use std::mem;

use bytestring::ByteString;

use crate::spare::Spare;

/// The largest buffer that a thread keeps, in bytes: 4 KiB.
const MAX_LEN: usize = 4096;

thread_local! {
    /// The buffer for the next text, empty but with capacity.
    ///
    /// The length of a text is known only after it has been written. Sharing a string with spare
    /// capacity takes a second allocation, and a string without capacity reallocates while it grows.
    /// Copying a short text into an exact allocation costs a tenth of one.
    static BUFFER: Spare<String> = const { Spare::new(String::new()) };
}

/// A string whose buffer is returned to the thread when it is dropped.
#[derive(Debug)]
pub(crate) struct Scratch(String);

impl Scratch {
    /// Creates an empty string with room for about `capacity` bytes.
    pub(crate) fn new(capacity: usize) -> Self {
        if capacity > MAX_LEN {
            return Self(String::with_capacity(capacity));
        }
        // The buffer is in use if the application writes one text within another.
        let mut string = Spare::take(&BUFFER);
        string.reserve(MAX_LEN);
        Self(string)
    }

    #[inline]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    #[inline]
    pub(crate) fn as_mut_string(&mut self) -> &mut String {
        &mut self.0
    }

    /// Returns the string in an allocation that can be shared: an exact copy if it is short.
    pub(crate) fn into_shared(mut self) -> ByteString {
        if self.0.len() > MAX_LEN {
            mem::take(&mut self.0).into()
        } else {
            ByteString::from(self.0.as_str())
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // The capacity is 0 after `into_shared` has moved the string out.
        if (1..=MAX_LEN).contains(&self.0.capacity()) {
            let mut string = mem::take(&mut self.0);
            string.clear();
            Spare::put(&BUFFER, string);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept_capacity() -> usize {
        Spare::with(&BUFFER, |buffer| buffer.capacity())
    }

    #[test]
    fn a_thread_keeps_a_small_buffer() {
        for (len, kept) in [(0, MAX_LEN), (MAX_LEN, MAX_LEN), (MAX_LEN + 1, 0)] {
            drop(Spare::take(&BUFFER));
            let mut scratch = Scratch::new(0);
            scratch.as_mut_string().push_str(&"x".repeat(len));
            assert_eq!(kept_capacity(), 0, "the buffer is in use");
            drop(scratch);
            assert_eq!(kept_capacity(), kept, "{len} bytes");
        }
    }

    #[test]
    fn a_long_text_does_not_use_the_buffer() {
        drop(Scratch::new(0));
        let mut scratch = Scratch::new(MAX_LEN + 1);
        scratch.as_mut_string().push('x');
        scratch.as_mut_string().push_str(&"x".repeat(MAX_LEN));
        assert_eq!(scratch.into_shared().len(), MAX_LEN + 1);
        assert_eq!(kept_capacity(), MAX_LEN);
    }

    #[test]
    fn a_long_text_is_shared_without_a_copy() {
        let mut scratch = Scratch::new(0);
        scratch.as_mut_string().push_str(&"x".repeat(MAX_LEN + 1));
        let written = scratch.as_str().as_ptr();
        assert_eq!(scratch.into_shared().as_bytes().as_ptr(), written);
    }
}

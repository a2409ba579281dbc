//! Memory of a thread in which texts are put together.

use std::mem;

use bytestring::ByteString;

use crate::spare::Spare;

/// The longest text, in bytes, that is put together in memory of the thread: 4 KiB.
const MAX_LEN: usize = 4096;

thread_local! {
    /// Where texts are written, for their length is known only afterwards. Empty, but with room.
    ///
    /// To share a string that has room to spare takes a second allocation, and one without room
    /// grows by several. To copy what is short once it is whole costs a tenth of an allocation.
    static BUFFER: Spare<String> = const { Spare::new(String::new()) };
}

/// A string to write to, whose memory goes back to the thread.
#[derive(Debug)]
pub(crate) struct Scratch(String);

impl Scratch {
    /// An empty string. `capacity` is a guess at its bytes.
    pub(crate) fn new(capacity: usize) -> Self {
        if capacity > MAX_LEN {
            return Self(String::with_capacity(capacity));
        }
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

    /// What has been written, in as many bytes as it takes if that are few.
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
        // What holds nothing has not taken it.
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

    fn spare() -> usize {
        Spare::with(&BUFFER, |buffer| buffer.capacity())
    }

    #[test]
    fn memory_comes_back_if_it_is_little() {
        for (len, kept) in [(0, MAX_LEN), (MAX_LEN, MAX_LEN), (MAX_LEN + 1, 0)] {
            Spare::take(&BUFFER);
            let mut scratch = Scratch::new(0);
            scratch.as_mut_string().push_str(&"x".repeat(len));
            assert_eq!(spare(), 0, "it is in use");
            drop(scratch);
            assert_eq!(spare(), kept, "{len} bytes");
        }
    }

    #[test]
    fn a_long_text_leaves_it_to_others() {
        drop(Scratch::new(0));
        let mut scratch = Scratch::new(MAX_LEN + 1);
        scratch.as_mut_string().push('x');
        scratch.as_mut_string().push_str(&"x".repeat(MAX_LEN));
        assert_eq!(scratch.into_shared().len(), MAX_LEN + 1);
        assert_eq!(spare(), MAX_LEN);
    }

    #[test]
    fn what_is_long_is_not_copied() {
        let mut scratch = Scratch::new(0);
        scratch.as_mut_string().push_str(&"x".repeat(MAX_LEN + 1));
        let written = scratch.as_str().as_ptr();
        assert_eq!(scratch.into_shared().as_bytes().as_ptr(), written);
    }
}

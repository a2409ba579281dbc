//! The attachments of a packet.

use std::fmt;
use std::iter::Chain;
use std::ops::Deref;
use std::{mem, option, slice, vec};

use bytes::Bytes;

/// The attachments of a packet, in the order of their numbers.
///
/// A clone is cheap: the bytes are shared.
///
/// # Examples
///
/// ```
/// use bytes::Bytes;
/// use socketio_proto::Attachments;
///
/// let attachments = Attachments::from(vec![Bytes::from("meow"), Bytes::from("purr")]);
/// assert_eq!(attachments.len(), 2);
/// assert_eq!(attachments.into_iter().last(), Some(Bytes::from("purr")));
/// ```
#[derive(Clone)]
pub struct Attachments(Storage);

/// Most packets have no attachment, and most others one. Neither case allocates.
#[derive(Clone)]
enum Storage {
    One(Bytes),
    /// Any other number.
    Several(Vec<Bytes>),
}

impl Attachments {
    /// Creates an empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self(Storage::Several(Vec::new()))
    }

    /// Appends an attachment.
    pub(crate) fn push(&mut self, attachment: Bytes) {
        match &mut self.0 {
            Storage::Several(several) if several.is_empty() => self.0 = Storage::One(attachment),
            Storage::Several(several) => several.push(attachment),
            Storage::One(first) => {
                let both = vec![mem::take(first), attachment];
                self.0 = Storage::Several(both);
            }
        }
    }
}

impl Default for Attachments {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Attachments {
    type Target = [Bytes];

    #[inline]
    fn deref(&self) -> &[Bytes] {
        match &self.0 {
            Storage::One(attachment) => slice::from_ref(attachment),
            Storage::Several(attachments) => attachments,
        }
    }
}

impl From<Vec<Bytes>> for Attachments {
    fn from(attachments: Vec<Bytes>) -> Self {
        Self(Storage::Several(attachments))
    }
}

impl FromIterator<Bytes> for Attachments {
    fn from_iter<I: IntoIterator<Item = Bytes>>(attachments: I) -> Self {
        let mut collected = Self::new();
        for attachment in attachments {
            collected.push(attachment);
        }
        collected
    }
}

impl IntoIterator for Attachments {
    type IntoIter = Chain<option::IntoIter<Bytes>, vec::IntoIter<Bytes>>;
    type Item = Bytes;

    fn into_iter(self) -> Self::IntoIter {
        let (one, several) = match self.0 {
            Storage::One(attachment) => (Some(attachment), Vec::new()),
            Storage::Several(several) => (None, several),
        };
        one.into_iter().chain(several)
    }
}

impl PartialEq for Attachments {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Attachments {}

impl fmt::Debug for Attachments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&**self).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attachments_keep_their_order() {
        for count in 0..5_u8 {
            let expected: Vec<Bytes> = (0..count).map(|n| vec![n].into()).collect();
            let pushed: Attachments = expected.iter().cloned().collect();
            let shared = pushed.clone();
            assert_eq!(*pushed, *expected);
            assert_eq!(pushed, Attachments::from(expected.clone()));
            assert_eq!(pushed.into_iter().collect::<Vec<_>>(), expected);
            assert_eq!(*shared, *expected);
        }
    }

    #[test]
    fn appending_to_a_clone_does_not_change_the_original() {
        let original: Attachments = ["a", "b"].map(Bytes::from).into_iter().collect();
        let mut copy = original.clone();
        copy.push("c".into());
        assert_eq!(*original, ["a", "b"]);
        assert_eq!(*copy, ["a", "b", "c"]);
    }

    #[test]
    fn attachments_have_the_size_of_one() {
        assert_eq!(size_of::<Attachments>(), size_of::<Bytes>());
    }
}

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
pub struct Attachments(Kept);

/// Most packets have none, and most others one: neither costs an allocation.
#[derive(Clone)]
enum Kept {
    One(Bytes),
    /// Any other number.
    Several(Vec<Bytes>),
}

impl Attachments {
    /// No attachments.
    #[must_use]
    pub const fn new() -> Self {
        Self(Kept::Several(Vec::new()))
    }

    /// Adds one at the end.
    pub(crate) fn push(&mut self, attachment: Bytes) {
        match &mut self.0 {
            Kept::Several(several) if several.is_empty() => self.0 = Kept::One(attachment),
            Kept::Several(several) => several.push(attachment),
            Kept::One(first) => {
                let both = vec![mem::take(first), attachment];
                self.0 = Kept::Several(both);
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
            Kept::One(attachment) => slice::from_ref(attachment),
            Kept::Several(attachments) => attachments,
        }
    }
}

impl From<Vec<Bytes>> for Attachments {
    fn from(attachments: Vec<Bytes>) -> Self {
        Self(Kept::Several(attachments))
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
            Kept::One(attachment) => (Some(attachment), Vec::new()),
            Kept::Several(several) => (None, several),
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
    fn any_number_of_them_is_kept_in_order_and_shared() {
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
    fn what_is_added_to_a_clone_is_not_in_the_original() {
        let original: Attachments = ["a", "b"].map(Bytes::from).into_iter().collect();
        let mut copy = original.clone();
        copy.push("c".into());
        assert_eq!(*original, ["a", "b"]);
        assert_eq!(*copy, ["a", "b", "c"]);
    }

    #[test]
    fn none_take_no_more_room_than_one() {
        assert_eq!(size_of::<Attachments>(), size_of::<Bytes>());
    }
}

//! A lazily created copy of the request parts for axum's extractors.
//!
//! Axum's extractors need `&mut Parts`, but all calls of a connection share the parts in its
//! [`Handshake`]. Each call therefore works on a copy, which is created when its first extractor
//! asks for it. Handlers without such extractors copy nothing.
//!
//! # Reuse
//!
//! A call for an event returns its copy to the handshake as soon as all arguments are extracted,
//! and the next call of any kind on the connection takes it. This avoids copying the request for
//! every event. Other calls drop their copy: they are rare, and a connection without events should
//! not store a second copy.
//!
//! A copy is only returned if it is unchanged: it has the same method, version, URI and headers as
//! the handshake, and as many extensions as when it was created.
//!
//! # Replaced extensions are visible to later calls
//!
//! Extensions cannot be compared by value, so only their number is checked:
//!
//! - An extractor that *adds* an extension, as extractors with a cache do, changes the number. The
//!   copy is dropped and no later call sees the extension.
//! - An extractor that *replaces* or modifies the value of an existing extension, or removes one
//!   and adds another, leaves the number unchanged. Later calls that take this copy see its
//!   extensions instead of the original ones. This ends when the copy is dropped, or when a
//!   concurrent call returns another copy in its place.
//!
//! The handshake itself, and thus [`Handshake::extensions`], never changes. All sockets of a client
//! share the handshake, so a later call may belong to another namespace.

use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use http::request::Parts;

use crate::handshake::{Handshake, PartsCopy};

/// The request parts of one handler call, copied on first use.
///
/// `REUSED` is `true` if an unchanged copy is returned to the handshake. The type is one pointer
/// wide because it moves with the context of every event.
pub(crate) struct LazyParts<const REUSED: bool>(Option<Box<PartsCopy<Handshake>>>);

impl<const REUSED: bool> LazyParts<REUSED> {
    pub(crate) fn new() -> Self {
        Self(None)
    }

    /// Returns the parts. The first call takes the copy of the handshake, or creates one and
    /// completes it with `prepare`.
    pub(crate) fn get_mut(
        &mut self,
        handshake: impl FnOnce() -> Arc<Handshake>,
        prepare: impl FnOnce(&mut Parts),
    ) -> &mut Parts {
        let copy = self.0.get_or_insert_with(|| {
            let handshake = handshake();
            let spare = handshake.spare.lock().take();
            let mut copy = spare.unwrap_or_else(|| {
                let mut parts = handshake.parts.clone();
                prepare(&mut parts);
                Box::new(PartsCopy {
                    extensions: parts.extensions.len(),
                    handshake: None,
                    parts,
                })
            });
            copy.handshake = Some(handshake);
            copy
        });
        &mut copy.parts
    }

    /// Returns whether an extractor has used the parts.
    pub(crate) fn is_used(&self) -> bool {
        self.0.is_some()
    }

    /// Returns the copy to the handshake, or drops it. A later extractor gets another copy.
    #[inline]
    pub(crate) fn give_back(&mut self) {
        if let Some(copy) = self.0.take() {
            Self::give_back_copy(copy);
        }
    }

    fn give_back_copy(mut copy: Box<PartsCopy<Handshake>>) {
        if REUSED
            && let Some(handshake) = copy.handshake.take()
            && copy.parts.extensions.len() == copy.extensions
            && unchanged(&handshake.parts, &copy.parts)
        {
            let other = handshake.spare.lock().replace(copy);
            // Dropped outside the lock because it may hold arbitrary extensions.
            drop(other);
        }
    }
}

impl<const REUSED: bool> Drop for LazyParts<REUSED> {
    #[inline]
    fn drop(&mut self) {
        self.give_back();
    }
}

fn unchanged(original: &Parts, copy: &Parts) -> bool {
    original.method == copy.method
        && original.version == copy.version
        && original.uri == copy.uri
        && unchanged_headers(&original.headers, &copy.headers)
}

/// Returns whether the headers have the same values in the same order.
///
/// A copied header shares its bytes with the original, so their addresses are compared. Comparing
/// the contents or looking up names would cost as much as another copy.
fn unchanged_headers(original: &HeaderMap, copy: &HeaderMap) -> bool {
    original.len() == copy.len()
        && original
            .iter()
            .zip(copy)
            .all(|((name, value), (copied_name, copied))| {
                std::ptr::eq(value.as_bytes(), copied.as_bytes())
                    && value.is_sensitive() == copied.is_sensitive()
                    && name == copied_name
            })
}

impl<const REUSED: bool> fmt::Debug for LazyParts<REUSED> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazyParts")
            .field("is_used", &self.is_used())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use http::{HeaderValue, Method, Request, Version};

    use super::*;

    const TENANT: &str = "x-tenant";
    const OTHER: HeaderValue = HeaderValue::from_static("other");

    /// The extension that `prepare` adds.
    #[derive(Clone, Copy, Debug, Eq, PartialEq)]
    struct Prepared(u32);

    /// The extension of an outer layer.
    #[derive(Clone, Copy, Debug, Eq, PartialEq)]
    struct FromLayer;

    fn handshake() -> Arc<Handshake> {
        let (parts, ()) = Request::get("/socket.io/?EIO=4")
            .header(TENANT, "acme")
            .header("cookie", "a=1")
            .header("cookie", "b=2")
            .extension(FromLayer)
            .body(())
            .unwrap()
            .into_parts();
        Arc::new(Handshake::new(parts, SystemTime::UNIX_EPOCH))
    }

    /// Simulates a handler call in which an extractor makes a change, and returns the copy that it
    /// used.
    fn call(
        handshake: &Arc<Handshake>,
        copies: &mut u32,
        change: impl FnOnce(&mut Parts),
    ) -> Prepared {
        let mut lazy = LazyParts::<true>::new();
        let parts = lazy.get_mut(
            || Arc::clone(handshake),
            |parts| {
                *copies += 1;
                parts.extensions.insert(Prepared(*copies));
            },
        );
        assert_eq!(parts.headers[TENANT], "acme");
        assert_eq!(parts.headers.get_all("cookie").iter().count(), 2);
        assert_eq!(parts.extensions.get(), Some(&FromLayer));
        change(parts);
        *lazy
            .get_mut(
                || Arc::clone(handshake),
                |_| unreachable!("a call has one copy"),
            )
            .extensions
            .get()
            .expect("the copy is prepared")
    }

    #[test]
    fn a_call_without_extractors_copies_nothing() {
        let handshake = handshake();
        drop(LazyParts::<true>::new());
        assert!(handshake.spare.lock().is_none());
    }

    #[test]
    fn an_unchanged_copy_is_reused() {
        let (handshake, mut copies) = (handshake(), 0);
        assert_eq!(call(&handshake, &mut copies, |_| ()), Prepared(1));
        assert_eq!(call(&handshake, &mut copies, |_| ()), Prepared(1));
        assert_eq!(copies, 1);
    }

    #[test]
    fn concurrent_calls_have_separate_copies() {
        let (handshake, mut copies) = (handshake(), 0);
        let mut first = LazyParts::<true>::new();
        first.get_mut(|| Arc::clone(&handshake), |_| ());
        assert_eq!(call(&handshake, &mut copies, |_| ()), Prepared(1));
        drop(first);
    }

    #[test]
    fn a_changed_copy_is_not_reused() {
        let changes: [fn(&mut Parts); 8] = [
            |parts| drop(parts.headers.remove(TENANT)),
            |parts| drop(parts.headers.insert(TENANT, OTHER)),
            |parts| assert!(!parts.headers.append("x-more", OTHER)),
            |parts| parts.headers.get_mut(TENANT).unwrap().set_sensitive(true),
            |parts| parts.method = Method::POST,
            |parts| parts.uri = http::Uri::from_static("/other"),
            |parts| parts.version = Version::HTTP_2,
            |parts| assert_eq!(parts.extensions.insert("cached"), None),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let (handshake, mut copies) = (handshake(), 0);
            assert_eq!(call(&handshake, &mut copies, change), Prepared(1));
            let next = call(&handshake, &mut copies, |_| ());
            assert_eq!(next, Prepared(2), "change number {number}");
        }
        let (handshake, mut copies) = (handshake(), 0);
        let mut lazy = LazyParts::<true>::new();
        lazy.get_mut(|| Arc::clone(&handshake), |_| ())
            .extensions
            .clear();
        drop(lazy);
        assert_eq!(call(&handshake, &mut copies, |_| ()), Prepared(1));
    }

    /// See the documentation of the module.
    #[test]
    fn a_replaced_extension_is_visible_to_the_next_call() {
        let (handshake, mut copies) = (handshake(), 0);
        let replace = |parts: &mut Parts| {
            parts.extensions.insert(Prepared(7));
        };
        assert_eq!(call(&handshake, &mut copies, replace), Prepared(7));
        assert_eq!(call(&handshake, &mut copies, |_| ()), Prepared(7));
        assert_eq!(handshake.extensions().get::<Prepared>(), None);
    }

    #[test]
    fn a_call_without_reuse_drops_its_copy() {
        let handshake = handshake();
        let mut lazy = LazyParts::<false>::new();
        lazy.get_mut(|| Arc::clone(&handshake), |_| ());
        drop(lazy);
        assert!(handshake.spare.lock().is_none());
    }
}

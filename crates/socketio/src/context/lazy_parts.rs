//! A copy of the request's parts for axum's extractors.

use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use http::request::Parts;

use crate::handshake::{Handshake, PartsCopy};

/// The parts that axum's extractors of one handler call may read and change.
///
/// They want `&mut Parts`, and the parts belong to a connection that many calls share. So a call
/// works on a copy. It is made when the first extractor asks, which spares handlers without such
/// extractors its cost. Calls for events hand it back to the handshake at their end, which spares
/// the next event the copying. Other calls drop it: they are rare, and a connection on which no
/// events come is to hold no second copy.
///
/// What one call did must not reach the next, so a copy is handed back only if it is as it was:
/// the same method, version, URI and headers, and as many extensions as at the start. Extensions
/// cannot be compared by value; an extractor that *replaces* one which layers in front had set
/// shows its work to later calls until the copy is dropped. Adding one, which extractors that cache
/// do, drops the copy.
///
/// `REUSED` says whether the copy is handed back. All of it is one pointer, for it moves with the
/// context of every event.
pub(crate) struct LazyParts<const REUSED: bool>(Option<Box<PartsCopy<Handshake>>>);

impl<const REUSED: bool> LazyParts<REUSED> {
    pub(crate) fn new() -> Self {
        Self(None)
    }

    /// The parts, copied from the handshake at the first call. `prepare` completes a new copy.
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

    /// Whether an extractor has asked.
    pub(crate) fn is_copied(&self) -> bool {
        self.0.is_some()
    }

    /// Ends the call as far as extractors are concerned: the next one has another copy.
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
            // Not under the lock: it may hold what layers in front have put in.
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

/// Whether the headers are the same values in the same order.
///
/// A copied header shares its bytes with the original, so their address tells; comparing the
/// contents, or looking names up, would cost as much as another copy.
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
            .field("is_copied", &self.is_copied())
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

    /// What `prepare` puts in.
    #[derive(Clone, Copy, Debug, Eq, PartialEq)]
    struct Prepared(u32);

    /// What a layer in front has put in.
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

    /// One handler call in which an extractor does `change`; tells which copy it got.
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
                |_| unreachable!("one copy per call"),
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
    fn a_copy_that_is_left_as_it_was_serves_the_next_call() {
        let (handshake, mut copies) = (handshake(), 0);
        assert_eq!(call(&handshake, &mut copies, |_| ()), Prepared(1));
        assert_eq!(call(&handshake, &mut copies, |_| ()), Prepared(1));
        assert_eq!(copies, 1);
    }

    #[test]
    fn calls_at_the_same_time_have_a_copy_each() {
        let (handshake, mut copies) = (handshake(), 0);
        let mut first = LazyParts::<true>::new();
        first.get_mut(|| Arc::clone(&handshake), |_| ());
        assert_eq!(call(&handshake, &mut copies, |_| ()), Prepared(1));
        drop(first);
    }

    #[test]
    fn a_changed_copy_serves_nobody_else() {
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

    #[test]
    fn a_call_that_happens_once_leaves_no_copy() {
        let handshake = handshake();
        let mut lazy = LazyParts::<false>::new();
        lazy.get_mut(|| Arc::clone(&handshake), |_| ());
        drop(lazy);
        assert!(handshake.spare.lock().is_none());
    }
}

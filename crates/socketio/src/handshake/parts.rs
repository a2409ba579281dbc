//! Copies of the parts of a request.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Uri};

/// A copy of the parts of a request.
pub(crate) struct PartsCopy<H> {
    pub(crate) parts: Parts,
    /// Whose copy it is, while a call has it.
    pub(crate) handshake: Option<Arc<H>>,
    /// How many extensions there were before the first extractor ran.
    pub(crate) extensions: usize,
}

/// Copies the values of the headers and the URI out of the buffer that the request was read into.
///
/// They are slices of that buffer, which is many times their size, and a connection keeps them for
/// as long as it lives.
pub(super) fn detach(parts: &mut Parts) {
    let uri = parts.uri.to_string();
    let values = parts.headers.values().map(HeaderValue::len).sum::<usize>();
    let mut memory = BytesMut::with_capacity(uri.len() + values);
    memory.extend_from_slice(uri.as_bytes());
    for value in parts.headers.values() {
        memory.extend_from_slice(value.as_bytes());
    }
    let mut memory = memory.freeze();

    // What was a URI, or the value of a header, still is one; if it were not, the original would
    // have to do.
    if let Ok(uri) = Uri::from_maybe_shared(memory.split_to(uri.len())) {
        parts.uri = uri;
    }
    if let Some(headers) = copy(&parts.headers, memory) {
        parts.headers = headers;
    }
}

/// The same headers, with their values in `memory`.
fn copy(original: &HeaderMap, mut memory: Bytes) -> Option<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(original.keys_len());
    for (name, value) in original {
        let bytes = memory.split_to(value.len());
        let mut copied = HeaderValue::from_maybe_shared(bytes).ok()?;
        copied.set_sensitive(value.is_sensitive());
        headers.append(name, copied);
    }
    Some(headers)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn the_copy_is_the_same_and_lets_the_buffer_go() {
        let buffer = Bytes::from(b"/socket.io/?EIO=4&a=%20 one two".to_vec());
        let mut secret = HeaderValue::from_maybe_shared(buffer.slice(24..27)).unwrap();
        secret.set_sensitive(true);
        let request = Request::builder()
            .uri(Uri::from_maybe_shared(buffer.slice(..23)).unwrap())
            .header(
                "x-a",
                HeaderValue::from_maybe_shared(buffer.slice(28..)).unwrap(),
            )
            .header("cookie", secret)
            .header("x-a", "three");
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let original = parts.clone();
        detach(&mut parts);
        assert_eq!(parts.uri, original.uri);
        assert_eq!(parts.headers, original.headers);
        assert!(parts.headers["cookie"].is_sensitive());
        drop(original);
        assert!(buffer.is_unique(), "the copy holds a piece of the buffer");
    }
}

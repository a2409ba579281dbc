//! A reusable copy of request parts, and a function that detaches parts from the read buffer.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Uri};

/// A copy of the parts of a request, used by one handler call at a time.
pub(crate) struct PartsCopy<H> {
    pub(crate) parts: Parts,
    /// The handshake that it was copied from, while a call uses it.
    pub(crate) handshake: Option<Arc<H>>,
    /// The number of extensions before the first extractor ran.
    pub(crate) extensions: usize,
}

/// Copies the URI and the header values out of the read buffer.
///
/// They are slices of the buffer that the request was read into. It is many times their size and
/// would otherwise live as long as the connection.
pub(super) fn detach(parts: &mut Parts) {
    let uri = parts.uri.to_string();
    let values = parts.headers.values().map(HeaderValue::len).sum::<usize>();
    let mut buffer = BytesMut::with_capacity(uri.len() + values);
    buffer.extend_from_slice(uri.as_bytes());
    for value in parts.headers.values() {
        buffer.extend_from_slice(value.as_bytes());
    }
    let mut buffer = buffer.freeze();

    // A copied URI or header value parses again. If one did not, the original would be kept.
    if let Ok(uri) = Uri::from_maybe_shared(buffer.split_to(uri.len())) {
        parts.uri = uri;
    }
    if let Some(headers) = copy(&parts.headers, buffer) {
        parts.headers = headers;
    }
}

/// Returns the same headers, with their values in `buffer`.
fn copy(original: &HeaderMap, mut buffer: Bytes) -> Option<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(original.keys_len());
    for (name, value) in original {
        let bytes = buffer.split_to(value.len());
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
    fn detached_parts_are_equal_and_release_the_buffer() {
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
        assert!(buffer.is_unique(), "the copy still refers to the buffer");
    }
}

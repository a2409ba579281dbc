//! The status and text of an HTTP response that refuses something.

use axum_core::response::Response;
use engineio::log::Escaped;
use futures_util::FutureExt as _;
use http::StatusCode;
use http_body_util::{BodyExt as _, Limited};

/// The longest body, in bytes, that is read as an error text.
///
/// A rejection's text is a sentence or two and may quote client input. A longer body is not an
/// error message.
pub(crate) const MAX_TEXT: usize = 1024;

/// The status and text of a response that refuses something.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ResponseText {
    pub(crate) status: StatusCode,
    /// Empty if the body is empty, longer than [`MAX_TEXT`], or not available at once.
    pub(crate) text: String,
}

impl ResponseText {
    /// Returns the text, or the name of the status if it is empty.
    pub(crate) fn or_reason(&self) -> &str {
        or_reason(&self.text, self.status)
    }

    /// Returns the text for the log if the status is that of a server error.
    pub(crate) fn fault(&self) -> String {
        let remedy = if self.status == StatusCode::INTERNAL_SERVER_ERROR {
            "if something is missing in the request, add it with a layer around the one of \
             Socket.IO"
        } else {
            "check what the extractor depends on"
        };
        format!(
            "an extractor that reads the request failed with the status {}: {}; {remedy}",
            self.status.as_u16(),
            Escaped(self.or_reason())
        )
    }
}

/// Returns the text, or the name of the status if it is empty.
pub(crate) fn or_reason(text: &str, status: StatusCode) -> &str {
    match text {
        "" => status.canonical_reason().unwrap_or("rejected"),
        text => text,
    }
}

impl From<Response> for ResponseText {
    fn from(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        // Rejections hold their text in memory. Waiting for a body that is not ready could stall
        // the connection indefinitely.
        let text = match Limited::new(body, MAX_TEXT).collect().now_or_never() {
            Some(Ok(body)) => String::from_utf8_lossy(&body.to_bytes()).into_owned(),
            Some(Err(_)) | None => String::new(),
        };
        Self {
            status: parts.status,
            text,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum_core::response::IntoResponse as _;

    use super::*;

    #[test]
    fn a_text_longer_than_the_limit_is_ignored() {
        let longest = "x".repeat(MAX_TEXT);
        let read = ResponseText::from(longest.clone().into_response());
        assert_eq!(read.text, longest);
        let read = ResponseText::from("x".repeat(MAX_TEXT + 1).into_response());
        assert_eq!(read.text, "");
    }

    #[test]
    fn invalid_utf8_is_replaced() {
        let read = ResponseText::from(vec![b'a', 0xff].into_response());
        assert_eq!(read.text, "a\u{fffd}");
    }
}

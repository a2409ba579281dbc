//! An HTTP response read as an error text.

use axum_core::response::Response;
use futures_util::FutureExt as _;
use http::StatusCode;
use http_body_util::{BodyExt as _, Limited};

/// The longest body, in bytes, that is taken for an error text.
///
/// Texts of rejections are a sentence or two, and may quote what the client has sent; one that is
/// longer is not meant to be read as a line.
pub(crate) const MAX_TEXT: usize = 1024;

/// Status and text of a response that refuses something.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ResponseText {
    pub(crate) status: StatusCode,
    /// Empty if the body has none, is longer than [`MAX_TEXT`] or is not there at once.
    pub(crate) text: String,
}

impl From<Response> for ResponseText {
    fn from(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        // Rejections hold their text in memory. A body that has to be waited for is none, and
        // waiting could hold up the connection for ever.
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
    fn a_text_may_have_the_greatest_length_and_no_more() {
        let longest = "x".repeat(MAX_TEXT);
        let read = ResponseText::from(longest.clone().into_response());
        assert_eq!(read.text, longest);
        let read = ResponseText::from("x".repeat(MAX_TEXT + 1).into_response());
        assert_eq!(read.text, "");
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        let read = ResponseText::from(vec![b'a', 0xff].into_response());
        assert_eq!(read.text, "a\u{fffd}");
    }
}

//! The responses of the engine, with the status codes and bodies of Node's server.

use bytes::Bytes;
use engineio_proto::ConnectionError;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;

use crate::http::compression::Encoding;

/// A response of the engine.
pub(crate) type EngineResponse = Response<Full<Bytes>>;

/// The reason why a request cannot be upgraded to a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadUpgrade {
    /// The `Sec-WebSocket-Key` is missing or invalid, or the method cannot be upgraded.
    Malformed,
    /// The HTTP server provides no access to the connection.
    Unsupported,
    /// The WebSocket version is not 13.
    Version,
}

/// The reason why a server accepts no new sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unavailable {
    /// The server is closing or closed.
    Closing,
    /// The server closes its sessions one after the other.
    Draining,
}

const BINARY: HeaderValue = HeaderValue::from_static("application/octet-stream");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=UTF-8");
const HTML: HeaderValue = HeaderValue::from_static("text/html");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The largest header map of a request that is reused for its response. HTTP servers keep it for
/// the lifetime of the connection.
const REUSED_HEADERS: usize = 64;

/// The response to a poll or a POST.
#[derive(Debug)]
pub(crate) struct PollResponse {
    content_type: HeaderValue,
    body: Bytes,
    encoding: Option<Encoding>,
}

impl PollResponse {
    /// Creates a response that carries packets.
    pub(crate) fn payload(body: Bytes, binary: bool, encoding: Option<Encoding>) -> Self {
        Self {
            content_type: if binary { BINARY } else { TEXT },
            body,
            encoding,
        }
    }

    /// Creates a response that confirms a POST.
    pub(crate) fn ok() -> Self {
        Self {
            content_type: HTML,
            body: Bytes::from_static(b"ok"),
            encoding: None,
        }
    }

    /// Builds the response to a request with these headers.
    pub(crate) fn into_response(self, request: &HeaderMap) -> EngineResponse {
        self.with_headers(HeaderMap::new(), is_internet_explorer(request))
    }

    /// Builds the response to a request whose headers are no longer needed. It reuses their header
    /// map, which hyper reuses again for the next request of the connection.
    pub(crate) fn into_response_reusing(self, request: &mut HeaderMap) -> EngineResponse {
        let internet_explorer = is_internet_explorer(request);
        let mut headers = std::mem::take(request);
        headers.clear();
        if headers.capacity() > REUSED_HEADERS {
            headers = HeaderMap::new();
        }
        self.with_headers(headers, internet_explorer)
    }

    fn with_headers(self, mut headers: HeaderMap, internet_explorer: bool) -> EngineResponse {
        headers.insert(header::CONTENT_TYPE, self.content_type);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(encoding) = self.encoding {
            headers.insert(header::CONTENT_ENCODING, encoding.header());
        }
        if internet_explorer {
            // Internet Explorer treats a payload that echoes the query as an attack.
            headers.insert(
                HeaderName::from_static("x-xss-protection"),
                HeaderValue::from_static("0"),
            );
        }
        let mut response = Response::new(Full::new(self.body));
        *response.headers_mut() = headers;
        response
    }
}

/// Announces that the server closes the connection after the response, so that the client does not
/// send another request on it.
pub(crate) fn close_connection(mut response: EngineResponse) -> EngineResponse {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Builds an error response to a plain request.
pub(crate) fn error(error: &ConnectionError) -> EngineResponse {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    with_body(status, JSON, error.to_json().into())
}

/// Builds an error response to an upgrade request, with the message as its body.
pub(crate) fn upgrade_error(error: &ConnectionError) -> EngineResponse {
    let body = Bytes::copy_from_slice(error.message().as_bytes());
    let mut response = with_body(StatusCode::BAD_REQUEST, HTML, body);
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Builds the response to an invalid upgrade request.
pub(crate) fn bad_upgrade(reason: BadUpgrade) -> EngineResponse {
    if reason == BadUpgrade::Unsupported {
        return status(StatusCode::INTERNAL_SERVER_ERROR);
    }
    let mut response = upgrade_error(&ConnectionError::BadRequest);
    if reason == BadUpgrade::Version {
        response.headers_mut().insert(
            header::SEC_WEBSOCKET_VERSION,
            HeaderValue::from_static("13"),
        );
    }
    response
}

/// Builds a response that consists of a status only.
pub(crate) fn status(status: StatusCode) -> EngineResponse {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

/// Builds the response of a server that accepts no new sessions.
pub(crate) fn unavailable(reason: Unavailable) -> EngineResponse {
    let body = match reason {
        Unavailable::Closing => "The server is shutting down: connect again later",
        Unavailable::Draining => "The server is draining: connect again to reach another server",
    };
    let body = Bytes::from_static(body.as_bytes());
    with_body(StatusCode::SERVICE_UNAVAILABLE, TEXT, body)
}

fn with_body(status: StatusCode, content_type: HeaderValue, body: Bytes) -> EngineResponse {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}

/// Returns whether a request was sent by an old Internet Explorer.
fn is_internet_explorer(request: &HeaderMap) -> bool {
    request
        .get(header::USER_AGENT)
        .is_some_and(is_internet_explorer_agent)
}

/// Returns whether the user agent contains `;MSIE` or `Trident/`.
fn is_internet_explorer_agent(agent: &HeaderValue) -> bool {
    let agent = agent.as_bytes();
    // Searches for the rarest letters first, because browsers send a hundred characters with every
    // request.
    memchr::memchr2_iter(b'M', b'T', agent)
        .filter_map(|at| agent.split_at_checked(at))
        .any(|(before, after)| {
            after.starts_with(b"Trident/") || before.ends_with(b";") && after.starts_with(b"MSIE")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internet_explorer_is_detected_by_its_user_agent() {
        let is_old = |agent| is_internet_explorer_agent(&HeaderValue::from_static(agent));
        assert!(is_old("Mozilla/4.0 (compatible;MSIE 8.0; Windows NT 6.1)"));
        assert!(is_old("Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0)"));
        assert!(is_old("Trident/") && is_old(";MSIE"));
        // Node does not match these either.
        assert!(!is_old("Mozilla/4.0 (compatible; MSIE 8.0)"));
        assert!(!is_old("MSIE") && !is_old("Trident") && !is_old(";MSI") && !is_old(""));
        assert!(!is_old(
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko)"
        ));
    }

    fn request(agent: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, HeaderValue::from_static(agent));
        headers.append(header::COOKIE, HeaderValue::from_static("a=1"));
        headers.append(header::COOKIE, HeaderValue::from_static("b=2"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
        headers
    }

    #[test]
    fn a_reused_header_map_contains_no_request_headers() {
        for agent in ["curl", "Trident/7.0"] {
            for encoding in [None, Some(Encoding::Gzip)] {
                let response = || PollResponse::payload(Bytes::from_static(b"4a"), false, encoding);
                let mut request = request(agent);
                let separate = response().into_response(&request);
                let in_place = response().into_response_reusing(&mut request);
                assert_eq!(in_place.headers(), separate.headers());
                let expected = 2 + usize::from(encoding.is_some()) + usize::from(agent != "curl");
                assert_eq!(in_place.headers().len(), expected);
                assert!(request.is_empty());
            }
        }
    }

    #[test]
    fn a_very_large_header_map_is_not_reused() {
        for many in [false, true] {
            let mut request = request("curl");
            if many {
                request.reserve(REUSED_HEADERS + 1);
            }
            let capacity = request.capacity();
            let answer = PollResponse::ok().into_response_reusing(&mut request);
            assert_eq!(answer.headers().capacity() == capacity, !many);
        }
    }
}

//! The engine's answers, with the status and body of Node's server.

use bytes::Bytes;
use engineio_proto::ConnectionError;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;

use crate::http::compression::Encoding;

/// An answer of the engine.
pub(crate) type EngineResponse = Response<Full<Bytes>>;

/// Why a request cannot become a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadUpgrade {
    /// No usable `Sec-WebSocket-Key`, or a method that cannot be upgraded.
    Malformed,
    /// The HTTP server gives no access to the connection.
    Unsupported,
    /// Another version than 13.
    Version,
}

const BINARY: HeaderValue = HeaderValue::from_static("application/octet-stream");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=UTF-8");
const HTML: HeaderValue = HeaderValue::from_static("text/html");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The most headers for which the memory of a request is used for its answer. HTTP servers keep that
/// for as long as the connection lives.
const REUSED_HEADERS: usize = 64;

/// What a client is told that polls: packets, or that its own have arrived.
#[derive(Debug)]
pub(crate) struct Told {
    content_type: HeaderValue,
    body: Bytes,
    encoding: Option<Encoding>,
}

impl Told {
    /// Packets, compressed if there is an encoding.
    pub(crate) fn payload(body: Bytes, binary: bool, encoding: Option<Encoding>) -> Self {
        Self {
            content_type: if binary { BINARY } else { TEXT },
            body,
            encoding,
        }
    }

    /// Its packets have arrived.
    pub(crate) fn ok() -> Self {
        Self {
            content_type: HTML,
            body: Bytes::from_static(b"ok"),
            encoding: None,
        }
    }

    /// The answer to a request with these headers.
    pub(crate) fn answer(self, request: &HeaderMap) -> EngineResponse {
        self.with_headers(HeaderMap::new(), is_of_old_explorer(request))
    }

    /// The answer to a request whose headers are not needed any more. It is written into their
    /// memory, which hyper in turn uses for the next request of the connection.
    pub(crate) fn answer_in_place_of(self, request: &mut HeaderMap) -> EngineResponse {
        let old_explorer = is_of_old_explorer(request);
        let mut headers = std::mem::take(request);
        headers.clear();
        if headers.capacity() > REUSED_HEADERS {
            headers = HeaderMap::new();
        }
        self.with_headers(headers, old_explorer)
    }

    fn with_headers(self, mut headers: HeaderMap, old_explorer: bool) -> EngineResponse {
        headers.insert(header::CONTENT_TYPE, self.content_type);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(encoding) = self.encoding {
            headers.insert(header::CONTENT_ENCODING, encoding.header());
        }
        if old_explorer {
            // They mistake a payload that echoes the query for an attack.
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

/// A numbered error in answer to an ordinary request.
pub(crate) fn error(error: &ConnectionError) -> EngineResponse {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    with_body(status, JSON, error.to_json().into())
}

/// A numbered error in answer to an upgrade request: the message is the body.
pub(crate) fn upgrade_error(error: &ConnectionError) -> EngineResponse {
    let body = Bytes::copy_from_slice(error.message().as_bytes());
    let mut response = with_body(StatusCode::BAD_REQUEST, HTML, body);
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The answer to an upgrade request that is not one.
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

/// An answer that is only a status.
pub(crate) fn status(status: StatusCode) -> EngineResponse {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

/// The server is closing.
pub(crate) fn unavailable() -> EngineResponse {
    let body = Bytes::from_static(b"The server is shutting down: connect again later");
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

/// Whether a request is of an old Internet Explorer.
fn is_of_old_explorer(request: &HeaderMap) -> bool {
    request.get(header::USER_AGENT).is_some_and(is_old_explorer)
}

/// Whether `;MSIE` or `Trident/` stands in the name of the client.
fn is_old_explorer(agent: &HeaderValue) -> bool {
    let agent = agent.as_bytes();
    // By the letters of which others have few: browsers send a hundred characters with every request.
    memchr::memchr2_iter(b'M', b'T', agent)
        .filter_map(|at| agent.split_at_checked(at))
        .any(|(before, behind)| {
            behind.starts_with(b"Trident/") || before.ends_with(b";") && behind.starts_with(b"MSIE")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_explorers_are_known_by_their_names() {
        let is_old = |agent| is_old_explorer(&HeaderValue::from_static(agent));
        assert!(is_old("Mozilla/4.0 (compatible;MSIE 8.0; Windows NT 6.1)"));
        assert!(is_old("Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0)"));
        assert!(is_old("Trident/") && is_old(";MSIE"));
        // What Node's server takes for none of them.
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
    fn an_answer_in_the_memory_of_the_request_has_nothing_of_it() {
        for agent in ["curl", "Trident/7.0"] {
            for encoding in [None, Some(Encoding::Gzip)] {
                let told = || Told::payload(Bytes::from_static(b"4a"), false, encoding);
                let mut request = request(agent);
                let apart = told().answer(&request);
                let in_place = told().answer_in_place_of(&mut request);
                assert_eq!(in_place.headers(), apart.headers());
                let expected = 2 + usize::from(encoding.is_some()) + usize::from(agent != "curl");
                assert_eq!(in_place.headers().len(), expected);
                assert!(request.is_empty());
            }
        }
    }

    #[test]
    fn the_memory_of_a_request_with_very_many_headers_is_given_back() {
        for many in [false, true] {
            let mut request = request("curl");
            if many {
                request.reserve(REUSED_HEADERS + 1);
            }
            let capacity = request.capacity();
            let answer = Told::ok().answer_in_place_of(&mut request);
            assert_eq!(answer.headers().capacity() == capacity, !many);
        }
    }
}

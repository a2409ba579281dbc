//! The engine's answers, with the status and body of Node's server.

use bytes::Bytes;
use engineio_proto::ConnectionError;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;

use crate::compression::Encoding;
use crate::future::EngineResponse;
use crate::route::BadUpgrade;

const BINARY: HeaderValue = HeaderValue::from_static("application/octet-stream");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=UTF-8");
const HTML: HeaderValue = HeaderValue::from_static("text/html");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Packets for a polling client, compressed if there is an encoding.
pub(crate) fn payload(
    body: Bytes,
    binary: bool,
    encoding: Option<Encoding>,
    request: &HeaderMap,
) -> EngineResponse {
    let content_type = if binary { BINARY } else { TEXT };
    let mut response = of_session(content_type, body, request);
    if let Some(encoding) = encoding {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_ENCODING, encoding.header());
    }
    response
}

/// The answer to a polling client that has sent packets.
pub(crate) fn ok(request: &HeaderMap) -> EngineResponse {
    of_session(HTML, Bytes::from_static(b"ok"), request)
}

fn of_session(content_type: HeaderValue, body: Bytes, request: &HeaderMap) -> EngineResponse {
    let mut response = with_body(StatusCode::OK, content_type, body);
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    disable_xss_filter(&mut response, request);
    response
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

/// Old Internet Explorers mistake a payload that echoes the query for an attack.
fn disable_xss_filter(response: &mut EngineResponse, request: &HeaderMap) {
    if request.get(header::USER_AGENT).is_some_and(is_old_explorer) {
        response.headers_mut().insert(
            HeaderName::from_static("x-xss-protection"),
            HeaderValue::from_static("0"),
        );
    }
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
}

//! The headers of an upgrade to WebSocket, which proxies remove unless they are configured for it.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Version};

use crate::http::connection_failure::FailureContext;
use crate::http::query::QueryText;
use crate::http::response::EngineResponse;

/// The response header that names what a refused WebSocket request lacks.
const HINT: HeaderName = HeaderName::from_static("engine-io-hint");

/// The part that a WebSocket request lacks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum MissingPart {
    /// Both headers of an upgrade.
    BothHeaders,
    /// `Connection: upgrade`.
    Connection,
    /// HTTP/1.1: an upgrade by a request of HTTP/1.0 must be ignored (RFC 9110, section 7.8).
    Http11,
    /// `Upgrade: websocket`.
    Upgrade,
}

impl MissingPart {
    /// Returns the part that a refused request lacks if it was meant to open a WebSocket.
    pub(super) fn of(parts: &Parts, context: &FailureContext) -> Option<Self> {
        let is_refused_as_plain = matches!(
            context,
            FailureContext::TransportHandshake | FailureContext::TransportMismatch { .. }
        );
        let asks_for_websocket = || QueryText::of(parts).parse().transport == Some("websocket");
        if !is_refused_as_plain
            || parts.method != Method::GET
            || parts.version >= Version::HTTP_2
            || !asks_for_websocket()
        {
            return None;
        }
        let has_upgrade = has_token(&parts.headers, header::UPGRADE, "websocket");
        let has_connection = has_token(&parts.headers, header::CONNECTION, "upgrade");
        match (has_upgrade, has_connection) {
            (false, false) => Some(Self::BothHeaders),
            (false, true) => Some(Self::Upgrade),
            (true, false) => Some(Self::Connection),
            (true, true) if parts.version < Version::HTTP_11 => Some(Self::Http11),
            (true, true) => None,
        }
    }

    /// Logs the refusal with its remedy. Clients receive only a code, and browsers hide even that from
    /// scripts.
    pub(super) fn log(self) {
        crate::log_limited!(
            warn,
            None,
            "a WebSocket request is not an upgrade: let the proxy in front pass on the headers \
             `Upgrade` and `Connection` with HTTP/1.1 (nginx: `proxy_http_version` and \
             `proxy_set_header`)",
            missing = self.name(),
        );
    }

    /// Adds the header that names the part.
    pub(super) fn add_hint(self, response: &mut EngineResponse) {
        let hint = match self {
            Self::BothHeaders => "missing headers Upgrade and Connection",
            Self::Connection => "missing header Connection: upgrade",
            Self::Http11 => "HTTP/1.0 has no upgrades",
            Self::Upgrade => "missing header Upgrade: websocket",
        };
        let headers = response.headers_mut();
        headers.insert(HINT, HeaderValue::from_static(hint));
    }

    fn name(self) -> &'static str {
        match self {
            Self::BothHeaders => "Upgrade, Connection",
            Self::Connection => "Connection",
            Self::Http11 => "HTTP/1.1",
            Self::Upgrade => "Upgrade",
        }
    }
}

/// Returns whether a header with a list contains this token.
pub(super) fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    headers.get_all(name).iter().any(|value| {
        value.to_str().is_ok_and(|value| {
            value
                .split(',')
                .any(|v| v.trim().eq_ignore_ascii_case(token))
        })
    })
}

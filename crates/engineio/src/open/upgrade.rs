//! WebSocket upgrades: of polling sessions, and the handshake shared with new sessions.

use std::future::poll_fn;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engineio_proto::{Protocol, Transport};
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{StatusCode, Version};
use hyper::upgrade::OnUpgrade;
use sha1_smol::Sha1;
use tokio::runtime::Handle;

use super::route;
use crate::config::Config;
use crate::engine::Engine;
use crate::engine::application::Application;
use crate::http::query::QueryText;
use crate::http::response::{self, BadUpgrade, EngineResponse};
use crate::session::{Shared, now, spawn_on};
use crate::transport::channel::ProbeChannel;
use crate::transport::coding::Coding;
use crate::transport::websocket::{self, PendingUpgrade};

/// Appended to the key of a handshake before it is hashed (RFC 6455, section 1.3).
const ACCEPT_GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Adds a WebSocket to a polling session, whose driver takes it over.
///
/// If the session has upgraded or is upgrading already, the WebSocket is opened and closed, as by
/// Node's server.
pub(super) fn upgrade<A: Application>(
    engine: &Engine<A>,
    session: &Arc<Shared>,
    mut parts: Parts,
) -> EngineResponse {
    // The request is validated first, so that a bad request does not change the session.
    let protocol = session.lock().proto.protocol();
    let (mut pending, mut response) = match switch_protocols(&engine.config, protocol, &mut parts) {
        Ok(switched) => switched,
        Err(reason) => return response::bad_upgrade(reason),
    };
    let mut state = session.lock();
    match state.proto.handle_probe(now(), Transport::WebSocket) {
        Ok(()) => {
            state.cold_or_insert().probe = Some(ProbeChannel::WebSocket(pending));
            state.wake_all();
            drop(state);
        }
        Err(error) => {
            drop(state);
            tracing::debug!(%error, "closing a WebSocket of a session that cannot upgrade");
            let closing = engine.registry.track_closing_socket();
            let limit = engine.config.max_http_buffer_size;
            let task = async move {
                if let Some(websocket) = poll_fn(|cx| pending.poll(cx, limit)).await {
                    websocket.close(None).await;
                }
                drop(closing);
            };
            spawn_on(&Handle::current(), Box::pin(task));
        }
    }
    engine.application.headers(response.headers_mut(), &parts);
    response
}

/// Creates the response that switches to WebSocket, and the pending upgrade of the connection.
pub(super) fn switch_protocols(
    config: &Config,
    protocol: Protocol,
    parts: &mut Parts,
) -> Result<(PendingUpgrade, EngineResponse), BadUpgrade> {
    let key = route::websocket_key(parts)?;
    let mut response = response::status(StatusCode::SWITCHING_PROTOCOLS);
    let headers = response.headers_mut();
    if let Some(key) = key {
        let accept = accept_key(key.as_bytes());
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        if let Ok(accept) = HeaderValue::from_str(&accept) {
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        }
    }
    if let Some(protocol) = route::first_subprotocol(&parts.headers) {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    let deflate = config
        .per_message_deflate
        .as_ref()
        .and_then(|options| websocket::negotiate(&parts.headers, options));
    let deflate = deflate.map(|(negotiated, answer)| {
        headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, answer);
        negotiated
    });
    if parts.version == Version::HTTP_2 {
        *response.status_mut() = StatusCode::OK;
    }
    match parts.extensions.remove::<OnUpgrade>() {
        Some(on_upgrade) => {
            let coding = Coding {
                protocol,
                base64: QueryText::of(parts).parse().base64,
            };
            let pending = PendingUpgrade {
                on_upgrade,
                coding,
                deflate,
            };
            Ok((pending, response))
        }
        None => {
            crate::log_limited!(
                error,
                None,
                "the HTTP server does not support upgrades: serve with axum::serve or hyper's \
                 serve_connection_with_upgrades, and use no outer layer that removes \
                 extensions",
            );
            Err(BadUpgrade::Unsupported)
        }
    }
}

/// Returns the answer to the key of a handshake (RFC 6455, section 4.2.2).
fn accept_key(key: &[u8]) -> String {
    let mut sha1 = Sha1::new();
    sha1.update(key);
    sha1.update(ACCEPT_GUID);
    STANDARD.encode(sha1.digest().bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tungstenite::handshake::derive_accept_key;

    use super::*;

    #[test]
    fn the_key_of_the_standard_is_accepted() {
        let accept = accept_key(b"dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    proptest! {
        #[test]
        fn keys_are_accepted_like_tungstenite(key in any::<[u8; 24]>()) {
            prop_assert_eq!(accept_key(&key), derive_accept_key(&key));
        }
    }
}

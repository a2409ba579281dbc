//! From a request to its answer: refusals, handshakes, upgrades, and the requests of polling
//! sessions.

use std::sync::Arc;

use engineio_proto::{
    ConnectionError, Handshake, Packet, PayloadEncoder, Protocol, SessionId, Transport,
};
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{Request, StatusCode, Version};
use http_body::Body;
use hyper::upgrade::OnUpgrade;

use crate::application::Application;
use crate::engine::Engine;
use crate::future::EngineResponse;
use crate::registry::Entry;
use crate::response;
use crate::route::{self, BadUpgrade, Route};
use crate::session::driver::Driver;
use crate::session::{Shared, now};
use crate::transport::polling;

/// The bytes that a session id is made of.
const SESSION_ID_BYTES: usize = 15;

/// Answers a request below the engine's path.
pub(crate) async fn answer<A, B>(engine: Arc<Engine<A>>, request: Request<B>) -> EngineResponse
where
    A: Application,
    B: Body,
{
    let (parts, body) = request.into_parts();
    let transport_of = |sid: &SessionId| Some(engine.registry.find(sid)?.lock().proto.transport());
    let route = match route::route(&parts, &engine.config, transport_of) {
        Ok(route) => route,
        Err(error) => return refuse(&parts, &error),
    };
    let find = |sid: &SessionId| {
        engine
            .registry
            .find(sid)
            .ok_or(ConnectionError::SessionIdUnknown)
    };

    match route {
        Route::Open(_) if engine.is_closing() => response::unavailable(),
        Route::Open(Transport::Polling) => open_polling(&engine, parts),
        Route::Open(_) => open_websocket(&engine, parts),
        Route::Poll(sid) => match find(&sid) {
            Ok(session) => polling::poll(session, &parts.headers).await,
            Err(error) => refuse(&parts, &error),
        },
        Route::Post(sid) => match find(&sid) {
            Ok(session) => {
                let limit = engine.config.max_http_buffer_size;
                polling::post(session, &parts.headers, body, limit).await
            }
            Err(error) => refuse(&parts, &error),
        },
        Route::Upgrade(sid) => match find(&sid) {
            Ok(session) => upgrade(&session, parts),
            Err(error) => refuse(&parts, &error),
        },
        Route::UnknownMethod => response::status(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn refuse(parts: &Parts, error: &ConnectionError) -> EngineResponse {
    tracing::debug!(
        code = error.code(),
        reason = error.message(),
        "request refused"
    );
    if route::is_websocket_upgrade(parts) {
        response::upgrade_error(error)
    } else {
        response::error(error)
    }
}

fn open_polling<A: Application>(engine: &Arc<Engine<A>>, parts: Parts) -> EngineResponse {
    let entry = match new_session(engine, Transport::Polling) {
        Ok(entry) => entry,
        Err(unopened) => return unopened.answer(),
    };
    let mut payload = PayloadEncoder::new(Protocol::V4, true);
    payload.push(&open_packet(engine, &entry.session, Transport::Polling));
    let response = response::payload(payload.finish().body, &parts.headers);
    tokio::spawn(Driver::polling(Arc::clone(engine), entry, parts));
    response
}

fn open_websocket<A: Application>(engine: &Arc<Engine<A>>, mut parts: Parts) -> EngineResponse {
    let (on_upgrade, response) = match switch_protocols(&mut parts) {
        Ok(switched) => switched,
        Err(reason) => return response::bad_upgrade(reason),
    };
    let entry = match new_session(engine, Transport::WebSocket) {
        Ok(entry) => entry,
        Err(unopened) => return unopened.answer(),
    };
    let open = open_packet(engine, &entry.session, Transport::WebSocket);
    let driver = Driver::websocket(Arc::clone(engine), entry, on_upgrade, parts, open);
    tokio::spawn(driver);
    response
}

/// A WebSocket for a session that polls: its task takes it from here.
fn upgrade(session: &Arc<Shared>, mut parts: Parts) -> EngineResponse {
    // The request is looked at before the session is, so that a bad one changes nothing.
    if let Err(reason) = route::websocket_key(&parts) {
        return response::bad_upgrade(reason);
    }
    let mut state = session.lock();
    if state.proto.handle_probe(now()).is_err() {
        return response::upgrade_error(&ConnectionError::BadRequest);
    }
    match switch_protocols(&mut parts) {
        Ok((on_upgrade, response)) => {
            let base64 = route::wants_base64(parts.uri.query());
            state.rare().probe = Some((on_upgrade, base64));
            state.wake_all();
            response
        }
        Err(reason) => {
            state
                .proto
                .handle_transport_closed(Transport::WebSocket, true);
            response::bad_upgrade(reason)
        }
    }
}

/// A session that the registry knows, with an id of its own.
///
fn new_session<A: Application>(
    engine: &Arc<Engine<A>>,
    transport: Transport,
) -> Result<Entry, Unopened> {
    let mut random = [0; SESSION_ID_BYTES];
    if let Err(error) = getrandom::fill(&mut random) {
        tracing::error!(%error, "no random bytes for a session id: check the system's random source");
        return Err(Unopened::NoRandomBytes);
    }
    let id = SessionId::from_random(random);
    let shared = Arc::new(Shared::new(
        id,
        Arc::clone(&engine.session_config),
        transport,
        now(),
    ));
    let entry = engine.registry.enter(shared);
    // Asked once more: a session that was entered before closing began is closed with the others,
    // one that was entered later would be overlooked.
    if engine.is_closing() {
        return Err(Unopened::Closing);
    }
    Ok(entry)
}

/// Why there is no new session.
#[derive(Clone, Copy, Debug)]
enum Unopened {
    /// The engine is being closed.
    Closing,
    /// The operating system gives no random bytes.
    NoRandomBytes,
}

impl Unopened {
    fn answer(self) -> EngineResponse {
        match self {
            Self::Closing => response::unavailable(),
            Self::NoRandomBytes => response::status(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

fn open_packet<A: Application>(
    engine: &Engine<A>,
    session: &Shared,
    transport: Transport,
) -> Packet {
    let config = &engine.config;
    let upgrades: &[Transport] = if transport == Transport::Polling
        && config.allow_upgrades
        && config.transports.websocket
    {
        &[Transport::WebSocket]
    } else {
        &[]
    };
    let handshake = Handshake {
        sid: session.id(),
        upgrades,
        ping_interval: config.session.ping_interval,
        ping_timeout: config.session.ping_timeout,
        max_payload: config.max_http_buffer_size,
    };
    Packet::Open(handshake.to_json().into())
}

/// The answer that turns the connection into a WebSocket, and the future connection.
fn switch_protocols(parts: &mut Parts) -> Result<(OnUpgrade, EngineResponse), BadUpgrade> {
    let key = route::websocket_key(parts)?;
    let mut response = response::status(StatusCode::SWITCHING_PROTOCOLS);
    let headers = response.headers_mut();
    if let Some(key) = key {
        let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        if let Ok(accept) = HeaderValue::from_str(&accept) {
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        }
    }
    if let Some(protocol) = route::first_subprotocol(&parts.headers) {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    if parts.version == Version::HTTP_2 {
        *response.status_mut() = StatusCode::OK;
    }
    match parts.extensions.remove::<OnUpgrade>() {
        Some(on_upgrade) => Ok((on_upgrade, response)),
        None => {
            tracing::error!(
                "the HTTP server does not support upgrades: serve with axum::serve or hyper's \
                 serve_connection_with_upgrades, and put no layer outside that removes extensions"
            );
            Err(BadUpgrade::Unsupported)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;
    use crate::application::tests::Nothing;

    #[test]
    fn no_session_is_entered_behind_the_back_of_closing() {
        let engine = Arc::new(Engine::new(Config::default(), Nothing));
        let entry = new_session(&engine, Transport::Polling).unwrap();
        assert_eq!(engine.clients_count(), 1);
        // The request was let in before closing began, and comes to the table only now.
        engine.refuse_sessions();
        let refused = new_session(&engine, Transport::Polling).unwrap_err();
        assert_eq!(refused.answer().status(), 503);
        assert_eq!(engine.clients_count(), 1);
        drop(entry);
        assert_eq!(engine.clients_count(), 0);
    }
}

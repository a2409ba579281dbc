//! Handshakes: requests that open a session.

use std::sync::Arc;

use engineio_proto::{Handshake, Packet, PayloadEncoder, Transport};
use http::header;
use http::request::Parts;
use tokio::runtime::Handle;

use super::route;
use super::upgrade::switch_protocols;
use crate::config::Config;
use crate::driver::polling::{self, PollPayload};
use crate::driver::{Driver, PollingTask};
use crate::engine::Engine;
use crate::engine::application::Application;
use crate::engine::registry::SessionGuard;
use crate::engine::session_id::{self, InvalidId};
use crate::http::connection_failure::{FailureContext, Refusal};
use crate::http::query::QueryText;
use crate::http::response::{self, BadUpgrade, EngineResponse, Unavailable};
use crate::log::Escaped;
use crate::session::{Shared, now, spawn_on};
use crate::transport::jsonp::Jsonp;
use crate::transport::webtransport;

/// Opens a session if the application allows it.
pub(super) async fn open<A: Application>(
    engine: &Arc<Engine<A>>,
    mut parts: Parts,
    transport: Transport,
) -> EngineResponse {
    let guard = match admit(engine, &mut parts, transport).await {
        Ok(guard) => guard,
        Err(OpenError::BadUpgrade(reason)) => return response::bad_upgrade(reason),
        Err(OpenError::Unavailable(reason)) => return response::unavailable(reason),
        Err(OpenError::Refused(refusal)) => return route::refuse(engine, &parts, &refusal),
    };
    let open = open_packet(&engine.config, &guard.session, transport);
    match transport {
        Transport::Polling => open_polling(engine, parts, guard, open).await,
        _ => open_websocket(engine, parts, guard, open),
    }
}

/// Asks the application for permission and an id, and registers the session.
pub(super) async fn admit<A: Application>(
    engine: &Arc<Engine<A>>,
    parts: &mut Parts,
    transport: Transport,
) -> Result<SessionGuard, OpenError> {
    if let Some(reason) = engine.unavailable() {
        return Err(OpenError::Unavailable(reason));
    }
    engine
        .application
        .allow_request(parts)
        .await
        .map_err(Refusal::by_application)?;
    let protocol = match transport {
        Transport::WebTransport => webtransport::PROTOCOL,
        _ => route::protocol(parts, &engine.config)?,
    };
    if transport == Transport::WebSocket {
        route::websocket_key(parts).map_err(OpenError::BadUpgrade)?;
    }
    let id = engine.application.generate_id(parts).await;
    let id = id.and_then(|id| Ok(session_id::check(&id).map(|()| id)?));
    let guard = id.and_then(|id| {
        let config = Arc::clone(&engine.session_config);
        let counters = Arc::clone(&engine.registry.counters);
        let session = Shared::new(id, config, protocol, transport, now(), counters);
        let guard = engine.registry.register(Arc::new(session));
        Ok(guard.ok_or(InvalidId::InUse)?)
    });
    let guard = guard.map_err(|error| {
        crate::log_limited!(
            error,
            None,
            "refusing a session: no valid id was generated",
            error = %Escaped(&error),
        );
        Refusal::bad_request(FailureContext::IdGeneration { error })
    })?;
    // Checked again: a session that was registered before closing or draining began is closed with
    // the others, but one that was registered later would be missed.
    if let Some(reason) = engine.unavailable() {
        return Err(OpenError::Unavailable(reason));
    }
    Ok(guard)
}

/// The reason why no session was opened.
#[derive(Debug)]
pub(super) enum OpenError {
    /// The request cannot be upgraded to a WebSocket.
    BadUpgrade(BadUpgrade),
    Refused(Refusal),
    /// The engine is draining or closing.
    Unavailable(Unavailable),
}

impl From<Refusal> for OpenError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

async fn open_polling<A: Application>(
    engine: &Arc<Engine<A>>,
    parts: Parts,
    guard: SessionGuard,
    open: Packet,
) -> EngineResponse {
    let query = QueryText::of(&parts);
    let query = query.parse();
    let jsonp = query.jsonp.map(Jsonp::with_index);
    let mut payload = {
        let mut state = guard.session.lock();
        // The first request determines the encoding of all later payloads.
        state.cold_or_insert().text_payloads = query.base64;
        PayloadEncoder::new(state.proto.protocol(), query.base64 || jsonp.is_some())
    };
    payload.push(open);
    if let Some(message) = &engine.config.initial_packet {
        payload.push(Packet::Message(message.clone()));
    }
    let answer = PollPayload {
        payload: payload.finish(),
        compress: true,
    };
    let compression = engine.config.http_compression.as_ref();
    let packets = match polling::build_response(answer, jsonp.as_ref(), &parts, compression) {
        Ok(packets) => packets,
        Err(uncompressed) => uncompressed.compress().await,
    };
    let mut response = packets.into_response(&parts.headers);
    add_initial_headers(engine, &guard, &mut response, &parts);
    let session = Arc::clone(&guard.session);
    let driver = Driver::polling(Arc::clone(engine), guard, parts);
    let task = PollingTask::new(session, Box::pin(driver));
    spawn_on(&Handle::current(), Box::pin(task));
    response
}

fn open_websocket<A: Application>(
    engine: &Arc<Engine<A>>,
    mut parts: Parts,
    guard: SessionGuard,
    open: Packet,
) -> EngineResponse {
    let protocol = guard.session.lock().proto.protocol();
    let (upgrade, mut response) = match switch_protocols(&engine.config, protocol, &mut parts) {
        Ok(switched) => switched,
        Err(reason) => return response::bad_upgrade(reason),
    };
    add_initial_headers(engine, &guard, &mut response, &parts);
    let driver = Driver::websocket(Arc::clone(engine), guard, upgrade, parts, open);
    spawn_on(&Handle::current(), Box::pin(driver));
    response
}

/// Adds the headers of the first response of a session.
fn add_initial_headers<A: Application>(
    engine: &Engine<A>,
    guard: &SessionGuard,
    response: &mut EngineResponse,
    parts: &Parts,
) {
    let headers = response.headers_mut();
    if let Some(cookie) = &engine.config.cookie {
        headers.append(header::SET_COOKIE, cookie.header(guard.session.id()));
    }
    engine.application.initial_headers(headers, parts);
    engine.application.headers(headers, parts);
}

pub(super) fn open_packet(config: &Config, session: &Shared, transport: Transport) -> Packet {
    let mut upgrades = Vec::new();
    if transport == Transport::Polling && config.allow_upgrades {
        // WebTransport supports only one revision.
        let protocol = session.lock().proto.protocol();
        let is_supported = |to: &Transport| match to {
            Transport::WebTransport => protocol == webtransport::PROTOCOL,
            _ => true,
        };
        upgrades.extend(config.transports.upgrades().filter(is_supported));
    }
    Handshake::new(session.id())
        .upgrades(&upgrades)
        .ping_interval(config.session.ping_interval)
        .ping_timeout(config.session.ping_timeout)
        .max_payload(config.max_http_buffer_size)
        .to_packet()
}

#[cfg(test)]
mod tests {
    use std::sync::{OnceLock, Weak};

    use engineio_proto::SessionId;
    use http::Request;

    use super::*;
    use crate::engine::application::tests::NoopApplication;
    use crate::http::connection_failure::BoxError;

    #[tokio::test]
    async fn no_session_opens_once_the_engine_is_closing() {
        let engine = Arc::new(Engine::new(Config::default(), NoopApplication));
        let request = || Request::get("/engine.io/?EIO=4").body(()).unwrap();
        let (mut parts, ()) = request().into_parts();
        let guard = admit(&engine, &mut parts, Transport::Polling)
            .await
            .unwrap();
        assert_eq!(engine.clients_count(), 1);
        drop(guard);
        assert_eq!(engine.clients_count(), 0);

        /// An application that starts closing the engine while it generates an id.
        struct Closes(OnceLock<Weak<Engine<Self>>>);

        impl Application for Closes {
            type Connection = NoopApplication;

            fn open(&self, _: crate::session::Session, _: Parts) -> NoopApplication {
                NoopApplication
            }

            async fn generate_id(&self, _: &Parts) -> Result<SessionId, BoxError> {
                let engine = self.0.get().and_then(Weak::upgrade);
                engine.expect("the engine lives").refuse_sessions();
                session_id::random()
            }
        }

        let engine = Arc::new(Engine::new(Config::default(), Closes(OnceLock::new())));
        engine.application.0.set(Arc::downgrade(&engine)).unwrap();
        let refused = admit(&engine, &mut parts, Transport::Polling).await;
        assert!(matches!(
            refused,
            Err(OpenError::Unavailable(Unavailable::Closing))
        ));
        assert_eq!(engine.clients_count(), 0);
    }
}

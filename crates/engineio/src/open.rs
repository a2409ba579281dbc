//! From a request to its answer: refusals, handshakes, upgrades, and the requests of polling
//! sessions.

use std::sync::Arc;

use engineio_proto::{Handshake, Packet, PayloadEncoder, Protocol, SessionId, Transport};
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{Request, StatusCode, Version};
use http_body::Body;
use hyper::upgrade::OnUpgrade;
use smallvec::SmallVec;
use tungstenite::handshake::derive_accept_key;

use crate::application::Application;
use crate::config::Config;
use crate::connection_failure::{ConnectionFailure, FailureContext, Refusal};
use crate::engine::Engine;
use crate::future::EngineResponse;
use crate::registry::Entry;
use crate::response;
use crate::route::{self, BadUpgrade, Route};
use crate::session::driver::Driver;
use crate::session::{Shared, now};
use crate::session_id::{self, InvalidId};
use crate::transport::channel::Arriving;
use crate::transport::coding::Coding;
use crate::transport::jsonp::Jsonp;
use crate::transport::polling::{self, Answer};
use crate::transport::websocket::{self, Switching};
use crate::transport::webtransport;

mod webtransport_session;

pub(crate) use self::webtransport_session::serve_webtransport;

/// Answers a request below the engine's path.
pub(crate) async fn answer<A, B>(engine: Arc<Engine<A>>, request: Request<B>) -> EngineResponse
where
    A: Application,
    B: Body,
{
    let (parts, body) = request.into_parts();
    let route = match route::route(&parts, &engine.config, |sid| look_up(&engine, sid)) {
        Ok(route) => route,
        Err(refusal) => return refuse(&engine, &parts, &refusal),
    };
    let answered = match route {
        Route::Open(transport) => return open(&engine, parts, transport).await,
        Route::Poll(sid) => match find(&engine, &sid) {
            Ok(session) => {
                let compression = engine.config.http_compression.as_ref();
                polling::poll(session, &parts, compression).await
            }
            Err(refusal) => Err(refusal),
        },
        Route::Post(sid) => match find(&engine, &sid) {
            Ok(session) => {
                let limit = engine.config.max_http_buffer_size;
                polling::post(session, &parts, body, limit).await
            }
            Err(refusal) => Err(refusal),
        },
        Route::Upgrade(sid) => match find(&engine, &sid) {
            Ok(session) => return upgrade(&engine, &session, parts),
            Err(refusal) => Err(refusal),
        },
        Route::UnknownMethod => Ok(response::status(StatusCode::INTERNAL_SERVER_ERROR)),
    };
    match answered {
        Ok(mut response) => {
            if response.status() == StatusCode::OK {
                engine.application.headers(response.headers_mut(), &parts);
            }
            response
        }
        Err(refusal) => refuse(&engine, &parts, &refusal),
    }
}

/// Answers a request that must be one for a WebSocket.
pub(crate) async fn answer_upgrade<A, B>(
    engine: Arc<Engine<A>>,
    request: Request<B>,
) -> EngineResponse
where
    A: Application,
    B: Body,
{
    let (parts, body) = request.into_parts();
    if !route::is_websocket_upgrade(&parts) {
        let refusal = Refusal::bad_request(FailureContext::TransportHandshake);
        return refuse(&engine, &parts, &refusal);
    }
    answer(engine, Request::from_parts(parts, body)).await
}

/// The transport of a session, and its revision of the protocol.
fn look_up<A: Application>(engine: &Engine<A>, sid: &SessionId) -> Option<(Transport, Protocol)> {
    let session = engine.session(sid)?;
    Some((session.transport(), session.protocol()))
}

fn find<A: Application>(engine: &Engine<A>, sid: &SessionId) -> Result<Arc<Shared>, Refusal> {
    let found = engine.registry.find(sid);
    found.ok_or_else(|| Refusal::unknown_session(sid))
}

fn refuse<A: Application>(engine: &Engine<A>, parts: &Parts, refusal: &Refusal) -> EngineResponse {
    let error = &refusal.error;
    tell_refused(engine, parts, refusal);
    if route::is_websocket_upgrade(parts) {
        response::upgrade_error(error)
    } else {
        response::error(error)
    }
}

/// Tells the application that a client is refused.
fn tell_refused<A: Application>(engine: &Engine<A>, parts: &Parts, refusal: &Refusal) {
    tracing::debug!(
        code = refusal.error.code(),
        reason = refusal.error.message(),
        context = %refusal.context,
        "request refused"
    );
    engine.application.connection_error(&ConnectionFailure {
        request: parts,
        refusal,
    });
}

/// Opens a session, if the application lets it in.
async fn open<A: Application>(
    engine: &Arc<Engine<A>>,
    mut parts: Parts,
    transport: Transport,
) -> EngineResponse {
    let entry = match admit(engine, &mut parts, transport).await {
        Ok(entry) => entry,
        Err(Unopened::BadUpgrade(reason)) => return response::bad_upgrade(reason),
        Err(Unopened::Closing) => return response::unavailable(),
        Err(Unopened::Refused(refusal)) => return refuse(engine, &parts, &refusal),
    };
    let open = open_packet(engine, &entry.session, transport);
    match transport {
        Transport::Polling => open_polling(engine, parts, entry, &open).await,
        _ => open_websocket(engine, parts, entry, open),
    }
}

/// Asks the application, and makes a place for the session.
async fn admit<A: Application>(
    engine: &Arc<Engine<A>>,
    parts: &mut Parts,
    transport: Transport,
) -> Result<Entry, Unopened> {
    if engine.is_closing() {
        return Err(Unopened::Closing);
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
        route::websocket_key(parts).map_err(Unopened::BadUpgrade)?;
    }
    let id = engine.application.generate_id(parts).await;
    let id = id.and_then(|id| Ok(session_id::check(&id).map(|()| id)?));
    let entry = id.and_then(|id| {
        let config = Arc::clone(&engine.session_config);
        let session = Shared::new(id, config, protocol, transport, now());
        let entry = engine.registry.enter(Arc::new(session));
        Ok(entry.ok_or(InvalidId::InUse)?)
    });
    let entry = entry.map_err(|error| {
        tracing::error!(%error, "no session is opened");
        Refusal::bad_request(FailureContext::IdGeneration { error })
    })?;
    // Asked once more: a session that was entered before closing began is closed with the others,
    // one that was entered later would be overlooked.
    if engine.is_closing() {
        return Err(Unopened::Closing);
    }
    Ok(entry)
}

/// Why there is no new session.
#[derive(Debug)]
enum Unopened {
    /// The request cannot become a WebSocket.
    BadUpgrade(BadUpgrade),
    /// The engine is being closed.
    Closing,
    Refused(Refusal),
}

impl From<Refusal> for Unopened {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

async fn open_polling<A: Application>(
    engine: &Arc<Engine<A>>,
    parts: Parts,
    entry: Entry,
    open: &Packet,
) -> EngineResponse {
    let jsonp = Jsonp::requested(parts.uri.query());
    let mut payload = {
        let mut state = entry.session.lock();
        // All that is polled later is written as the first request wants it.
        let text = route::wants_base64(parts.uri.query());
        state.rare().polls_text = text;
        PayloadEncoder::new(state.proto.protocol(), text || jsonp.is_some())
    };
    payload.push(open);
    if let Some(message) = &engine.config.initial_packet {
        payload.push(&Packet::Message(message.clone()));
    }
    let answer = Answer {
        payload: payload.finish(),
        compress: true,
    };
    let compression = engine.config.http_compression.as_ref();
    let mut response = polling::payload(answer, jsonp.as_ref(), &parts, compression).await;
    initial_headers(engine, &entry, &mut response, &parts);
    tokio::spawn(Driver::polling(Arc::clone(engine), entry, parts));
    response
}

fn open_websocket<A: Application>(
    engine: &Arc<Engine<A>>,
    mut parts: Parts,
    entry: Entry,
    open: Packet,
) -> EngineResponse {
    let protocol = entry.session.lock().proto.protocol();
    let (switching, mut response) = match switch_protocols(&engine.config, protocol, &mut parts) {
        Ok(switched) => switched,
        Err(reason) => return response::bad_upgrade(reason),
    };
    initial_headers(engine, &entry, &mut response, &parts);
    let driver = Driver::websocket(Arc::clone(engine), entry, switching, parts, open);
    tokio::spawn(driver);
    response
}

/// Completes the first answer of a session.
fn initial_headers<A: Application>(
    engine: &Engine<A>,
    entry: &Entry,
    response: &mut EngineResponse,
    parts: &Parts,
) {
    let headers = response.headers_mut();
    if let Some(cookie) = &engine.config.cookie {
        headers.append(header::SET_COOKIE, cookie.header(entry.session.id()));
    }
    engine.application.initial_headers(headers, parts);
    engine.application.headers(headers, parts);
}

/// A WebSocket for a session that polls: its task takes it from here.
fn upgrade<A: Application>(
    engine: &Engine<A>,
    session: &Arc<Shared>,
    mut parts: Parts,
) -> EngineResponse {
    // The request is looked at before the session is, so that a bad one changes nothing.
    let protocol = session.lock().proto.protocol();
    let (switching, mut response) = match switch_protocols(&engine.config, protocol, &mut parts) {
        Ok(switched) => switched,
        Err(reason) => return response::bad_upgrade(reason),
    };
    let mut state = session.lock();
    if state
        .proto
        .handle_probe(now(), Transport::WebSocket)
        .is_err()
    {
        drop(state);
        let refusal = Refusal::bad_request(FailureContext::TransportHandshake);
        return refuse(engine, &parts, &refusal);
    }
    state.rare().probe = Some(Arriving::WebSocket(switching));
    state.wake_all();
    drop(state);
    engine.application.headers(response.headers_mut(), &parts);
    response
}

fn open_packet<A: Application>(
    engine: &Engine<A>,
    session: &Shared,
    transport: Transport,
) -> Packet {
    let config = &engine.config;
    let mut upgrades = SmallVec::<[Transport; 2]>::new();
    if transport == Transport::Polling && config.allow_upgrades {
        // There is one revision only on WebTransport.
        let spoken = session.lock().proto.protocol();
        let speaks = |to: &Transport| match to {
            Transport::WebTransport => spoken == webtransport::PROTOCOL,
            _ => true,
        };
        upgrades.extend(config.transports.upgrades().filter(speaks));
    }
    let handshake = Handshake {
        sid: session.id(),
        upgrades: &upgrades,
        ping_interval: config.session.ping_interval,
        ping_timeout: config.session.ping_timeout,
        max_payload: config.max_http_buffer_size,
    };
    Packet::Open(handshake.to_json().into())
}

/// The answer that turns the connection into a WebSocket, and the future connection.
fn switch_protocols(
    config: &Config,
    protocol: Protocol,
    parts: &mut Parts,
) -> Result<(Switching, EngineResponse), BadUpgrade> {
    let key = route::websocket_key(parts)?;
    let mut response = response::status(StatusCode::SWITCHING_PROTOCOLS);
    let headers = response.headers_mut();
    if let Some(key) = key {
        let accept = derive_accept_key(key.as_bytes());
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
                base64: route::wants_base64(parts.uri.query()),
            };
            let switching = Switching {
                on_upgrade,
                coding,
                deflate,
            };
            Ok((switching, response))
        }
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
    use std::sync::{OnceLock, Weak};

    use super::*;
    use crate::application::tests::Nothing;
    use crate::connection_failure::BoxError;

    #[tokio::test]
    async fn no_session_is_entered_behind_the_back_of_closing() {
        let engine = Arc::new(Engine::new(Config::default(), Nothing));
        let request = || Request::get("/engine.io/?EIO=4").body(()).unwrap();
        let (mut parts, ()) = request().into_parts();
        let entry = admit(&engine, &mut parts, Transport::Polling)
            .await
            .unwrap();
        assert_eq!(engine.clients_count(), 1);
        drop(entry);
        assert_eq!(engine.clients_count(), 0);

        /// Closing begins while the application makes the id.
        struct Closes(OnceLock<Weak<Engine<Self>>>);

        impl Application for Closes {
            type Connection = Nothing;

            fn open(&self, _: crate::Session, _: Parts) -> Nothing {
                Nothing
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
        assert!(matches!(refused, Err(Unopened::Closing)));
        assert_eq!(engine.clients_count(), 0);
    }
}

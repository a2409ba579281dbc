//! From a request to its answer: refusals, handshakes, upgrades, and the requests of polling
//! sessions.

use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;

use engineio_proto::{Handshake, Packet, PayloadEncoder, Protocol, Transport};
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{Request, StatusCode, Version};
use http_body::Body;
use hyper::upgrade::OnUpgrade;
use smallvec::SmallVec;
use tungstenite::handshake::derive_accept_key;

use crate::config::Config;
use crate::driver::Driver;
use crate::driver::PollingTask;
use crate::driver::polling::{self, Answer, Outcome};
use crate::engine::Engine;
use crate::engine::application::Application;
use crate::engine::registry::Entry;
use crate::engine::session_id::{self, InvalidId};
use crate::http::connection_failure::{ConnectionFailure, FailureContext, Refusal};
use crate::http::query::Query;
use crate::http::response::{self, BadUpgrade, EngineResponse};
use crate::open::route::{self, Found, Route};
use crate::session::{Shared, now};
use crate::transport::channel::Arriving;
use crate::transport::coding::Coding;
use crate::transport::jsonp::Jsonp;
use crate::transport::websocket::{self, Switching};
use crate::transport::webtransport;

mod route;
mod webtransport_session;

pub(crate) use self::webtransport_session::serve_webtransport;

/// An answer of the engine in the making.
pub(crate) type EngineFuture = Pin<Box<dyn Future<Output = EngineResponse> + Send>>;

/// Answers a request below the engine's path.
///
/// What it asks for is found at once, so that the future of each kind of request holds what that
/// kind needs: those of polling are small, and there are two for every message.
pub(crate) fn answer<A, B>(engine: Arc<Engine<A>>, request: Request<B>) -> EngineFuture
where
    A: Application,
    B: Body + Send + 'static,
{
    let (mut parts, body) = request.into_parts();
    match route::route(&parts, &engine.config, |sid| look_up(&engine, sid)) {
        Ok(Route::Poll(session, jsonp)) => Box::pin(async move {
            let compression = engine.config.http_compression.as_ref();
            let polled = polling::poll(&session, &parts, jsonp.as_ref(), compression).await;
            completed(&engine, &mut parts, polled)
        }),
        Ok(Route::Post(session, jsonp)) => Box::pin(async move {
            let limit = engine.config.max_http_buffer_size;
            let posted = polling::post(&session, &parts, jsonp.is_some(), body, limit).await;
            completed(&engine, &mut parts, posted)
        }),
        Ok(Route::Open(transport)) => {
            Box::pin(async move { open(&engine, parts, transport).await })
        }
        Ok(Route::Upgrade(session)) => Box::pin(async move { upgrade(&engine, &session, parts) }),
        Ok(Route::UnknownMethod) => {
            Box::pin(ready(response::status(StatusCode::INTERNAL_SERVER_ERROR)))
        }
        Err(refusal) => Box::pin(async move { refuse(&engine, &parts, &refusal) }),
    }
}

/// Answers a request that must be one for a WebSocket.
pub(crate) fn answer_upgrade<A, B>(engine: Arc<Engine<A>>, request: Request<B>) -> EngineFuture
where
    A: Application,
    B: Body + Send + 'static,
{
    let (parts, body) = request.into_parts();
    if !route::is_websocket_upgrade(&parts) {
        let refusal = Refusal::bad_request(FailureContext::TransportHandshake);
        return Box::pin(async move { refuse(&engine, &parts, &refusal) });
    }
    answer(engine, Request::from_parts(parts, body))
}

fn look_up<A: Application>(engine: &Engine<A>, sid: &str) -> Option<Found<Arc<Shared>>> {
    let session = engine.registry.find(sid)?;
    let (transport, protocol) = session.transport_and_protocol();
    Some(Found {
        session,
        transport,
        protocol,
    })
}

/// The answer to a request of a polling session, with the headers that the application wants.
fn completed<A: Application>(
    engine: &Engine<A>,
    parts: &mut Parts,
    outcome: Result<Outcome, Refusal>,
) -> EngineResponse {
    match outcome {
        Ok(Outcome::Told(told)) if engine.application.wants_headers() => {
            let mut response = told.answer(&parts.headers);
            engine.application.headers(response.headers_mut(), parts);
            response
        }
        Ok(Outcome::Told(told)) => told.answer_in_place_of(&mut parts.headers),
        Ok(Outcome::Status(status)) => response::status(status),
        Err(refusal) => refuse(engine, parts, &refusal),
    }
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
        Transport::Polling => open_polling(engine, parts, entry, open).await,
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
    open: Packet,
) -> EngineResponse {
    let query = Query::of(parts.uri.query());
    let jsonp = query.jsonp.map(Jsonp::calling);
    let mut payload = {
        let mut state = entry.session.lock();
        // All that is polled later is written as the first request wants it.
        state.rare().polls_text = query.base64;
        PayloadEncoder::new(state.proto.protocol(), query.base64 || jsonp.is_some())
    };
    payload.push(open);
    if let Some(message) = &engine.config.initial_packet {
        payload.push(Packet::Message(message.clone()));
    }
    let answer = Answer {
        payload: payload.finish(),
        compress: true,
    };
    let compression = engine.config.http_compression.as_ref();
    let packets = match polling::payload(answer, jsonp.as_ref(), &parts, compression) {
        Ok(packets) => packets,
        Err(uncompressed) => uncompressed.compress().await,
    };
    let mut response = packets.answer(&parts.headers);
    initial_headers(engine, &entry, &mut response, &parts);
    let session = Arc::clone(&entry.session);
    let driver = Driver::polling(Arc::clone(engine), entry, parts);
    tokio::spawn(PollingTask::new(session, driver));
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
    Handshake::new(session.id())
        .upgrades(&upgrades)
        .ping_interval(config.session.ping_interval)
        .ping_timeout(config.session.ping_timeout)
        .max_payload(config.max_http_buffer_size)
        .to_packet()
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
                base64: Query::of(parts.uri.query()).base64,
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

    use bytes::Bytes;
    use engineio_proto::SessionId;
    use http_body_util::Full;

    use super::*;
    use crate::engine::application::tests::Nothing;
    use crate::http::connection_failure::BoxError;

    #[tokio::test]
    async fn a_request_of_polling_holds_little() {
        let engine = Arc::new(Engine::new(Config::default(), Nothing));
        let id = SessionId::from("polls");
        let session = Shared::new(id, Arc::default(), Protocol::V4, Transport::Polling, now());
        let _entry = engine.registry.enter(Arc::new(session)).unwrap();
        for method in ["GET", "POST"] {
            let request = Request::builder()
                .method(method)
                .uri("/engine.io/?EIO=4&transport=polling&sid=polls")
                .body(Full::new(Bytes::new()))
                .unwrap();
            let answer = answer(Arc::clone(&engine), request);
            // Two for every message, and one for as long as the client waits. Allocators are slower
            // where it is more than a kilobyte.
            let size = size_of_val(&*answer);
            assert!(size <= 704, "{method}: {size} bytes");
            assert_eq!(engine.clients_count(), 1);
        }
    }

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

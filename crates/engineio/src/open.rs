//! From a request to its answer: refusals, handshakes, upgrades, and the requests of polling
//! sessions.

mod handshake;
mod refuse;
mod route;
mod upgrade;
mod webtransport_session;

use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;

use http::request::Parts;
use http::{Request, StatusCode};
use http_body::Body;

use self::handshake::open;
use self::refuse::refuse;
use self::route::{Found, Route};
use self::upgrade::upgrade;
pub(crate) use self::webtransport_session::serve_webtransport;
use crate::driver::polling::{self, Outcome};
use crate::engine::Engine;
use crate::engine::application::Application;
use crate::http::connection_failure::{FailureContext, Refusal};
use crate::http::response::{self, EngineResponse};
use crate::session::Shared;

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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use engineio_proto::{Protocol, SessionId, Transport};
    use http_body_util::Full;

    use super::*;
    use crate::config::Config;
    use crate::engine::application::tests::Nothing;
    use crate::session::now;

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
}

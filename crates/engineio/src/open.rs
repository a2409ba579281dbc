//! Requests below the engine's path: routing, handshakes, upgrades and refusals; may use everything
//! from `driver` down.

mod handshake;
mod route;
mod upgrade;
mod upgrade_headers;
mod webtransport_session;

use std::future::ready;
use std::pin::pin;
use std::sync::Arc;

use http::request::Parts;
use http::{Request, StatusCode, Version, header};
use http_body::Body;

use self::handshake::open;
use self::route::{FoundSession, Route, refuse};
use self::upgrade::upgrade;
pub(crate) use self::webtransport_session::serve_webtransport;
use crate::driver::polling::{self, Outcome};
use crate::engine::application::Application;
use crate::engine::{Engine, EngineFuture, Starters};
use crate::http::connection_failure::{FailureContext, Refusal};
use crate::http::response::{self, EngineResponse};
use crate::session::Shared;

/// Returns the functions that open and upgrade sessions.
pub(crate) fn starters<A: Application>() -> Starters<A> {
    Starters {
        open: |engine, parts, transport| {
            Box::pin(async move { open(&engine, parts, transport).await })
        },
        upgrade: |engine, session, parts| {
            Box::pin(async move { upgrade(&engine, &session, parts) })
        },
    }
}

/// Answers a request below the engine's path.
///
/// The request is routed before the future is created, so that the future only holds what this kind
/// of request needs. The futures of polling clients are small, because there are two of them for
/// every message.
pub(crate) fn answer<A, B>(engine: Arc<Engine<A>>, request: Request<B>) -> EngineFuture
where
    A: Application,
    B: Body + Send + 'static,
{
    let (mut parts, body) = request.into_parts();
    let route = route::route(&parts, &engine.config, |sid| find_session(&engine, sid));
    // A POST reads its body.
    let is_unread = !matches!(route, Ok(Route::Post(..))) && leaves_unread(&parts, &body);
    let answer: EngineFuture = match route {
        Ok(Route::Poll(requested, jsonp)) => Box::pin(async move {
            let session = requested.settle().await;
            let compression = engine.config.http_compression.as_ref();
            let polled = polling::poll(&session, &parts, jsonp.as_ref(), compression).await;
            respond(&engine, &mut parts, polled)
        }),
        Ok(Route::Post(requested, jsonp)) => Box::pin(async move {
            let session = requested.settle().await;
            let limit = engine.config.max_http_buffer_size;
            let mut body = pin!(body);
            let body_ref = body.as_mut();
            let posted = polling::post(&session, &parts, jsonp.is_some(), body_ref, limit).await;
            let succeeded = matches!(posted, Ok(Outcome::Response(_)));
            let response = respond(&engine, &mut parts, posted);
            if succeeded || !leaves_unread(&parts, &*body) {
                return response;
            }
            response::close_connection(response)
        }),
        Ok(Route::Open(transport)) => {
            let open = engine.starters.open;
            open(engine, parts, transport)
        }
        Ok(Route::Upgrade(requested)) => {
            let upgrade = engine.starters.upgrade;
            upgrade(engine, requested.session, parts)
        }
        Ok(Route::UnknownMethod) => {
            Box::pin(ready(response::status(StatusCode::INTERNAL_SERVER_ERROR)))
        }
        Err(refusal) => Box::pin(async move { refuse(&engine, &parts, &refusal) }),
    };
    if is_unread {
        return Box::pin(async move { response::close_connection(answer.await) });
    }
    answer
}

/// Returns whether the HTTP server has to close the connection after the response, because the body
/// of the request has not been read.
///
/// Layers may wrap a body so that it does not know that it is empty. So the head of the request has
/// to announce a body.
fn leaves_unread<B: Body>(parts: &Parts, body: &B) -> bool {
    let announces_body = || {
        let length = parts.headers.get(header::CONTENT_LENGTH);
        parts.headers.contains_key(header::TRANSFER_ENCODING)
            || length.is_some_and(|length| length != "0")
    };
    parts.version < Version::HTTP_2 && !body.is_end_stream() && announces_body()
}

/// Answers a request that must be a WebSocket upgrade.
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

/// The session that a request names.
struct RequestedSession {
    session: Arc<Shared>,
    /// Whether another transport was being probed when the request arrived.
    is_upgrading: bool,
}

impl RequestedSession {
    /// Returns the session once the driver has read what has arrived on a probing channel.
    async fn settle(self) -> Arc<Shared> {
        if self.is_upgrading {
            polling::read_probe(&self.session).await;
        }
        self.session
    }
}

fn find_session<A: Application>(
    engine: &Engine<A>,
    sid: &str,
) -> Option<FoundSession<RequestedSession>> {
    let session = engine.registry.find(sid)?;
    let (transport, protocol, is_upgrading) = session.for_request();
    Some(FoundSession {
        session: RequestedSession {
            session,
            is_upgrading,
        },
        transport,
        protocol,
    })
}

/// Builds the response to a request of a polling session, with the headers of the application.
fn respond<A: Application>(
    engine: &Engine<A>,
    parts: &mut Parts,
    outcome: Result<Outcome, Refusal>,
) -> EngineResponse {
    match outcome {
        Ok(Outcome::Response(poll_response)) if engine.application.wants_headers() => {
            let mut response = poll_response.into_response(&parts.headers);
            engine.application.headers(response.headers_mut(), parts);
            response
        }
        Ok(Outcome::Response(poll_response)) => {
            poll_response.into_response_reusing(&mut parts.headers)
        }
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
    use crate::engine::application::tests::NoopApplication;
    use crate::session::now;

    #[tokio::test]
    async fn the_future_of_a_polling_request_is_small() {
        let engine = Arc::new(Engine::new(Config::default(), NoopApplication));
        let id = SessionId::from("polls");
        let session = Shared::new(
            id,
            Arc::default(),
            Protocol::V4,
            Transport::Polling,
            now(),
            Arc::default(),
        );
        let _entry = engine.registry.register(Arc::new(session)).unwrap();
        for method in ["GET", "POST"] {
            let request = Request::builder()
                .method(method)
                .uri("/engine.io/?EIO=4&transport=polling&sid=polls")
                .body(Full::new(Bytes::new()))
                .unwrap();
            let answer = answer(Arc::clone(&engine), request);
            // There are two futures per message, and one for as long as a client polls. Allocations
            // of more than a kilobyte are slower.
            let size = size_of_val(&*answer);
            assert!(size <= 712, "{method}: {size} bytes");
            assert_eq!(engine.clients_count(), 1);
        }
    }
}

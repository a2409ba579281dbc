//! WebTransport streams: the first packet opens a session or upgrades one.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use engineio_proto::{SessionId, Transport};
use http::request::Parts;
use tokio::runtime::Handle;

use super::handshake::{OpenError, admit, open_packet};
use crate::driver::Driver;
use crate::engine::Engine;
use crate::engine::application::Application;
use crate::engine::registry::SessionGuard;
use crate::http::connection_failure::{FailureContext, Refusal};
use crate::open::route;
use crate::session::{now, spawn_on};
use crate::transport::channel::ProbeChannel;
use crate::transport::webtransport::{self, Greeting, WebTransport};

/// Passes the stream to a new session or to a polling one. Drops it if it is refused.
pub(crate) async fn serve_webtransport<A: Application>(
    engine: &Arc<Engine<A>>,
    webtransport: Box<WebTransport>,
    mut parts: Parts,
) {
    match accept(engine, webtransport, &mut parts).await {
        Ok(Some((webtransport, guard))) => {
            let open = open_packet(&engine.config, &guard.session, Transport::WebTransport);
            let engine = Arc::clone(engine);
            let driver = Driver::webtransport(engine, guard, webtransport, parts, &open);
            spawn_on(&Handle::current(), Box::pin(driver));
        }
        Ok(None) => {}
        Err(OpenError::Refused(refusal)) => route::report_refusal(engine, &parts, &refusal),
        Err(unopened) => tracing::debug!(?unopened, "a WebTransport stream opened no session"),
    }
}

/// Returns the stream and the registration of a new session if the client opens one.
async fn accept<A: Application>(
    engine: &Arc<Engine<A>>,
    mut webtransport: Box<WebTransport>,
    parts: &mut Parts,
) -> Result<Option<(Box<WebTransport>, SessionGuard)>, OpenError> {
    route::webtransport(parts, &engine.config)?;
    match receive_greeting(engine, &mut webtransport).await? {
        Some(Greeting::Open) => {
            let guard = admit_while_connected(engine, parts, &mut webtransport).await;
            Ok(guard.transpose()?.map(|guard| (webtransport, guard)))
        }
        Some(Greeting::Upgrade(sid)) => {
            upgrade(engine, webtransport, &sid)?;
            Ok(None)
        }
        None => Ok(None),
    }
}

/// Receives the first packet. Returns `None` if the client disconnects before.
async fn receive_greeting<A: Application>(
    engine: &Engine<A>,
    webtransport: &mut WebTransport,
) -> Result<Option<Greeting>, Refusal> {
    let limit = engine.config.session.upgrade_timeout;
    let first = poll_fn(|cx| webtransport.poll_receive(cx));
    let greeting = match tokio::time::timeout(limit, first).await {
        Ok(None) => return Ok(None),
        Ok(Some(Ok(packet))) => Greeting::from_packet(&packet),
        Ok(Some(Err(_))) | Err(_) => None,
    };
    match greeting {
        Some(greeting) => Ok(Some(greeting)),
        None => Err(Refusal::bad_request(FailureContext::TransportHandshake)),
    }
}

/// Calls [`admit`], but returns `None` if the client disconnects meanwhile.
async fn admit_while_connected<A: Application>(
    engine: &Arc<Engine<A>>,
    parts: &mut Parts,
    webtransport: &mut WebTransport,
) -> Option<Result<SessionGuard, OpenError>> {
    let mut admitted = pin!(admit(engine, parts, Transport::WebTransport));
    poll_fn(|cx| match admitted.as_mut().poll(cx) {
        Poll::Ready(admitted) => Poll::Ready(Some(admitted)),
        Poll::Pending => webtransport.poll_gone(cx).map(|()| None),
    })
    .await
}

/// Adds a stream to a polling session, whose driver takes it over.
fn upgrade<A: Application>(
    engine: &Engine<A>,
    webtransport: Box<WebTransport>,
    sid: &SessionId,
) -> Result<(), Refusal> {
    let session = engine.registry.find(sid.as_str());
    let session = session.ok_or_else(|| Refusal::unknown_session(sid))?;
    let mut state = session.lock();
    let protocol = state.proto.protocol();
    if protocol != webtransport::PROTOCOL {
        return Err(Refusal::bad_request(FailureContext::ProtocolMismatch {
            protocol: webtransport::PROTOCOL,
            previous: protocol,
        }));
    }
    if !engine.config.allow_upgrades
        || state
            .proto
            .handle_probe(now(), Transport::WebTransport)
            .is_err()
    {
        return Err(Refusal::bad_request(FailureContext::TransportHandshake));
    }
    state.cold_or_insert().probe = Some(ProbeChannel::WebTransport(webtransport));
    state.wake_all();
    Ok(())
}

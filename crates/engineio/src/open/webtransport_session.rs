//! From the first packet on the stream of a WebTransport session to a session of the engine.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use engineio_proto::{SessionId, Transport};
use http::request::Parts;

use super::handshake::{Unopened, admit, open_packet};
use super::refuse::tell_refused;
use crate::driver::Driver;
use crate::engine::Engine;
use crate::engine::application::Application;
use crate::engine::registry::Entry;
use crate::http::connection_failure::{FailureContext, Refusal};
use crate::open::route;
use crate::session::now;
use crate::transport::channel::Arriving;
use crate::transport::webtransport::{self, Greeting, WebTransport};

/// Gives the stream to a session, a new one or one that polls, or drops it.
pub(crate) async fn serve_webtransport<A: Application>(
    engine: &Arc<Engine<A>>,
    webtransport: Box<WebTransport>,
    mut parts: Parts,
) {
    match begin(engine, webtransport, &mut parts).await {
        Ok(Some((webtransport, entry))) => {
            let open = open_packet(engine, &entry.session, Transport::WebTransport);
            let engine = Arc::clone(engine);
            let driver = Driver::webtransport(engine, entry, webtransport, parts, &open);
            tokio::spawn(driver);
        }
        Ok(None) => {}
        Err(Unopened::Refused(refusal)) => tell_refused(engine, &parts, &refusal),
        Err(unopened) => tracing::debug!(?unopened, "no session for a WebTransport session"),
    }
}

/// Returns the stream with a place for a new session, if that is what the client wants.
async fn begin<A: Application>(
    engine: &Arc<Engine<A>>,
    mut webtransport: Box<WebTransport>,
    parts: &mut Parts,
) -> Result<Option<(Box<WebTransport>, Entry)>, Unopened> {
    route::webtransport(parts, &engine.config)?;
    match greeting(engine, &mut webtransport).await? {
        Some(Greeting::Open) => {
            let entry = admit_unless_gone(engine, parts, &mut webtransport).await;
            Ok(entry.transpose()?.map(|entry| (webtransport, entry)))
        }
        Some(Greeting::Upgrade(sid)) => {
            upgrade(engine, webtransport, &sid)?;
            Ok(None)
        }
        None => Ok(None),
    }
}

/// What the first packet asks for. `None` if the client goes before it has sent one.
async fn greeting<A: Application>(
    engine: &Engine<A>,
    webtransport: &mut WebTransport,
) -> Result<Option<Greeting>, Refusal> {
    let limit = engine.config.session.upgrade_timeout;
    let first = poll_fn(|cx| webtransport.poll_receive(cx));
    let greeting = match tokio::time::timeout(limit, first).await {
        Ok(None) => return Ok(None),
        Ok(Some(Ok(packet))) => Greeting::of(&packet),
        Ok(Some(Err(_))) | Err(_) => None,
    };
    match greeting {
        Some(greeting) => Ok(Some(greeting)),
        None => Err(Refusal::bad_request(FailureContext::TransportHandshake)),
    }
}

/// Asks the application, and makes a place for the session. `None` if the client goes meanwhile.
async fn admit_unless_gone<A: Application>(
    engine: &Arc<Engine<A>>,
    parts: &mut Parts,
    webtransport: &mut WebTransport,
) -> Option<Result<Entry, Unopened>> {
    let mut admitted = pin!(admit(engine, parts, Transport::WebTransport));
    poll_fn(|cx| match admitted.as_mut().poll(cx) {
        Poll::Ready(admitted) => Poll::Ready(Some(admitted)),
        Poll::Pending => webtransport.poll_gone(cx).map(|()| None),
    })
    .await
}

/// A stream for a session that polls: its task takes it from here.
fn upgrade<A: Application>(
    engine: &Engine<A>,
    webtransport: Box<WebTransport>,
    sid: &SessionId,
) -> Result<(), Refusal> {
    let session = engine.registry.find(sid.as_str());
    let session = session.ok_or_else(|| Refusal::unknown_session(sid))?;
    let mut state = session.lock();
    let spoken = state.proto.protocol();
    if spoken != webtransport::PROTOCOL {
        return Err(Refusal::bad_request(FailureContext::ProtocolMismatch {
            protocol: webtransport::PROTOCOL,
            previous: spoken,
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
    state.rare().probe = Some(Arriving::WebTransport(webtransport));
    state.wake_all();
    Ok(())
}

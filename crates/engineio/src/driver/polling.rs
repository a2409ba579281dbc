//! HTTP long-polling: a pending GET carries packets to the client, a POST carries packets to the
//! server.
//!
//! A session has at most one GET and one POST at a time; a second one closes the session. The GET
//! takes packets from the session's queue itself, without the driver. The POST passes its packets to
//! the driver and is answered once all of them are handled. A request that is dropped before its
//! response is complete closes the session, because its client has disconnected. Only a poll that is
//! dropped while an upgrade is probing does not.

mod get;
mod post;

use std::convert::Infallible;
use std::task::{Context, Waker};

use engineio_proto::Transport;
use http::StatusCode;
use tokio::sync::oneshot;
use tokio::task::yield_now;

pub(crate) use self::get::{PollPayload, build_response, poll};
pub(crate) use self::post::post;
use super::polling_task::run_driver;
use crate::http::connection_failure::{FailureContext, Refusal};
use crate::http::response::PollResponse;
use crate::session::Shared;

/// The result of a request of a polling session.
#[derive(Debug)]
pub(crate) enum Outcome {
    Response(PollResponse),
    /// A bare status, in answer to a protocol violation.
    Status(StatusCode),
}

/// Waits until the driver has read what has arrived on a probing channel.
///
/// If that is the upgrade packet, the request is too late and has to be refused.
pub(crate) async fn read_probe(session: &Shared) {
    // The runtime polls for IO before it continues, because the channel may have become readable
    // before the request's connection.
    yield_now().await;
    if let Some(read) = start_probe_read(session) {
        // The driver drops the sender.
        let Err(_) = read.await;
    }
}

fn start_probe_read(session: &Shared) -> Option<oneshot::Receiver<Infallible>> {
    let mut state = session.lock();
    if !state.proto.is_upgrading() {
        return None;
    }
    let (sender, read) = oneshot::channel();
    state.cold_or_insert().awaiting_probe.push(sender);
    drop(run_driver(session, state));
    Some(read)
}

/// Refuses a request for a session that has left polling.
fn transport_mismatch(previous: Transport) -> Refusal {
    Refusal::bad_request(FailureContext::TransportMismatch {
        transport: Transport::Polling,
        previous,
    })
}

/// Stores the waker of the current task. Storing the same waker again costs nothing.
///
/// Returns the previous waker, which has to be dropped without a lock.
fn store_waker(place: &mut Option<Waker>, cx: &Context<'_>) -> Option<Waker> {
    let is_stored = |stored: &Waker| stored.will_wake(cx.waker());
    if place.as_ref().is_some_and(is_stored) {
        return None;
    }
    place.replace(cx.waker().clone())
}

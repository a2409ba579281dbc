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

use std::task::{Context, Waker};

use http::StatusCode;

pub(crate) use self::get::{PollPayload, build_response, poll};
pub(crate) use self::post::post;
use crate::http::response::PollResponse;

/// The result of a request of a polling session.
#[derive(Debug)]
pub(crate) enum Outcome {
    Response(PollResponse),
    /// A bare status, in answer to a protocol violation.
    Status(StatusCode),
}

/// Stores the waker of the current task. Storing the same waker again costs nothing.
fn store_waker(place: &mut Option<Waker>, cx: &Context<'_>) {
    match place {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *place = Some(cx.waker().clone()),
    }
}

//! What both requests of a polling session share.

use std::task::{Context, Waker};

use http::StatusCode;

use crate::http::response::Told;

/// What comes of a request of a polling session.
#[derive(Debug)]
pub(crate) enum Outcome {
    Told(Told),
    /// Nothing but a status: the client has done what it must not.
    Status(StatusCode),
}

/// Notes who is to be woken. It is mostly the same task as before, which costs nothing then.
pub(super) fn store_waker(place: &mut Option<Waker>, cx: &Context<'_>) {
    match place {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *place = Some(cx.waker().clone()),
    }
}

//! What becomes of events that are rejected: their handler did not run, or did not end well.

use std::future::ready;

use crate::context::EventContext;
use crate::error::rejection::Rejection;
use crate::handler::{BoxFuture, EventListener, OnRejected};

/// An event is rejected: by its handler, or by the middleware before it. It is logged and given to
/// the handler for rejections, or else answered.
pub(super) fn rejected(listener: Option<EventListener>) -> OnRejected {
    OnRejected {
        act: reject,
        listener,
    }
}

/// A listener that only looks on has failed: the event is for others to answer.
pub(super) fn log_only() -> OnRejected {
    OnRejected {
        act: |cx, rejection, _| Box::pin(async move { log(&cx, &rejection) }),
        listener: None,
    }
}

pub(super) fn reject(
    mut cx: EventContext,
    rejection: Rejection,
    listener: Option<EventListener>,
) -> BoxFuture<'static, ()> {
    log(&cx, &rejection);
    if let Some(listener) = listener {
        let again = OnRejected {
            act: reject_again,
            listener: None,
        };
        return listener.run(cx.with_rejection(rejection), again);
    }
    cx.answer_rejection(&rejection);
    Box::pin(ready(()))
}

/// The handler for rejections has failed too: the client is told why it was called.
fn reject_again(
    mut cx: EventContext,
    rejection: Rejection,
    _: Option<EventListener>,
) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        log(&cx, &rejection);
        if let Some(first) = cx.rejection.take() {
            cx.answer_rejection(&first);
        }
    })
}

fn log(cx: &EventContext, rejection: &Rejection) {
    let (socket, event) = (cx.socket.id(), cx.event_name());
    if rejection.is_server_fault() {
        tracing::error!(%socket, %event, %rejection, "an event was not handled");
    } else {
        tracing::warn!(%socket, %event, %rejection, "an event was not handled");
    }
}

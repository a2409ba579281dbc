//! Rejected events: the handler did not run, or it failed.

use std::future::ready;

use engineio::log::Escaped;
use futures_core::future::BoxFuture;

use crate::context::EventContext;
use crate::error::rejection::Rejection;
use crate::handler::{EventListener, OnRejected};

/// Returns the callback for a rejected event: it logs the rejection and calls the `on_rejection`
/// handler, or answers the client.
pub(super) fn rejected(listener: Option<EventListener>) -> OnRejected {
    OnRejected {
        action: reject,
        listener,
    }
}

/// Returns the callback for a failed catch-all listener, which only logs: a handler answers the
/// event.
pub(super) fn log_only() -> OnRejected {
    OnRejected {
        action: |cx, rejection, _| Box::pin(async move { log(&cx, &rejection) }),
        listener: None,
    }
}

pub(super) fn reject(
    mut cx: EventContext,
    rejection: Rejection,
    listener: Option<EventListener>,
) -> BoxFuture<'static, ()> {
    log(&cx, &rejection);
    cx.note_rejection(&rejection);
    if let Some(listener) = listener {
        let again = OnRejected {
            action: reject_original,
            listener: None,
        };
        return listener.run(cx.with_rejection(rejection), again);
    }
    cx.answer_rejection(&rejection);
    Box::pin(ready(()))
}

/// Handles a failure of the `on_rejection` handler: the client receives the original rejection.
fn reject_original(
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
    let (socket, event) = (cx.socket.logged_id(), cx.event_name());
    let client = cx.socket.log_client();
    if rejection.is_server_fault() {
        engineio::log_limited!(
            error,
            client,
            "an event was not handled",
            %socket,
            event = ?Escaped(&event),
            rejection = %rejection.redacted(),
        );
    } else {
        engineio::log_limited!(
            warn,
            client,
            "an event was not handled",
            %socket,
            event = ?Escaped(&event),
            rejection = %rejection.redacted(),
        );
    }
}

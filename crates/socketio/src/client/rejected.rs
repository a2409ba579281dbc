//! What becomes of events that are rejected: their handler did not run, or did not end well.

use std::future::ready;

use crate::context::EventContext;
use crate::handler::BoxFuture;
use crate::namespace_core::NamespaceCore;
use crate::rejection::Rejection;

/// An event is rejected: by its handler, or by the middleware before it. It is logged and given to
/// the handler for rejections, or else answered.
pub(super) fn rejected(mut cx: EventContext, rejection: Rejection) -> BoxFuture<'static, ()> {
    log(&cx, &rejection);
    let namespace = cx.socket.space().owner::<NamespaceCore>();
    let on_rejection = namespace.and_then(|namespace| namespace.handlers().rejection.clone());
    match on_rejection {
        Some(listener) => listener.run(cx.with_rejection(rejection), rejected_again),
        None => {
            cx.answer_rejection(&rejection);
            Box::pin(ready(()))
        }
    }
}

/// The handler for rejections has failed too: the client is told why it was called.
fn rejected_again(mut cx: EventContext, rejection: Rejection) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        log(&cx, &rejection);
        if let Some(first) = cx.rejection.take() {
            cx.answer_rejection(&first);
        }
    })
}

/// A listener that only looks on has failed: the event is for others to answer.
pub(super) fn overlooked(cx: EventContext, rejection: Rejection) -> BoxFuture<'static, ()> {
    Box::pin(async move { log(&cx, &rejection) })
}

fn log(cx: &EventContext, rejection: &Rejection) {
    let (socket, event) = (cx.socket.id(), cx.event_name());
    if rejection.is_server_fault() {
        tracing::error!(%socket, %event, %rejection, "an event was not handled");
    } else {
        tracing::warn!(%socket, %event, %rejection, "an event was not handled");
    }
}

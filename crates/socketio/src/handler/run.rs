//! A call of an event handler from its start to whatever end.

use smol_str::SmolStr;

use super::{EventListener, catch};
use crate::context::EventContext;
use crate::rejection::Rejection;
use crate::socket::Socket;

impl EventListener {
    /// Runs the handler, logs what goes wrong, and sees to it that the client is answered then.
    ///
    /// If the handler is rejected or panics, `on_rejection` decides what the client is told. What
    /// becomes of `on_rejection` itself is logged only, and the client has the default answer.
    pub(crate) async fn run(self, on_rejection: Option<Self>, cx: EventContext) {
        let (socket, ack) = (cx.socket.clone(), cx.ack.clone());
        let event = SmolStr::new(cx.event_name());
        let second = on_rejection.map(|listener| (listener, cx.fork()));
        let Err(rejection) = self.attempt(cx).await else {
            return;
        };
        log(&socket, &event, &rejection);
        if let Some((listener, cx)) = second {
            match listener.attempt(cx.with_rejection(rejection.clone())).await {
                Ok(()) => return,
                Err(second) => log(&socket, &event, &second),
            }
        }
        if let Some(ack) = ack {
            ack.reject(&rejection);
        }
    }

    /// Runs the handler; a panic is a rejection too.
    async fn attempt(&self, cx: EventContext) -> Result<(), Rejection> {
        catch(self.call(cx))
            .await
            .unwrap_or_else(|panic| Err(Rejection::panicked(panic.message())))
    }
}

fn log(socket: &Socket, event: &str, rejection: &Rejection) {
    let socket = socket.id();
    if rejection.is_server_fault() {
        tracing::error!(%socket, event, %rejection, "an event was not handled");
    } else {
        tracing::warn!(%socket, event, %rejection, "an event was not handled");
    }
}

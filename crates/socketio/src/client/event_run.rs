use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::context::EventContext;
use crate::handler::{EventListener, catch};
use crate::rejection::Rejection;

/// The run of one event handler, or of the middleware before it, and what follows when it does not
/// succeed.
///
/// It can be moved after it has been polled: it is tried where the event is dispatched and moves
/// to a task only if it has to wait.
pub(super) struct EventRun {
    running: Pin<Box<dyn Future<Output = Result<(), Rejection>> + Send>>,
    /// What a second try works with: the handler for rejections, or else a plain answer.
    on_rejection: Option<EventListener>,
    fallback: EventContext,
    /// Why the handler itself did not succeed, while the one for rejections runs.
    rejection: Option<Rejection>,
    /// Whether it only looks on: what it cannot handle is for others to answer.
    is_observer: bool,
}

impl EventRun {
    pub(super) fn new(
        listener: &EventListener,
        on_rejection: Option<EventListener>,
        cx: EventContext,
    ) -> Self {
        let fallback = cx.fork();
        Self::of_event(listener.call(cx), on_rejection, fallback)
    }

    /// The run of what is to happen with an event, which is rejected if that fails.
    pub(super) fn of_event(
        running: Pin<Box<dyn Future<Output = Result<(), Rejection>> + Send>>,
        on_rejection: Option<EventListener>,
        fallback: EventContext,
    ) -> Self {
        Self {
            running,
            on_rejection,
            fallback,
            rejection: None,
            is_observer: false,
        }
    }

    /// The run of a listener that hears every event, whoever handles it.
    pub(super) fn of_observer(listener: &EventListener, cx: EventContext) -> Self {
        Self {
            is_observer: true,
            ..Self::new(listener, None, cx)
        }
    }

    fn log(&self, rejection: &Rejection) {
        let (socket, event) = (self.fallback.socket.id(), self.fallback.event_name());
        if rejection.is_server_fault() {
            tracing::error!(%socket, %event, %rejection, "an event was not handled");
        } else {
            tracing::warn!(%socket, %event, %rejection, "an event was not handled");
        }
    }

    fn answer(&self, rejection: &Rejection) {
        if let Some(ack) = &self.fallback.ack {
            ack.reject(rejection);
        }
    }
}

impl Future for EventRun {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let result = match ready!(Pin::new(&mut catch(&mut self.running)).poll(cx)) {
                Ok(result) => result,
                Err(panic) => Err(Rejection::panicked(panic.message())),
            };
            let Err(rejection) = result else {
                return Poll::Ready(());
            };
            self.log(&rejection);
            if self.is_observer {
                return Poll::Ready(());
            }
            if let Some(first) = &self.rejection {
                self.answer(first);
                return Poll::Ready(());
            }
            let Some(listener) = self.on_rejection.take() else {
                self.answer(&rejection);
                return Poll::Ready(());
            };
            let context = self.fallback.fork().with_rejection(rejection.clone());
            self.rejection = Some(rejection);
            self.running = listener.call(context);
        }
    }
}

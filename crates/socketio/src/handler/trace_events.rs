//! A wrap that creates a span for each event.

use std::future::Future;

use engineio::log::Escaped;
use tracing::{Instrument as _, Level, Span, field};

use super::event_wrap::EventWrap;
use super::next::Next;
use super::sealed::Seal;
use crate::context::{EventContext, Outcome};
use crate::error::rejection::Rejection;

/// A wrap that creates a [`tracing`] span `socketio.event` for each event, with the names of
/// OpenTelemetry's conventions for messaging systems.
///
/// Everything inside the wrap runs in the span: later middleware and wraps, and the handlers. The
/// fields are:
///
/// | field | value |
/// |---|---|
/// | `messaging.destination.name` | the name of the event, cut to 256 bytes and escaped |
/// | `messaging.message.body.size` | the size of the arguments in bytes, with attachments |
/// | `socketio.namespace` | the [label](crate::Namespace::label) of the namespace |
/// | `socketio.socket.id` | the public id of the socket, of a Socket.IO 2.x client its beginning, see [`record_socket`](Self::record_socket) |
/// | `socketio.ack` | whether the client waits for an acknowledgement |
/// | `socketio.outcome` | the [label](Outcome::label) of the outcome |
/// | `otel.status_code`, `error.type` | `ERROR` and the outcome, if the event was not handled successfully |
///
/// The span has also `otel.kind`, `otel.name`, `messaging.system`, `messaging.operation.type` and
/// `messaging.operation.name`. Its parent is the span of a wrap further out, if there is one. It
/// never contains arguments, and it is not part of the span of the request that opened the
/// connection.
///
/// # Examples
///
/// ```
/// use socketio::{Namespace, SocketIo, TraceEvents};
///
/// fn trace(io: &SocketIo) {
///     io.configure_each(|namespace: Namespace| drop(namespace.wrap(TraceEvents::new())));
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use = "events are traced once it is passed to `Namespace::wrap`"]
pub struct TraceEvents {
    level: Level,
    record_socket: bool,
}

impl Default for TraceEvents {
    fn default() -> Self {
        Self::new()
    }
}

impl TraceEvents {
    /// Creates the wrap with spans of the level `DEBUG` that contain the ids of sockets.
    pub fn new() -> Self {
        Self {
            level: Level::DEBUG,
            record_socket: true,
        }
    }

    /// Sets the level of the spans: `DEBUG` by default.
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Sets whether the spans contain the ids of sockets: `true` by default.
    pub fn record_socket(mut self, record_socket: bool) -> Self {
        self.record_socket = record_socket;
        self
    }

    fn span(&self, cx: &EventContext) -> Span {
        let span = self.empty_span();
        if span.is_disabled() {
            return span;
        }
        let event = cx.event_name();
        let event = Escaped(&event);
        span.record("messaging.destination.name", field::display(&event));
        span.record("otel.name", format!("process {event}"));
        let attachments = cx.args.attachments().iter().map(|bytes| bytes.len());
        let size = attachments.fold(cx.args.as_json().len(), usize::saturating_add);
        span.record("messaging.message.body.size", size);
        let label = cx.socket.namespace_shared().label();
        span.record("socketio.namespace", label);
        if self.record_socket {
            span.record("socketio.socket.id", field::display(cx.socket.logged_id()));
        }
        span
    }

    /// Creates a span whose fields are recorded only if it is enabled.
    fn empty_span(&self) -> Span {
        /// The level of a span is part of its static description.
        macro_rules! span {
            ($level:expr) => {
                tracing::span!(
                    $level,
                    "socketio.event",
                    otel.kind = "consumer",
                    otel.name = field::Empty,
                    otel.status_code = field::Empty,
                    messaging.system = "socketio",
                    "messaging.operation.type" = "process",
                    messaging.operation.name = "process",
                    messaging.destination.name = field::Empty,
                    messaging.message.body.size = field::Empty,
                    socketio.namespace = field::Empty,
                    socketio.socket.id = field::Empty,
                    socketio.ack = field::Empty,
                    socketio.outcome = field::Empty,
                    "error.type" = field::Empty,
                )
            };
        }
        match self.level {
            Level::ERROR => span!(Level::ERROR),
            Level::WARN => span!(Level::WARN),
            Level::INFO => span!(Level::INFO),
            Level::DEBUG => span!(Level::DEBUG),
            Level::TRACE => span!(Level::TRACE),
        }
    }
}

/// The marker that distinguishes this implementation from the one for functions.
#[derive(Debug)]
#[expect(unnameable_types, reason = "inferred, never named")]
pub enum OfTraceEvents {}

impl<S> EventWrap<OfTraceEvents, S> for TraceEvents
where
    S: Send + Sync + 'static,
{
    fn call(
        self,
        cx: &mut EventContext,
        next: Next,
        _: &S,
        _: Seal,
    ) -> impl Future<Output = Result<Outcome, Rejection>> + Send {
        let span = self.span(cx);
        async move {
            if span.is_disabled() {
                return Ok(next.run().await);
            }
            let outcome = next.run().instrument(span.clone()).await;
            span.record("socketio.ack", outcome.is_awaited());
            span.record("socketio.outcome", outcome.label());
            if !outcome.is_success() {
                span.record("otel.status_code", "ERROR");
                span.record("error.type", outcome.label());
            }
            Ok(outcome)
        }
    }
}

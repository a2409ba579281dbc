//! The span of an acknowledgement, and its report to the observers of the namespace.

use std::time::Duration;

use smol_str::SmolStr;
use tokio::time::Instant;
use tracing::{Span, field};

use super::Socket;
use crate::socket_state::observers::{AckOutcome, NamespaceEvent};

/// An acknowledgement that is observed or traced. Its end is reported when it is dropped at the
/// latest.
pub(super) struct AckTrace {
    socket: Socket,
    event: SmolStr,
    started: Instant,
    span: Span,
    is_ended: bool,
}

impl AckTrace {
    /// Returns `None` if the acknowledgement is neither observed nor traced.
    pub(super) fn start(
        socket: &Socket,
        event: &str,
        timeout: Option<Duration>,
    ) -> Option<Box<Self>> {
        let shared = socket.namespace_shared();
        let span = tracing::debug_span!(
            "socketio.ask",
            otel.kind = "client",
            otel.name = field::Empty,
            messaging.system = "socketio",
            "messaging.operation.type" = "send",
            messaging.operation.name = "ask",
            messaging.destination.name = event,
            socketio.namespace = shared.label(),
            socketio.socket.id = %socket.logged_id(),
            socketio.timeout_ms = field::Empty,
            socketio.outcome = field::Empty,
            "error.type" = field::Empty,
        );
        let observers = &shared.local.observers;
        if span.is_disabled() && !observers.is_used() {
            return None;
        }
        if !span.is_disabled() {
            span.record("otel.name", format!("ask {event}"));
            if let Some(timeout) = timeout {
                let millis = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
                span.record("socketio.timeout_ms", millis);
            }
        }
        observers.notify(&NamespaceEvent::AckRequested { event });
        Some(Box::new(Self {
            socket: socket.clone(),
            event: event.into(),
            started: Instant::now(),
            span,
            is_ended: false,
        }))
    }

    pub(super) fn end(&mut self, outcome: AckOutcome<'_>) {
        self.report(outcome);
    }

    fn report(&mut self, outcome: AckOutcome<'_>) {
        self.is_ended = true;
        self.span.record("socketio.outcome", outcome.as_str());
        if matches!(outcome, AckOutcome::Failed(_)) {
            self.span.record("error.type", outcome.as_str());
        }
        let observers = &self.socket.namespace_shared().local.observers;
        observers.notify(&NamespaceEvent::AckEnded {
            event: &self.event,
            elapsed: self.started.elapsed(),
            outcome,
        });
    }
}

impl Drop for AckTrace {
    fn drop(&mut self) {
        if !self.is_ended {
            self.report(AckOutcome::Dropped);
        }
    }
}

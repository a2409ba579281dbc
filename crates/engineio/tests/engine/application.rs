//! An application that reports every callback, and waits where a test asks for it.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use engineio::{Application, CloseReason, Connection, Message, Session};
use http::request::Parts;
use parking_lot::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A callback of the engine.
#[derive(Debug)]
pub(crate) enum Callback {
    Opened(Session),
    Message(Message),
    Closed(CloseReason),
}

/// The reaction of the application to a message, before it reports it.
pub(crate) trait Reaction: Fn(&Session, &Message) + Send + Sync {}

impl<F: Fn(&Session, &Message) + Send + Sync> Reaction for F {}

/// An application that reports all callbacks and runs the reactions of a test.
pub(crate) struct Reporter {
    reports: UnboundedSender<Callback>,
    pub(crate) gate: Gate,
    pub(crate) on_open: Box<dyn Fn(&Session) + Send + Sync>,
    pub(crate) on_message: Arc<dyn Reaction>,
    pub(crate) on_close: Arc<dyn Fn(&Session) + Send + Sync>,
}

impl Reporter {
    pub(crate) fn new() -> (Self, UnboundedReceiver<Callback>) {
        let (reports, callbacks) = unbounded_channel();
        let reporter = Self {
            reports,
            gate: Gate::default(),
            on_open: Box::new(|_| {}),
            on_message: Arc::new(|_, _| {}),
            on_close: Arc::new(|_| {}),
        };
        (reporter, callbacks)
    }
}

impl Application for Reporter {
    type Connection = ReporterConnection;

    fn open(&self, session: Session, request: Parts) -> ReporterConnection {
        assert!(request.uri.path().starts_with("/engine.io/"));
        (self.on_open)(&session);
        self.reports.send(Callback::Opened(session.clone())).ok();
        ReporterConnection {
            session,
            reports: self.reports.clone(),
            gate: self.gate.clone(),
            on_message: Arc::clone(&self.on_message),
            on_close: Arc::clone(&self.on_close),
        }
    }
}

pub(crate) struct ReporterConnection {
    session: Session,
    reports: UnboundedSender<Callback>,
    gate: Gate,
    on_message: Arc<dyn Reaction>,
    on_close: Arc<dyn Fn(&Session) + Send + Sync>,
}

impl Connection for ReporterConnection {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.gate.poll_open(cx)
    }

    fn message(&mut self, message: Message) {
        (self.on_message)(&self.session, &message);
        self.reports.send(Callback::Message(message)).ok();
    }

    fn closed(self, reason: CloseReason) {
        (self.on_close)(&self.session);
        self.reports.send(Callback::Closed(reason)).ok();
    }
}

/// The readiness of the application for messages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<Mutex<GateState>>);

#[derive(Debug, Default)]
struct GateState {
    closed: bool,
    waiting: Vec<Waker>,
    polls: usize,
}

impl Gate {
    /// Makes the application not ready.
    pub(crate) fn close(&self) {
        self.0.lock().closed = true;
    }

    /// Makes the application ready again.
    pub(crate) fn open(&self) {
        let mut state = self.0.lock();
        state.closed = false;
        state.waiting.drain(..).for_each(Waker::wake);
    }

    /// Returns how often the engine has polled the readiness.
    pub(crate) fn poll_count(&self) -> usize {
        self.0.lock().polls
    }

    fn poll_open(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock();
        state.polls += 1;
        if !state.closed {
            return Poll::Ready(());
        }
        state.waiting.push(cx.waker().clone());
        Poll::Pending
    }
}

//! The handle to one session.

use std::fmt;
use std::iter;
use std::sync::Arc;

use engineio_proto::{
    CloseReason, Message, Packet, Protocol, SendError, SendOptions, SessionId, TextBuf, Transport,
};

use super::observer::{Announcement, SessionObserver};
use super::shared::Shared;
use super::state_guard::StateGuard;

/// A handle to one session. It is cheap to clone and may be used from any thread.
#[derive(Clone)]
pub struct Session(pub(super) Arc<Shared>);

impl Session {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// Returns the id of the session.
    ///
    /// The id is a secret between the client and the server: any client that knows it can send
    /// packets to the session.
    #[must_use]
    pub fn id(&self) -> &SessionId {
        &self.0.id
    }

    /// Queues a message.
    ///
    /// # Errors
    ///
    /// - [`SendError::Closed`] if the session is closed.
    /// - [`SendError::Overflow`] if the queue exceeds
    ///   [`Config::max_outbound_bytes`](crate::Config::max_outbound_bytes). The session has been
    ///   closed because its client is too slow.
    pub fn send(&self, message: impl Into<Message>) -> Result<(), SendError> {
        self.send_with(message, SendOptions::default())
    }

    /// Queues a message with options.
    ///
    /// # Errors
    ///
    /// The same as [`send`](Self::send).
    pub fn send_with(
        &self,
        message: impl Into<Message>,
        options: SendOptions,
    ) -> Result<(), SendError> {
        let message = message.into();
        self.queue_one(self.0.lock(), message, options)
    }

    /// Queues a text for this session only, with options. Short texts are copied into a shared
    /// buffer and cost no allocation.
    ///
    /// # Errors
    ///
    /// The same as [`send`](Self::send).
    ///
    /// # Examples
    ///
    /// ```
    /// use engineio::{SendError, SendOptions, Session, TextBuf};
    ///
    /// fn greet(session: &Session, name: &str) -> Result<(), SendError> {
    ///     let text = TextBuf::build(64, |out| {
    ///         out.push_str("hello ");
    ///         out.push_str(name);
    ///     });
    ///     session.send_text_buf(text, SendOptions::default())
    /// }
    /// ```
    pub fn send_text_buf(&self, text: TextBuf, options: SendOptions) -> Result<(), SendError> {
        let mut state = self.0.lock();
        if state.is_observed() {
            return self.queue_one(state, text.into_text().into(), options);
        }
        let bytes = text.len();
        let sent = state.proto.send_text_buf(text, options);
        state.wake_writer(sent.is_err());
        self.0.counters.sent(sent, bytes);
        sent
    }

    /// Queues messages that must stay together, such as an event and its attachments.
    ///
    /// # Errors
    ///
    /// The same as [`send`](Self::send).
    pub fn send_all(&self, messages: impl IntoIterator<Item = Message>) -> Result<(), SendError> {
        self.send_all_with(messages, SendOptions::default())
    }

    /// Queues messages that must stay together, with options that apply to each of them.
    ///
    /// # Errors
    ///
    /// The same as [`send`](Self::send).
    pub fn send_all_with(
        &self,
        messages: impl IntoIterator<Item = Message>,
        options: SendOptions,
    ) -> Result<(), SendError> {
        self.enqueue(Vec::from_iter(messages), options).0
    }

    /// Queues messages if the transport is ready to send, and drops them otherwise. Returns whether
    /// they were queued.
    pub fn send_volatile(&self, messages: impl IntoIterator<Item = Message>) -> bool {
        self.send_volatile_with(messages, SendOptions::default())
    }

    /// Queues messages with options that apply to each of them if the transport is ready to send,
    /// and drops them otherwise. Returns whether they were queued.
    pub fn send_volatile_with(
        &self,
        messages: impl IntoIterator<Item = Message>,
        options: SendOptions,
    ) -> bool {
        self.enqueue_volatile(Vec::from_iter(messages), options)
    }

    /// Queues messages as [`send_volatile_with`](Self::send_volatile_with) does, without collecting
    /// them first. The iterator runs while the session is locked and must not call the application.
    #[doc(hidden)]
    pub fn enqueue_volatile(
        &self,
        messages: impl IntoIterator<Item = Message>,
        options: SendOptions,
    ) -> bool {
        let mut messages = messages.into_iter();
        let state = self.0.lock();
        if !state.proto.is_writable() {
            return false;
        }
        let (sent, _) = self.queue(state, &mut messages, options);
        sent.is_ok()
    }

    /// Queues messages as [`send_all_with`](Self::send_all_with) does, and defers the observers
    /// until the announcement is dropped. For callers that hold a lock. The iterator runs while the
    /// session is locked and must not call the application.
    ///
    /// # Errors
    ///
    /// The same as [`send`](Self::send). The announcement covers the messages that were queued
    /// before.
    #[doc(hidden)]
    pub fn enqueue(
        &self,
        messages: impl IntoIterator<Item = Message>,
        options: SendOptions,
    ) -> (Result<(), SendError>, Announcement) {
        let mut messages = messages.into_iter();
        self.queue(self.0.lock(), &mut messages, options)
    }

    pub(super) fn lock(&self) -> StateGuard<'_> {
        self.0.lock()
    }

    /// Queues a message, and notifies the observers.
    pub(super) fn queue_one(
        &self,
        mut state: StateGuard<'_>,
        message: Message,
        options: SendOptions,
    ) -> Result<(), SendError> {
        if state.is_observed() {
            return self.queue(state, &mut iter::once(message), options).0;
        }
        let sent = self.send_counted(&mut state, message, options);
        state.wake_writer(sent.is_err());
        sent
    }

    fn queue(
        &self,
        mut state: StateGuard<'_>,
        mut messages: &mut dyn Iterator<Item = Message>,
        options: SendOptions,
    ) -> (Result<(), SendError>, Announcement) {
        let Some(observers) = state.observers() else {
            let sent = Iterator::try_for_each(&mut messages, |message| {
                self.send_counted(&mut state, message, options)
            });
            state.wake_writer(sent.is_err());
            return (sent, Announcement::default());
        };
        let mut created = Vec::new();
        let sent = Iterator::try_for_each(&mut messages, |message| {
            let copy = message.clone();
            self.send_counted(&mut state, message, options)?;
            created.push(Packet::Message(copy));
            Ok(())
        });
        state.wake_writer(sent.is_err());
        drop(state);
        (sent, Announcement::new(observers, created))
    }

    fn send_counted(
        &self,
        state: &mut StateGuard<'_>,
        message: Message,
        options: SendOptions,
    ) -> Result<(), SendError> {
        let bytes = message.len();
        let sent = state.proto.send_with(message, options);
        self.0.counters.sent(sent, bytes);
        sent
    }

    /// Closes the session once all queued messages have been sent.
    pub fn close(&self, reason: CloseReason) {
        self.0.close(reason);
    }

    /// Closes the session immediately.
    pub fn abort(&self, reason: CloseReason) {
        self.0.abort(reason);
    }

    /// Returns the current transport of the session.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.0.lock().proto.transport()
    }

    /// Returns the revision of the protocol that the client uses.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.0.lock().proto.protocol()
    }

    /// Returns whether the session has moved to another transport than its first one (Node's
    /// `upgraded`).
    #[must_use]
    pub fn is_upgraded(&self) -> bool {
        self.0.lock().proto.is_upgraded()
    }

    /// Returns whether the client is probing another transport (Node's `upgrading`).
    #[must_use]
    pub fn is_upgrading(&self) -> bool {
        self.0.lock().proto.is_upgrading()
    }

    /// Returns the state of the session (Node's `readyState`).
    #[must_use]
    pub fn ready_state(&self) -> ReadyState {
        let state = self.0.lock();
        if state.proto.is_open() {
            ReadyState::Open
        } else if state.proto.is_closing() {
            ReadyState::Closing
        } else {
            ReadyState::Closed
        }
    }

    /// Adds an observer, which is notified of all events of the session from now on.
    ///
    /// Observers are called in the order in which they were added. They are dropped when the
    /// session ends, or at once if it has ended already. Sessions without observers have no
    /// overhead.
    pub fn observe(&self, observer: Arc<dyn SessionObserver>) {
        let mut state = self.0.lock();
        let unused = if state.proto.is_closed() {
            Some(observer)
        } else {
            state
                .cold_or_insert()
                .observers
                .get_or_insert_default()
                .add(observer);
            None
        };
        drop(state);
        // Dropping an observer may run code that locks the session.
        drop(unused);
    }

    /// Returns whether messages can be sent: the session is neither closed nor closing.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.is_open()
    }

    /// Returns the number of queued bytes.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.0.lock().proto.queued_bytes()
    }

    /// Waits until all queued messages have been handed to the transport, or until the session is
    /// closed.
    ///
    /// A producer can use it to keep pace with a slow client.
    pub async fn drained(&self) {
        let drained = {
            let mut state = self.0.lock();
            if state.proto.is_drained() || state.proto.is_closed() {
                return;
            }
            // Created under the lock: a `Notified` receives the notification even before it is
            // polled, and leaves nothing behind when it is dropped.
            Arc::clone(state.cold_or_insert().drained.get_or_insert_default()).notified_owned()
        };
        drained.await;
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The id is a secret and must not appear in logs.
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

/// The state of a session: Node's `readyState`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ReadyState {
    /// The session sends and receives messages.
    Open,
    /// The session sends the remaining messages and accepts no new ones.
    Closing,
    /// The session has ended.
    Closed,
}

impl ReadyState {
    /// Returns the state as Node spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closing => "closing",
            Self::Closed => "closed",
        }
    }
}

impl fmt::Display for ReadyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::sync::OnceLock;
    use std::task::{Context, Wake, Waker};

    use super::*;
    use std::time::Instant;

    fn polling() -> Session {
        Session::new(Arc::new(Shared::new(
            SessionId::from_random([0; 15]),
            Arc::default(),
            Protocol::V4,
            Transport::Polling,
            Instant::now(),
            Arc::default(),
        )))
    }

    /// A waker that records whether the session was unlocked when it was called.
    #[derive(Default)]
    struct Uses {
        session: OnceLock<Session>,
        free: OnceLock<bool>,
    }

    impl Wake for Uses {
        fn wake(self: Arc<Self>) {
            let session = self.session.get().expect("it is set");
            self.free.set(session.0.state.try_lock().is_some()).ok();
        }
    }

    #[test]
    fn a_dropped_drained_future_leaves_no_waker_behind() {
        let session = polling();
        session.send("never fetched").unwrap();
        for _ in 0..100 {
            let task = Arc::new(Uses::default());
            let waker = Waker::from(Arc::clone(&task));
            for _ in 0..3 {
                let mut drained = pin!(session.drained());
                let cx = &mut Context::from_waker(&waker);
                assert!(drained.as_mut().poll(cx).is_pending());
            }
            drop(waker);
            assert_eq!(Arc::strong_count(&task), 1);
        }
    }

    #[test]
    fn no_lock_is_held_while_an_iterator_runs() {
        type Send = fn(&Session, &mut dyn Iterator<Item = Message>) -> bool;
        let sends: [Send; 2] = [
            |session, messages| session.send_all(messages).is_ok(),
            |session, messages| session.send_volatile(messages),
        ];
        for send in sends {
            let session = polling();
            session.0.lock().cold_or_insert().poll_waker = Some(Waker::noop().clone());
            let mut free = Vec::new();
            let mut messages = (0..2).map(|_| {
                free.push(session.0.state.try_lock().is_some());
                Message::from("text")
            });
            send(&session, &mut messages);
            assert_eq!(free, [true, true]);
        }
    }

    #[test]
    fn tasks_are_woken_after_the_session_is_unlocked() {
        let wakes: [fn(&Session, Waker); 3] = [
            |session, waker| {
                let mut drained = Box::pin(session.drained());
                let cx = &mut Context::from_waker(&waker);
                assert!(drained.as_mut().poll(cx).is_pending());
                session.0.lock().wake_drained();
                assert!(drained.as_mut().poll(cx).is_ready());
            },
            |session, waker| {
                session.0.lock().park(&Context::from_waker(&waker));
                drop(waker);
                session.abort(CloseReason::TransportError);
            },
            |session, waker| {
                session.0.lock().cold_or_insert().poll_waker = Some(waker);
                session.send("for the poll").unwrap();
            },
        ];
        for wake in wakes {
            let session = polling();
            session.send("waits").unwrap();
            let task = Arc::new(Uses::default());
            task.session.set(session.clone()).ok();
            wake(&session, Waker::from(Arc::clone(&task)));
            assert_eq!(task.free.get(), Some(&true));
        }
    }
}

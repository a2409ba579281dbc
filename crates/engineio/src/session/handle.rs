//! The handle to one session.

use std::fmt;
use std::sync::Arc;

use engineio_proto::{
    CloseReason, Message, Packet, Protocol, SendError, SendOptions, SessionId, TextBuf, Transport,
};
use smallvec::SmallVec;

use super::locked::Locked;
use super::observer::{Announcement, SessionObserver};
use super::shared::Shared;

/// A handle to one session: cheap to clone, usable from anywhere.
#[derive(Clone)]
pub struct Session(pub(super) Arc<Shared>);

impl Session {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// The id of the session: a secret between this client and the server.
    ///
    /// Whoever knows it can send in the client's name.
    pub fn id(&self) -> &SessionId {
        &self.0.id
    }

    /// Queues a message.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`] when the session is over; [`SendError::Overflow`] when the client is
    /// so far behind that its session has just been closed for it
    /// ([`Config::max_outbound_bytes`](crate::Config::max_outbound_bytes)).
    pub fn send(&self, message: impl Into<Message>) -> Result<(), SendError> {
        self.send_with(message, SendOptions::default())
    }

    /// Queues a message, with options.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub fn send_with(
        &self,
        message: impl Into<Message>,
        options: SendOptions,
    ) -> Result<(), SendError> {
        let message = message.into();
        let mut state = self.0.lock();
        if state.is_observed() {
            return self.queue(state, [message], options).0;
        }
        let sent = state.proto.send_with(message, options);
        state.wake_writer(sent.is_err());
        sent
    }

    /// Queues a text that is for this session only, with options: what is short takes no memory of its
    /// own.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
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
            return self.queue(state, [text.into_text().into()], options).0;
        }
        let sent = state.proto.send_text_buf(text, options);
        state.wake_writer(sent.is_err());
        sent
    }

    /// Queues messages that must stay together, such as an event and its attachments.
    ///
    /// The iterator runs under the session's lock and must not use the session.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub fn send_all(&self, messages: impl IntoIterator<Item = Message>) -> Result<(), SendError> {
        self.send_all_with(messages, SendOptions::default())
    }

    /// Queues messages that must stay together, with options that hold for each of them.
    ///
    /// The iterator runs under the session's lock and must not use the session.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub fn send_all_with(
        &self,
        messages: impl IntoIterator<Item = Message>,
        options: SendOptions,
    ) -> Result<(), SendError> {
        self.queue(self.0.lock(), messages, options).0
    }

    /// Queues messages if the transport could take them now, and drops them otherwise. Returns
    /// whether they were queued.
    ///
    /// The iterator runs under the session's lock and must not use the session.
    pub fn send_volatile(&self, messages: impl IntoIterator<Item = Message>) -> bool {
        self.send_volatile_with(messages, SendOptions::default())
    }

    /// Queues messages if the transport could take them now, with options that hold for each of
    /// them, and drops them otherwise. Returns whether they were queued.
    ///
    /// The iterator runs under the session's lock and must not use the session.
    pub fn send_volatile_with(
        &self,
        messages: impl IntoIterator<Item = Message>,
        options: SendOptions,
    ) -> bool {
        let state = self.0.lock();
        state.proto.is_writable() && self.queue(state, messages, options).0.is_ok()
    }

    /// Queues messages as [`send_all_with`](Self::send_all_with) does, for callers that hold a
    /// lock: observers are told when the announcement is dropped.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send). The announcement is of what was queued before.
    pub fn enqueue(
        &self,
        messages: impl IntoIterator<Item = Message>,
        options: SendOptions,
    ) -> (Result<(), SendError>, Announcement) {
        self.queue(self.0.lock(), messages, options)
    }

    pub(super) fn lock(&self) -> Locked<'_> {
        self.0.lock()
    }

    pub(super) fn queue(
        &self,
        mut state: Locked<'_>,
        messages: impl IntoIterator<Item = Message>,
        options: SendOptions,
    ) -> (Result<(), SendError>, Announcement) {
        let Some(observers) = state.observers() else {
            let sent = messages
                .into_iter()
                .try_for_each(|message| state.proto.send_with(message, options));
            state.wake_writer(sent.is_err());
            return (sent, Announcement::default());
        };
        let mut created = SmallVec::<[Packet; 1]>::new();
        let sent = messages.into_iter().try_for_each(|message| {
            let copy = message.clone();
            state.proto.send_with(message, options)?;
            created.push(Packet::Message(copy));
            Ok(())
        });
        state.wake_writer(sent.is_err());
        drop(state);
        (sent, Announcement::new(observers, created))
    }

    /// Closes the session once everything that is queued has been sent.
    pub fn close(&self, reason: CloseReason) {
        self.0.close(reason);
    }

    /// Closes the session at once.
    pub fn abort(&self, reason: CloseReason) {
        self.0.abort(reason);
    }

    /// The transport that the session uses now.
    pub fn transport(&self) -> Transport {
        self.0.lock().proto.transport()
    }

    /// The revision of the protocol that the client speaks.
    pub fn protocol(&self) -> Protocol {
        self.0.lock().proto.protocol()
    }

    /// Whether the session has moved from the transport on which it was opened to another (Node's
    /// `upgraded`).
    pub fn is_upgraded(&self) -> bool {
        self.0.lock().proto.is_upgraded()
    }

    /// Whether the client tries another transport (Node's `upgrading`).
    pub fn is_upgrading(&self) -> bool {
        self.0.lock().proto.is_upgrading()
    }

    /// How far the session has come (Node's `readyState`).
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

    /// Lets `observer` see what happens on the session from now on, after those that do already.
    ///
    /// It is dropped when the session ends, and at once where it has ended already. A session that
    /// nobody observes pays nothing for it.
    pub fn observe(&self, observer: Arc<dyn SessionObserver>) {
        let mut state = self.0.lock();
        let unused = if state.proto.is_closed() {
            Some(observer)
        } else {
            state.rare().observers.get_or_insert_default().add(observer);
            None
        };
        drop(state);
        // What it holds may be dropped with it, and want the lock.
        drop(unused);
    }

    /// Whether messages can be sent: not closed, nor being closed.
    pub fn is_open(&self) -> bool {
        self.0.lock().proto.is_open()
    }

    /// The number of bytes that wait to be sent.
    pub fn queued_bytes(&self) -> usize {
        self.0.lock().proto.queued_bytes()
    }

    /// Returns when everything that was queued has been handed to the transport, or the session
    /// is over.
    ///
    /// With it a producer keeps pace with a slow client.
    pub async fn drained(&self) {
        let drained = {
            let mut state = self.0.lock();
            if state.proto.is_drained() || state.proto.is_closed() {
                return;
            }
            // It hears of it from here on, before it is polled too. Dropped, it leaves nothing
            // behind.
            Arc::clone(state.rare().drained.get_or_insert_default()).notified_owned()
        };
        drained.await;
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The id is a secret and stays out of logs.
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

/// How far a session has come: Node's `readyState`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ReadyState {
    /// It takes and sends messages.
    Open,
    /// It sends what is queued, and nothing more.
    Closing,
    /// It is over.
    Closed,
}

impl ReadyState {
    /// The state as Node spells it.
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
        )))
    }

    /// Notes whether the session could be used when its waker was called.
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
    fn who_waits_no_longer_leaves_nothing_behind() {
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
    fn who_waits_is_woken_when_the_session_can_be_used() {
        let wakes: [fn(&Session, Waker); 3] = [
            |session, waker| {
                let mut drained = Box::pin(session.drained());
                let cx = &mut Context::from_waker(&waker);
                assert!(drained.as_mut().poll(cx).is_pending());
                session.0.lock().wake_drained();
                assert!(drained.as_mut().poll(cx).is_ready());
            },
            |session, waker| {
                session.0.lock().sleep(&Context::from_waker(&waker));
                drop(waker);
                session.abort(CloseReason::TransportError);
            },
            |session, waker| {
                session.0.lock().rare().poll = Some(waker);
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

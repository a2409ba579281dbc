//! The observers of a namespace, which receive events that no handler receives.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use engineio::log::{Escaped, panic_message};
use parking_lot::RwLock;
use socketio_adapter::SocketId;

use crate::error::connect_error::ConnectError;
use crate::socket_state::ack_error::AckError;
use crate::wire::disconnect_reason::DisconnectReason;

/// An event that the observers of a namespace receive, see
/// [`Namespace::observe`](crate::Namespace::observe).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum NamespaceEvent<'a> {
    /// A client has joined the namespace.
    Connected {
        /// The id of its socket.
        socket: &'a SocketId,
        /// The outcome of connection state recovery, or `None` if the client did not request it.
        recovery: Option<RecoveryResult>,
    },
    /// A client was refused, by a middleware or by the server.
    Refused {
        /// The error that the client receives.
        error: &'a ConnectError,
    },
    /// A socket has left the namespace. Its disconnect handlers are about to run.
    Disconnected {
        /// The id of the socket.
        socket: &'a SocketId,
        /// The reason.
        reason: DisconnectReason,
    },
    /// An event with an acknowledgement was sent to one socket with
    /// [`Socket::emit_with_ack`](crate::Socket::emit_with_ack).
    AckRequested {
        /// The name of the event.
        event: &'a str,
    },
    /// The wait for an acknowledgement has ended. It follows each
    /// [`AckRequested`](Self::AckRequested).
    AckEnded {
        /// The name of the event.
        event: &'a str,
        /// The time since the event was sent.
        elapsed: Duration,
        /// The outcome.
        outcome: AckOutcome<'a>,
    },
    /// A broadcast was sent to the sockets on this server.
    Broadcast {
        /// The number of sockets.
        recipients: usize,
    },
}

/// The outcome of connection state recovery for a client that requested it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum RecoveryResult {
    /// The client has its previous socket, and has received the missed events.
    Recovered,
    /// The session is unknown: it has expired, or belongs to a server that has ended.
    UnknownSession,
    /// The session exists, but the missed events are no longer available.
    EventsUnavailable,
}

impl RecoveryResult {
    /// Returns the outcome as a word: `recovered`, `unknown` or `unavailable`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recovered => "recovered",
            Self::UnknownSession => "unknown",
            Self::EventsUnavailable => "unavailable",
        }
    }
}

/// The end of the wait for an acknowledgement.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum AckOutcome<'a> {
    /// The client has answered.
    Answered,
    /// There is no answer, or one of another type than requested.
    Failed(&'a AckError),
    /// The future was dropped before the client answered.
    Dropped,
}

impl AckOutcome<'_> {
    /// Returns the outcome as a word: `answered`, `data`, `disconnected`, `emit`, `not_sent`,
    /// `timeout`, `too_many_pending` or `dropped`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Failed(AckError::Data(_)) => "data",
            Self::Failed(AckError::Disconnected) => "disconnected",
            Self::Failed(AckError::Emit(_)) => "emit",
            Self::Failed(AckError::NotSent) => "not_sent",
            Self::Failed(AckError::Timeout) => "timeout",
            Self::Failed(AckError::TooManyPending) => "too_many_pending",
            Self::Dropped => "dropped",
        }
    }
}

/// An observer of a namespace.
#[derive(Clone)]
pub(crate) struct Observer(pub(crate) Arc<dyn Fn(&NamespaceEvent<'_>) + Send + Sync>);

/// The observers of a namespace, as its sockets and broadcasts reach them.
#[derive(Default)]
pub(crate) struct Observers {
    /// Without observers, loading this flag is the only cost of an event.
    is_used: AtomicBool,
    list: RwLock<Arc<[Observer]>>,
}

impl Observers {
    pub(crate) fn is_used(&self) -> bool {
        self.is_used.load(Ordering::Relaxed)
    }

    /// Replaces the list. `read` runs under the lock, so of two concurrent calls the later one wins.
    /// Returns the replaced list. Drop it without a lock.
    pub(crate) fn replace(&self, read: impl FnOnce() -> Arc<[Observer]>) -> Arc<[Observer]> {
        let mut list = self.list.write();
        let new = read();
        self.is_used.store(!new.is_empty(), Ordering::Relaxed);
        std::mem::replace(&mut *list, new)
    }

    /// Calls the observers. No lock is held during the calls, and a panic is logged.
    pub(crate) fn notify(&self, event: &NamespaceEvent<'_>) {
        if !self.is_used() {
            return;
        }
        let list = Arc::clone(&self.list.read());
        for Observer(observer) in &*list {
            // A panic can only leave the observer's own state inconsistent.
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| observer(event))) {
                engineio::log_limited!(
                    error,
                    None,
                    "an observer of a namespace panicked; set RUST_BACKTRACE=1 to see where",
                    panic = ?Escaped(panic_message(&*payload)),
                );
            }
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer").finish_non_exhaustive()
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observers").finish_non_exhaustive()
    }
}

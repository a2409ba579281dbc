//! Observers of a session and the events they receive.

use std::fmt;
use std::sync::Arc;

use engineio_proto::{CloseReason, Packet, Transport};

/// An observer of the events of a session, see [`Session::observe`](crate::Session::observe).
///
/// Closures implement it.
pub trait SessionObserver: Send + Sync + 'static {
    /// Handles an event.
    ///
    /// Called where the event is caused: in the task of the session, in a request of its client, or
    /// in the task that sends a message. No lock is held, so the session may be used, but the
    /// observer should not block. Two events may be reported concurrently.
    fn event(&self, event: SessionEvent<'_>);
}

impl<F> SessionObserver for F
where
    F: Fn(SessionEvent<'_>) + Send + Sync + 'static,
{
    fn event(&self, event: SessionEvent<'_>) {
        self(event);
    }
}

/// The observers of a session, in the order in which they were added.
#[derive(Clone, Default)]
pub(crate) struct Observers(Arc<Vec<Arc<dyn SessionObserver>>>);

impl Observers {
    pub(super) fn add(&mut self, observer: Arc<dyn SessionObserver>) {
        Arc::make_mut(&mut self.0).push(observer);
    }

    /// Notifies the observers. Must not be called while a lock is held.
    pub(crate) fn notify(&self, event: SessionEvent<'_>) {
        for observer in &*self.0 {
            observer.event(event);
        }
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} observers", self.0.len())
    }
}

/// The pending events of messages that were queued. Observers are notified when it is dropped, so
/// keep it until no lock is held.
///
/// It is empty if nothing observes the session.
#[must_use = "observers are notified when it is dropped"]
#[derive(Debug, Default)]
pub struct Announcement(Option<Box<PendingEvents>>);

#[derive(Debug)]
struct PendingEvents {
    observers: Observers,
    created: Vec<Packet>,
}

impl Announcement {
    pub(super) fn new(observers: Observers, created: Vec<Packet>) -> Self {
        Self(Some(Box::new(PendingEvents { observers, created })))
    }

    /// Returns whether there is nothing to report.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        if let Some(pending) = self.0.take() {
            for packet in &pending.created {
                let event = SessionEvent::PacketCreated(packet);
                pending.observers.notify(event);
            }
        }
    }
}

/// An event of a session, named after Node's event.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum SessionEvent<'a> {
    /// `packet`: the client has sent a packet, which is handled next.
    PacketReceived(&'a Packet),
    /// `packetCreate`: a packet is about to be sent. Messages are reported when they are queued,
    /// heartbeat packets when they are sent.
    PacketCreated(&'a Packet),
    /// `heartbeat`: the client has answered a ping, or sent one.
    Heartbeat,
    /// `drain`: all queued packets have been handed to the transport.
    Drained,
    /// `upgrading`: the client is probing another transport.
    Upgrading(Transport),
    /// `upgrade`: the session has moved to another transport.
    Upgraded(Transport),
    /// `close`: the session has ended. This is the last event.
    Closed(CloseReason),
}

/// Returns whether a packet belongs to the heartbeat, in either direction.
pub(crate) fn is_heartbeat(packet: &Packet) -> bool {
    matches!(packet, Packet::Ping(_) | Packet::Pong(_))
}

//! What happens on a session, for those who want to see it.

use std::fmt;
use std::sync::Arc;

use engineio_proto::{CloseReason, Packet, Transport};
use smallvec::SmallVec;

/// Sees what happens on a session, see [`Session::observe`](crate::Session::observe).
///
/// Closures do.
pub trait SessionObserver: Send + Sync + 'static {
    /// Something has happened.
    ///
    /// Called by whoever made it happen: the task of the session, a request of its client, or
    /// whoever sends. No lock is held, so everything may be done with the session, but it should not
    /// block. Two events may be reported at the same time, by two callers.
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

    /// To be called when no lock is held.
    pub(crate) fn tell(&self, event: SessionEvent<'_>) {
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

/// What the observers of a session are still to be told of messages that have been queued. They are
/// told when it is dropped, so keep it until no lock is held.
///
/// It is empty, and costs nothing, where nobody observes the session.
#[must_use = "observers are told when it is dropped"]
#[derive(Debug, Default)]
pub struct Announcement(Option<Box<Unannounced>>);

#[derive(Debug)]
struct Unannounced {
    observers: Observers,
    created: SmallVec<[Packet; 1]>,
}

impl Announcement {
    pub(super) fn new(observers: Observers, created: SmallVec<[Packet; 1]>) -> Self {
        Self(Some(Box::new(Unannounced { observers, created })))
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        if let Some(unannounced) = self.0.take() {
            for packet in &unannounced.created {
                let event = SessionEvent::PacketCreated(packet);
                unannounced.observers.tell(event);
            }
        }
    }
}

/// Something that has happened on a session, with the name of Node's event.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum SessionEvent<'a> {
    /// `packet`: the client has sent a packet, which has its effect next.
    PacketReceived(&'a Packet),
    /// `packetCreate`: a packet is on its way. Messages are reported when they have been queued,
    /// packets of the heartbeat when they leave.
    PacketCreated(&'a Packet),
    /// `heartbeat`: the client has shown that it is there.
    Heartbeat,
    /// `drain`: all that was queued has been handed to the transport.
    Drained,
    /// `upgrading`: the client tries another transport.
    Upgrading(Transport),
    /// `upgrade`: the session is on another transport now.
    Upgraded(Transport),
    /// `close`: the session is over. The last event.
    Closed(CloseReason),
}

/// Whether a packet belongs to the heartbeat, in whichever direction the protocol sends it.
pub(crate) fn is_heartbeat(packet: &Packet) -> bool {
    matches!(packet, Packet::Ping(_) | Packet::Pong(_))
}

//! The events of rooms: queued while the index is locked, reported to observers without a lock.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::room::Room;
use crate::socket_id::SocketId;

/// A change of the rooms of a namespace on this server.
///
/// A room is created before its first socket joins it, and deleted after its last socket has left
/// it. The room of a socket's id is reported like any other room.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RoomEvent {
    /// A room gets its first socket; Node's `create-room`.
    #[doc(alias = "create-room")]
    #[non_exhaustive]
    Created {
        /// The room.
        room: Room,
    },
    /// A room has lost its last socket; Node's `delete-room`.
    #[doc(alias = "delete-room")]
    #[non_exhaustive]
    Deleted {
        /// The room.
        room: Room,
    },
    /// A socket has joined a room; Node's `join-room`.
    #[doc(alias = "join-room")]
    #[non_exhaustive]
    Joined {
        /// The room.
        room: Room,
        /// The id of the socket.
        socket: SocketId,
    },
    /// A socket has left a room; Node's `leave-room`.
    #[doc(alias = "leave-room")]
    #[non_exhaustive]
    Left {
        /// The room.
        room: Room,
        /// The id of the socket.
        socket: SocketId,
    },
}

impl RoomEvent {
    /// Returns the room that has changed.
    #[must_use]
    pub fn room(&self) -> &Room {
        match self {
            Self::Created { room }
            | Self::Deleted { room }
            | Self::Joined { room, .. }
            | Self::Left { room, .. } => room,
        }
    }

    /// Returns the id of the socket that has joined or left the room.
    #[must_use]
    pub fn socket(&self) -> Option<&SocketId> {
        match self {
            Self::Created { .. } | Self::Deleted { .. } => None,
            Self::Joined { socket, .. } | Self::Left { socket, .. } => Some(socket),
        }
    }
}

/// An observer of rooms that are created and deleted, and of sockets that join and leave them.
///
/// Closures with the same signature implement this trait.
///
/// The calls are in the order of the changes, one at a time, and no lock is held: an observer may
/// use the namespace. Its own changes are reported after it has returned. A change is usually
/// reported before the operation returns. If another thread is reporting at that moment, that thread
/// reports the change too, so an observer should return quickly.
pub trait RoomObserver: Send + Sync + 'static {
    /// Called after a change.
    fn notify(&self, event: &RoomEvent);
}

impl<F: Fn(&RoomEvent) + Send + Sync + 'static> RoomObserver for F {
    fn notify(&self, event: &RoomEvent) {
        self(event);
    }
}

/// The observers of an index, and the events that were not reported to them yet.
#[derive(Default)]
pub(super) struct RoomEvents {
    state: Mutex<EventsState>,
}

#[derive(Default)]
struct EventsState {
    observers: Arc<Vec<Arc<dyn RoomObserver>>>,
    queue: VecDeque<RoomEvent>,
    /// Whether a thread is reporting. It is perhaps this one, further up the stack.
    reporting: bool,
}

impl RoomEvents {
    pub(super) fn add_observer(&self, observer: Arc<dyn RoomObserver>) {
        let mut state = self.state.lock();
        Arc::make_mut(&mut state.observers).push(observer);
    }

    /// Queues an event. The caller holds the locks that order the events of a room.
    pub(super) fn push(&self, event: RoomEvent) {
        self.state.lock().queue.push_back(event);
    }

    /// Reports the queued events, unless another call is doing that. The caller must not hold a
    /// lock.
    pub(super) fn report(&self) {
        let mut state = self.state.lock();
        if state.reporting {
            return;
        }
        while let Some(event) = state.queue.pop_front() {
            let observers = Arc::clone(&state.observers);
            state.reporting = true;
            drop(state);
            let reporting = ReportingGuard(self);
            for observer in observers.iter() {
                observer.notify(&event);
            }
            drop(reporting);
            state = self.state.lock();
            if state.reporting {
                // Another thread has begun in between.
                return;
            }
        }
    }
}

/// Ends a report even if an observer panics.
struct ReportingGuard<'a>(&'a RoomEvents);

impl Drop for ReportingGuard<'_> {
    fn drop(&mut self) {
        self.0.state.lock().reporting = false;
    }
}

impl fmt::Debug for RoomEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoomEvents").finish_non_exhaustive()
    }
}

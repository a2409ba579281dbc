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
/// use the namespace. Its own changes are reported after it has returned.
///
/// A change is usually reported before the operation returns. If another thread is reporting at that
/// moment, the event is queued, and that thread or a later one reports it. One operation reports at
/// most 256 events. [`Rooms::with_report_spawner`](crate::Rooms::with_report_spawner) then takes over
/// the rest. The queue has no limit: an observer that is slower than the changes uses more and more
/// memory, so it should return quickly.
pub trait RoomObserver: Send + Sync + 'static {
    /// Called after a change.
    fn notify(&self, event: &RoomEvent);
}

impl<F: Fn(&RoomEvent) + Send + Sync + 'static> RoomObserver for F {
    fn notify(&self, event: &RoomEvent) {
        self(event);
    }
}

/// The maximum number of events that one operation reports: 256.
///
/// Otherwise, the changes of other threads could keep an operation of one client from returning.
const MAX_EVENTS_PER_REPORT: usize = 256;

/// A report of room events that an operation has left to another task or thread.
///
/// [`Rooms::with_report_spawner`](crate::Rooms::with_report_spawner) passes it to a function. If it is
/// dropped, the next change of a room reports the events.
#[must_use = "if the report is dropped, the events wait for the next change of a room"]
pub struct PendingReport(Arc<RoomEvents>);

impl PendingReport {
    /// Reports at most 256 events. Returns the report of the remaining events, if there are any and
    /// no other thread reports them.
    pub fn run(self) -> Option<Self> {
        let events = Arc::clone(&self.0);
        // A thread that is reporting now must leave the remaining events to a new report.
        drop(self);
        events.report_some()
    }
}

impl Drop for PendingReport {
    fn drop(&mut self) {
        self.0.state.lock().is_pending = false;
    }
}

impl fmt::Debug for PendingReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingReport").finish_non_exhaustive()
    }
}

/// The function that receives reports that an operation has not finished.
pub(super) type ReportSpawner = Arc<dyn Fn(PendingReport) + Send + Sync>;

/// The observers of an index, and the events that were not reported to them yet.
pub(super) struct RoomEvents {
    state: Mutex<EventsState>,
    spawner: Option<ReportSpawner>,
}

#[derive(Default)]
struct EventsState {
    observers: Arc<Vec<Arc<dyn RoomObserver>>>,
    queue: VecDeque<RoomEvent>,
    /// Whether a thread is reporting. It is perhaps this one, further up the stack.
    is_reporting: bool,
    /// Whether a [`PendingReport`] exists.
    is_pending: bool,
}

impl RoomEvents {
    pub(super) fn new(spawner: Option<ReportSpawner>) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            spawner,
        })
    }

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
    pub(super) fn report(self: &Arc<Self>) {
        let Some(pending) = self.report_some() else {
            return;
        };
        if let Some(spawn) = &self.spawner {
            return spawn(pending);
        }
        let mut pending = Some(pending);
        while let Some(report) = pending {
            pending = report.run();
        }
    }

    /// Reports queued events up to the limit. Returns a report of the remaining events unless one
    /// exists.
    fn report_some(self: &Arc<Self>) -> Option<PendingReport> {
        let mut state = self.state.lock();
        if state.is_reporting {
            return None;
        }
        state.is_reporting = true;
        let mut guard = ReportingGuard(Some(self));
        for _ in 0..MAX_EVENTS_PER_REPORT {
            let Some(event) = state.queue.pop_front() else {
                break;
            };
            let observers = Arc::clone(&state.observers);
            drop(state);
            for observer in observers.iter() {
                observer.notify(&event);
            }
            // Not dropped under the lock, because their destructors may use the index.
            drop((event, observers));
            state = self.state.lock();
        }
        // Under the lock that the queue is read with, so that no event is left behind.
        state.is_reporting = false;
        guard.0 = None;
        if state.queue.is_empty() {
            // A long queue was an exception. Its memory is not kept.
            state.queue.shrink_to(MAX_EVENTS_PER_REPORT);
            return None;
        }
        let was_pending = std::mem::replace(&mut state.is_pending, true);
        (!was_pending).then(|| PendingReport(Arc::clone(self)))
    }
}

/// Ends a report if an observer panics.
struct ReportingGuard<'a>(Option<&'a RoomEvents>);

impl Drop for ReportingGuard<'_> {
    fn drop(&mut self) {
        if let Some(events) = self.0 {
            events.state.lock().is_reporting = false;
        }
    }
}

impl fmt::Debug for RoomEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoomEvents").finish_non_exhaustive()
    }
}

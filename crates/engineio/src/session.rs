//! One session: its handle, its shared state and broadcasts; may use everything from `transport`
//! down.
//!
//! The task of a session (the driver), the requests of its client and the handles of the
//! application share a [`Shared`]. Its mutex holds the protocol's state machine, the wakers and the
//! queue, see [`SessionState`].
//!
//! - A handle that sends queues a message and wakes the driver, or the pending poll.
//! - A [`Broadcast`] queues one message for many sessions. It does not wake the drivers that are
//!   parked; flush tasks write for them, see `broadcast::flush_queue`. A client that is too slow to
//!   accept a whole message is left to its own driver.
//! - A volatile message is dropped if the transport is not ready, see [`Session::send_volatile`].
//!   All other messages are queued. A client whose queue exceeds `max_outbound_bytes` is
//!   disconnected.

mod broadcast;
mod counters;
mod driver_slot;
mod handle;
mod observer;
mod shared;
mod state;
mod state_guard;
mod task;

pub use self::broadcast::Broadcast;
pub(crate) use self::counters::CounterCells;
pub use self::counters::{Counters, QueuedBytes};
pub(crate) use self::driver_slot::DriverSlot;
pub use self::handle::{ReadyState, Session};
pub use self::observer::{Announcement, SessionEvent, SessionObserver};
pub(crate) use self::observer::{Observers, is_heartbeat};
pub(crate) use self::shared::{Shared, now};
pub(crate) use self::state::{Post, SessionState};
pub(crate) use self::state_guard::StateGuard;
pub(crate) use self::task::{BoxedTask, spawn_on};

//! One session: its handle, its shared state and broadcasts; may use everything from `transport` down.

mod broadcast;
mod driver_slot;
mod handle;
mod locked;
mod observer;
mod shared;
mod state;

pub use self::broadcast::Broadcast;
pub(crate) use self::driver_slot::{Driver, Place};
pub use self::handle::{ReadyState, Session};
pub(crate) use self::locked::Locked;
pub use self::observer::{Announcement, SessionEvent, SessionObserver};
pub(crate) use self::observer::{Observers, is_heartbeat};
pub(crate) use self::shared::{Shared, now};
pub(crate) use self::state::{Post, State};

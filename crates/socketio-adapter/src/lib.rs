//! Rooms, targets and the adapter trait of the Socket.IO server.
//!
//! This crate stores which sockets are in which rooms, selects the sockets of a broadcast, and defines
//! the interface between a namespace and the other servers of a cluster. It does no IO, reads no
//! clock and does not depend on Engine.IO. Use it to write an adapter. To write a server, use the
//! package `socketio-server`.
//!
//! - [`Rooms`] indexes the sockets of one namespace on this server.
//! - A [`Target`] selects sockets, and [`Flags`] modify how an operation on them is carried out.
//! - An [`Adapter`] forwards operations to the sockets of all servers. It reaches the sockets of this
//!   server through [`LocalSockets`]. [`InMemoryAdapter`] is the adapter of a single server.
//! - [`RecoveryOptions`] let an adapter store the packets that disconnected clients miss.
//! - [`AckCollector`] and [`Answers`] collect the acknowledgements of a broadcast.
//!
//! # Source files
//!
//! | question | file |
//! |---|---|
//! | Where are rooms stored? | `rooms/index.rs` (rooms by name), `rooms/directory.rs` (members by id), `rooms/slots.rs` (the members of one room) |
//! | How are the sockets of a broadcast selected? | `rooms/visit.rs` |
//! | How does recovery select missed packets? | `KeptPackets::missed` in `recovery/packets.rs` |
//! | In which order are recoverable packets delivered? | `in_memory/delivery_log.rs` |
//! | When is a broadcast with acknowledgements complete? | `ack/tally.rs` |
//!
//! # Examples
//!
//! The adapter of a single server:
//!
//! ```
//! use std::sync::Arc;
//!
//! use socketio_adapter::{Adapter, AdapterFactory, InMemoryAdapter, LocalSockets};
//!
//! fn create_adapter(namespace: &str, sockets: Arc<dyn LocalSockets>) -> Arc<dyn Adapter> {
//!     InMemoryAdapter::factory().create(namespace, sockets)
//! }
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod ack;
mod adapter;
mod in_memory;
mod into_rooms;
mod local;
mod options;
mod recovery;
mod room;
mod room_list;
mod rooms;
mod socket_id;
mod target;

pub use self::ack::{
    AckCollector, AckGuard, AckSink, Answers, AnswersUntil, MissingAnswers, NoAnswer, PendingAck,
    SocketAnswer,
};
pub use self::adapter::{Adapter, AdapterError, AdapterFactory};
pub use self::in_memory::InMemoryAdapter;
pub use self::into_rooms::IntoRooms;
pub use self::local::{AfterDelivery, LocalSockets, RemoteSocketInfo, ServerSideReply};
pub use self::options::{BroadcastOptions, Flags};
pub use self::recovery::{MissedPacket, RecoveryId, RecoveryOptions, Resume, StoredSession};
pub use self::room::Room;
pub use self::room_list::{RoomList, RoomListIter};
pub use self::rooms::{
    InsertError, Member, Memberships, PendingReport, RoomEvent, RoomObserver, Rooms, TooManyRooms,
};
pub use self::socket_id::SocketId;
pub use self::target::Target;
#[doc(no_inline)]
pub use socketio_proto::{Args, Packet};

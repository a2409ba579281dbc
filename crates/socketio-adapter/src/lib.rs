//! Rooms, targets and the adapter trait of the Socket.IO server.
//!
//! This crate knows which sockets are in which rooms, finds those that an operation is meant for, and
//! defines what stands between a namespace and the other servers of a cluster. It does no IO, reads
//! no clock and does not know Engine.IO. You need it to write an adapter; to write a server, use the
//! `socketio` crate.
//!
//! - [`Rooms`] is the index of the sockets of one namespace on this server.
//! - A [`Target`] says which sockets are meant, [`Flags`] how the operation is carried out.
//! - An [`Adapter`] carries operations to the sockets of all servers. It reaches those of this one
//!   through [`LocalSockets`]; [`InMemoryAdapter`] knows no others.
//! - [`RecoveryOptions`] let it keep what clients miss whose connections were lost.
//! - [`AckCollector`] and [`Answers`] gather the acknowledgements of one broadcast.
//!
//! # Examples
//!
//! An adapter for a server that is alone:
//!
//! ```
//! use std::sync::Arc;
//!
//! use socketio_adapter::{Adapter, AdapterFactory, InMemoryAdapter, LocalSockets};
//!
//! fn adapter_of_a_namespace(name: &str, sockets: Arc<dyn LocalSockets>) -> Arc<dyn Adapter> {
//!     InMemoryAdapter::factory().create(name, sockets)
//! }
//! ```

mod ack;
mod adapter;
mod adapter_factory;
mod in_memory;
mod into_rooms;
mod local;
mod options;
mod recovery;
mod remote;
mod room;
mod room_list;
mod rooms;
mod socket_id;
mod target;

pub use self::ack::{
    AckCollector, AckGuard, AckSink, Answers, AnswersUntil, MissingAnswers, PendingAck,
};
pub use self::adapter::{Adapter, AdapterError};
pub use self::adapter_factory::AdapterFactory;
pub use self::in_memory::InMemoryAdapter;
pub use self::into_rooms::IntoRooms;
pub use self::local::{AfterDelivery, LocalSockets, ServerSideReply};
pub use self::options::{BroadcastOptions, Flags};
pub use self::recovery::{MissedPacket, RecoveryId, RecoveryOptions, Resume, StoredSession};
pub use self::remote::RemoteSocketInfo;
pub use self::room::Room;
pub use self::room_list::{RoomList, RoomListIter};
pub use self::rooms::{InsertError, Member, Memberships, RoomObserver, Rooms, TooManyRooms};
pub use self::socket_id::SocketId;
pub use self::target::Target;
#[doc(no_inline)]
pub use socketio_proto::{Args, Packet};

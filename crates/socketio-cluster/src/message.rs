//! The messages between servers, independent of their format.

use std::fmt;

use smol_str::SmolStr;
use socketio_adapter::{BroadcastOptions, RemoteSocketInfo, Room, RoomList, SocketId, Target};
use socketio_proto::{Args, Namespace};

/// The id of one server in one namespace; Node's `uid`.
///
/// It is unique in the cluster. Node's classic Redis adapter has ids of 6 characters, all others have
/// 16 hexadecimal digits. Servers send messages to the channel of an id, so it contains no `#`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ServerId(SmolStr);

impl ServerId {
    /// The sender of messages from emitters, which are not servers and answer nothing.
    pub const EMITTER: Self = Self(SmolStr::new_static("emitter"));

    /// Creates the id of a server.
    pub fn new(id: impl Into<SmolStr>) -> Self {
        Self(id.into())
    }

    /// Returns the id as a string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether the sender is an emitter and not a server.
    #[must_use]
    pub fn is_emitter(&self) -> bool {
        *self == Self::EMITTER
    }
}

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of a request, which the responses repeat. It is unique for the server that has sent the
/// request.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RequestId(SmolStr);

impl RequestId {
    /// Creates the id of a request.
    pub fn new(id: impl Into<SmolStr>) -> Self {
        Self(id.into())
    }

    /// Returns the id as a string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A message that a server or an emitter sends to the servers of a cluster.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Message {
    /// The sender. `None` if the format does not name it: emitters send room changes, and classic
    /// servers send responses, without an id.
    pub sender: Option<ServerId>,
    /// The namespace.
    pub namespace: Namespace,
    /// The contents.
    pub body: Body,
}

impl Message {
    /// Creates a message.
    #[must_use]
    pub fn new(sender: impl Into<Option<ServerId>>, namespace: Namespace, body: Body) -> Self {
        Self {
            sender: sender.into(),
            namespace,
            body,
        }
    }
}

/// The contents of a [`Message`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Body {
    /// A server has started, and the others announce themselves with [`Heartbeat`](Self::Heartbeat).
    InitialHeartbeat,
    /// A server is running.
    Heartbeat,
    /// A server leaves the cluster.
    Close,
    /// An event for sockets.
    Broadcast {
        /// The name of the event and its arguments.
        event: Args,
        /// The targeted sockets and the flags.
        options: BroadcastOptions,
        /// Set if the sockets are to acknowledge the event. The answers are [`Count`](Self::Count) and
        /// [`Ack`](Self::Ack).
        request: Option<RequestId>,
        /// Whether the sender understands [`Ack`](Self::Ack) without an answer. Node's servers do not.
        accepts_no_answer: bool,
    },
    /// Sockets join rooms.
    Join {
        /// The targeted sockets.
        target: Target,
        /// The rooms.
        rooms: RoomList,
    },
    /// Sockets leave rooms.
    Leave {
        /// The targeted sockets.
        target: Target,
        /// The rooms.
        rooms: RoomList,
    },
    /// Sockets are disconnected.
    Disconnect {
        /// The targeted sockets.
        target: Target,
        /// Whether their connections are closed too.
        close: bool,
    },
    /// A request for the descriptions of sockets, answered by [`Sockets`](Self::Sockets).
    FetchSockets {
        /// The targeted sockets.
        target: Target,
        /// The id of the request.
        request: RequestId,
    },
    /// The targeted sockets of one server.
    Sockets {
        /// The id of the request.
        request: RequestId,
        /// The descriptions of the sockets.
        sockets: Vec<RemoteSocketInfo>,
    },
    /// A request for the ids of sockets, answered by [`SocketIds`](Self::SocketIds). Only classic servers
    /// of Node before version 8 of their adapter send it.
    FetchSocketIds {
        /// The targeted sockets.
        target: Target,
        /// The id of the request.
        request: RequestId,
    },
    /// The ids of the targeted sockets of one server.
    SocketIds {
        /// The id of the request.
        request: RequestId,
        /// The ids of the sockets.
        sockets: Vec<SocketId>,
    },
    /// An event for servers.
    ServerSideEvent {
        /// The name of the event and its arguments.
        event: Args,
        /// Set if each server is to answer with [`ServerSideAnswer`](Self::ServerSideAnswer).
        request: Option<RequestId>,
    },
    /// The answer of one server to an event.
    ServerSideAnswer {
        /// The id of the request.
        request: RequestId,
        /// The answer: one argument or none.
        answer: Args,
    },
    /// The number of sockets of one server that are to acknowledge a broadcast.
    Count {
        /// The id of the request.
        request: RequestId,
        /// The number of sockets.
        sockets: usize,
    },
    /// The acknowledgement of one socket.
    Ack {
        /// The id of the request.
        request: RequestId,
        /// The answer, one argument or none. `None` if the socket has left without an answer, which is
        /// sent only to a server that accepts it.
        answer: Option<Args>,
        /// The id of the socket, which only Rust servers send.
        socket: Option<SocketId>,
    },
    /// A request for the names of all rooms, answered by [`Rooms`](Self::Rooms). Only classic servers of
    /// Node send it.
    AllRooms {
        /// The id of the request.
        request: RequestId,
    },
    /// The rooms of one server.
    Rooms {
        /// The id of the request.
        request: RequestId,
        /// The names of the rooms, those of the sockets' ids included.
        rooms: Vec<Room>,
    },
}

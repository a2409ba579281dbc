//! The limits of messages of other servers.

use socketio_proto::DecodeLimits;

/// The limits of the messages that a [`Format`](crate::Format) accepts from the bus.
///
/// Every limit is inclusive: a message that reaches it is accepted, and a message that exceeds it is an
/// error. The servers of a cluster trust each other more than their clients, so the defaults are larger
/// than those for clients. They bound what one message can cost.
///
/// # Examples
///
/// ```
/// use socketio_cluster::FormatLimits;
///
/// let limits = FormatLimits::default().with_max_rooms(1000);
/// assert_eq!(limits.max_message_bytes, 32 * 1024 * 1024);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct FormatLimits {
    /// The maximum size of a message in bytes. Default: 32 MiB, the descriptions of some 20 000 sockets.
    pub max_message_bytes: usize,
    /// The maximum number of rooms in each list of a message. Default: 100 000.
    pub max_rooms: usize,
    /// The maximum number of sockets in one answer. Default: 100 000.
    pub max_sockets: usize,
    /// The maximum length of the id of a server, request or socket in bytes. Default: 128.
    pub max_id_len: usize,
    /// The maximum length of the name of a room in bytes. Default: 4096.
    pub max_room_len: usize,
    /// The limits of the arguments of events and answers. The defaults differ from those for clients:
    /// at most 10 000 attachments of any size, and 4096 bytes for the names of events and namespaces,
    /// because servers may send more than they accept from clients.
    pub arguments: DecodeLimits,
}

impl Default for FormatLimits {
    fn default() -> Self {
        Self {
            max_message_bytes: 32 * 1024 * 1024,
            max_rooms: 100_000,
            max_sockets: 100_000,
            max_id_len: 128,
            max_room_len: 4096,
            arguments: DecodeLimits::default()
                .with_max_attachments(10_000)
                .with_max_attachment_bytes(usize::MAX)
                .with_max_event_name_len(4096)
                .with_max_namespace_len(4096),
        }
    }
}

impl FormatLimits {
    /// Sets [`max_message_bytes`](Self#structfield.max_message_bytes).
    #[must_use]
    pub fn with_max_message_bytes(mut self, bytes: usize) -> Self {
        self.max_message_bytes = bytes;
        self
    }

    /// Sets [`max_rooms`](Self#structfield.max_rooms).
    #[must_use]
    pub fn with_max_rooms(mut self, rooms: usize) -> Self {
        self.max_rooms = rooms;
        self
    }

    /// Sets [`max_sockets`](Self#structfield.max_sockets).
    #[must_use]
    pub fn with_max_sockets(mut self, sockets: usize) -> Self {
        self.max_sockets = sockets;
        self
    }

    /// Sets [`max_id_len`](Self#structfield.max_id_len).
    #[must_use]
    pub fn with_max_id_len(mut self, bytes: usize) -> Self {
        self.max_id_len = bytes;
        self
    }

    /// Sets [`max_room_len`](Self#structfield.max_room_len).
    #[must_use]
    pub fn with_max_room_len(mut self, bytes: usize) -> Self {
        self.max_room_len = bytes;
        self
    }

    /// Sets [`arguments`](Self#structfield.arguments).
    #[must_use]
    pub fn with_arguments(mut self, limits: DecodeLimits) -> Self {
        self.arguments = limits;
        self
    }
}

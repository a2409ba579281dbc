//! Packets and their types.

use std::borrow::Cow;

use crate::{Args, Namespace};

/// The type of a packet.
///
/// The protocol has two more types, for events and acknowledgements with attachments (5 and 6). Here
/// these are an [`Event`](Self::Event) or [`Ack`](Self::Ack) with attachments.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum PacketType {
    /// `0`: a client asks to join a namespace, or the server confirms that it has joined.
    Connect,
    /// `1`: the sender leaves a namespace.
    Disconnect,
    /// `2`, with attachments `5`: an event.
    Event,
    /// `3`, with attachments `6`: the answer to an event.
    Ack,
    /// `4`: the server rejects a client that asked to join a namespace.
    ConnectError,
}

impl PacketType {
    /// Returns the number of the non-binary type: 0 to 4.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Connect => 0,
            Self::Disconnect => 1,
            Self::Event => 2,
            Self::Ack => 3,
            Self::ConnectError => 4,
        }
    }

    /// Returns the type with a number from 0 to 4.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Connect,
            1 => Self::Disconnect,
            2 => Self::Event,
            3 => Self::Ack,
            4 => Self::ConnectError,
            _ => return None,
        })
    }
}

/// A packet whose payload is still encoded.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Packet {
    /// The type.
    pub kind: PacketType,
    /// The namespace.
    pub namespace: Namespace,
    /// The number that an event shares with its acknowledgement. An event without an id asks for no
    /// acknowledgement.
    pub id: Option<u64>,
    /// The arguments of an event or acknowledgement, or the payload of a
    /// [`Connect`](PacketType::Connect) or [`ConnectError`](PacketType::ConnectError).
    pub payload: Args,
}

impl Packet {
    /// Creates a packet without an acknowledgement id.
    ///
    /// The payload is not checked against the type of the packet. Use
    /// [`from_parts`](Self::from_parts) for input from a peer.
    #[must_use]
    pub fn new(kind: PacketType, namespace: Namespace, payload: Args) -> Self {
        Self {
            kind,
            namespace,
            id: None,
            payload,
        }
    }

    /// Creates an event that asks for no acknowledgement.
    ///
    /// The name of the event is part of the payload, see [`Args::from_serialize`].
    #[must_use]
    pub fn event(namespace: Namespace, payload: Args) -> Self {
        Self::new(PacketType::Event, namespace, payload)
    }

    /// Creates the acknowledgement of the event with this id.
    #[must_use]
    pub fn ack(namespace: Namespace, id: u64, payload: Args) -> Self {
        Self::new(PacketType::Ack, namespace, payload).with_id(id)
    }

    /// Sets the acknowledgement id.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<Option<u64>>) -> Self {
        self.id = id.into();
        self
    }

    /// Sets the namespace.
    #[must_use]
    pub fn with_namespace(mut self, namespace: Namespace) -> Self {
        self.namespace = namespace;
        self
    }

    /// Returns the name of an event; `None` for any other packet.
    ///
    /// The name is borrowed from the packet unless it is written with escapes. If it is a number,
    /// which Node's server allows, this is its decimal text.
    #[must_use]
    #[inline]
    pub fn event_name(&self) -> Option<Cow<'_, str>> {
        self.payload.event_name()
    }
}

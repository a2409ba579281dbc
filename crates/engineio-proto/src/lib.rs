//! The Engine.IO protocol without IO and without a clock: packets, payloads and sessions.
//!
//! This crate opens no sockets, spawns no tasks and reads no clock. Decoders turn bytes into packets and
//! encoders turn packets into bytes. [`Session`] is the state machine of one client. Its driver calls a
//! `handle_*` method for each thing that happens, and then the `poll_*` methods for the work to do.
//!
//! ```
//! use std::{sync::Arc, time::Instant};
//!
//! use engineio_proto::{Message, Packet, Protocol, Session, SessionConfig, Transport};
//!
//! let mut now = Instant::now();
//! let config = Arc::new(SessionConfig::default());
//! let mut session = Session::new(config, Protocol::V4, Transport::WebSocket, now);
//!
//! // A frame with a message for the application arrives.
//! let packet = session.protocol().decode_text("4hello".into()).unwrap();
//! let message = session.handle_packet(now, Transport::WebSocket, packet);
//! assert_eq!(message, Some(Message::from("hello")));
//!
//! // The application answers. The driver writes the message next.
//! session.send(Message::from("good day")).unwrap();
//! let packet = session.poll_transmit(Transport::WebSocket).unwrap().packet;
//! assert_eq!(session.protocol().encode_base64(&packet), "4good day");
//!
//! // After 25 seconds the session pings the client.
//! now = session.poll_timeout().unwrap();
//! session.handle_timeout(now);
//! let packet = session.poll_transmit(Transport::WebSocket).unwrap().packet;
//! assert_eq!(packet, Packet::Ping("".into()));
//! ```
//!
//! # Contents
//!
//! | items | purpose |
//! |---|---|
//! | [`Session`], [`SessionConfig`], [`Event`], [`ProbeResult`] | the state machine: heartbeat, upgrade, closing, the outbound queue |
//! | [`Transmit`], [`Batch`], [`TransmitRef`] | the packets that a session sends |
//! | [`Packet`], [`Message`], [`Text`], [`TextBuf`] | the seven packet types and the messages of the layer above |
//! | [`PayloadEncoder`], [`PayloadDecoder`] | many packets in one HTTP body |
//! | [`Handshake`], [`SessionId`], [`Protocol`], [`Transport`] | the parameters of a session |
//! | [`ConnectionError`], [`CloseReason`] | the refusal of a request, the end of a session |
//! | [`DecodeError`], [`PollError`], [`SendError`], [`UpgradeError`] | the errors of this crate |

#![cfg_attr(docsrs, feature(doc_cfg))]
// Input from clients must not cause a panic.
#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice
    )
)]

mod close_reason;
mod connection_error;
mod decode_error;
mod handshake;
mod json;
mod message;
mod packet;
mod payload;
mod protocol;
mod scratch;
mod session;
mod session_id;
mod spare;
mod text;
mod transport;

pub use self::{
    close_reason::CloseReason,
    connection_error::ConnectionError,
    decode_error::DecodeError,
    handshake::Handshake,
    message::Message,
    packet::{Frame, Packet},
    payload::{MAX_PAYLOAD_PACKETS, Payload, PayloadDecoder, PayloadEncoder},
    protocol::Protocol,
    session::{
        Batch, Event, MESSAGE_OVERHEAD, PollError, ProbeResult, SendError, SendOptions, Session,
        SessionConfig, Transmit, TransmitRef, UpgradeError,
    },
    session_id::SessionId,
    text::{Text, TextBuf},
    transport::Transport,
};

// For the crate `engineio`, not part of the public API.
#[doc(hidden)]
pub use self::spare::Spare;

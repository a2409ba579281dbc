//! The Engine.IO protocol without IO and without a clock: packets, payloads, sessions.
//!
//! Nothing in this crate opens a socket, starts a task or asks what time it is. Bytes go in through
//! decoders, packets come out of encoders, and between them stands [`Session`]: one client's
//! connection as a state machine. Whoever drives it calls a `handle_*` method for everything that
//! happens, and afterwards asks the `poll_*` methods what there is to do.
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
//! // A frame arrived: it carries a message for the application.
//! let packet = session.protocol().decode_text("4hello".into()).unwrap();
//! let message = session.handle_packet(now, Transport::WebSocket, packet);
//! assert_eq!(message, Some(Message::from("hello")));
//!
//! // The application answers: the message is the next thing to be written.
//! session.send(Message::from("good day")).unwrap();
//! let packet = session.poll_transmit(Transport::WebSocket).unwrap().packet;
//! assert_eq!(session.protocol().encode_base64(&packet), "4good day");
//!
//! // After 25 seconds the client is asked whether it is still there.
//! now = session.poll_timeout().unwrap();
//! session.handle_timeout(now);
//! let packet = session.poll_transmit(Transport::WebSocket).unwrap().packet;
//! assert_eq!(packet, Packet::Ping("".into()));
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`packet`], [`message`], [`text`] | the seven packets, what the layer above sends, its text |
//! | [`payload`] | many packets in one HTTP body |
//! | [`session`] | the state machine: heartbeat, upgrade, closing, the outbound queue |
//! | [`handshake`], [`session_id`], [`protocol`], [`transport`] | what is agreed when a connection opens |
//! | [`connection_error`] | the numbered refusals of a request |
//! | [`close_reason`], [`decode_error`] | why a session ended, what was wrong with the bytes |

// What a peer sends can neither be out of bounds nor overflow anything.
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

mod json;
mod scratch;
mod spare;

pub mod close_reason;
pub mod connection_error;
pub mod decode_error;
pub mod handshake;
pub mod message;
pub mod packet;
pub mod payload;
pub mod protocol;
pub mod session;
pub mod session_id;
pub mod text;
pub mod transport;

#[doc(inline)]
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

// Shared with the crate `engineio`. Not part of the public API.
#[doc(hidden)]
pub use self::spare::Spare;

//! The packets from the server.

use std::fmt::Display;
use std::sync::Arc;

use engineio_proto::{DecodeError, Message, Packet as EnginePacket};
use socketio_proto::PacketDecoder;
use tokio::sync::mpsc;

use super::shared::{Outgoing, Shared};
use crate::disconnection::{Disconnection, End};

/// The receiving side of a connection.
pub(super) struct Incoming {
    decoder: Box<dyn PacketDecoder>,
    shared: Arc<Shared>,
    outgoing: mpsc::UnboundedSender<Outgoing>,
}

impl Incoming {
    pub(super) fn new(shared: Arc<Shared>, outgoing: mpsc::UnboundedSender<Outgoing>) -> Self {
        Self {
            decoder: shared.decoder(),
            shared,
            outgoing,
        }
    }

    /// Handles a packet from the server.
    ///
    /// # Errors
    ///
    /// Returns the end of the connection: the server closes it or the packet is invalid.
    pub(super) fn handle(&mut self, packet: Result<EnginePacket, DecodeError>) -> Result<(), End> {
        match packet.map_err(|error| parse_error(&error))? {
            EnginePacket::Ping(content) => {
                if self.shared.answers_pings() {
                    let pong = vec![EnginePacket::Pong(content)];
                    let _ = self.outgoing.send(Outgoing::new(pong));
                }
                Ok(())
            }
            EnginePacket::Message(message) => self.message(message),
            EnginePacket::Noop => Ok(()),
            EnginePacket::Close => Err(End::new(Disconnection::TransportClose)),
            packet @ (EnginePacket::Open(_) | EnginePacket::Pong(_) | EnginePacket::Upgrade) => {
                Err(parse_error(&format_args!("unexpected packet {packet:?}")))
            }
        }
    }

    fn message(&mut self, message: Message) -> Result<(), End> {
        let message = match message {
            Message::Text(text) => socketio_proto::Message::Text(text.into_payload()),
            Message::Binary(bytes) => socketio_proto::Message::Binary(bytes),
        };
        let Some(packet) = self
            .decoder
            .decode(message)
            .map_err(|error| parse_error(&error))?
        else {
            return Ok(());
        };
        let reaction = self.shared.receive(packet);
        if let Some(answer) = reaction.answer {
            let packets = self
                .shared
                .encode(&answer)
                .map_err(|error| parse_error(&error))?;
            let _ = self.outgoing.send(Outgoing::new(packets));
        }
        if reaction.is_unused {
            // As Node's client, which closes a connection without namespaces.
            let _ = self.outgoing.send(Outgoing::close());
        }
        Ok(())
    }
}

fn parse_error(error: &dyn Display) -> End {
    End::with_detail(Disconnection::ParseError, error.to_string())
}

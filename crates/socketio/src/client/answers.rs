//! The answers to CONNECT packets and the ids of sockets, in the protocol revision of the client.

use std::sync::Arc;

use engineio::Protocol;
use engineio::log::Escaped;
use serde_json::value::to_raw_value;
use smol_str::SmolStr;
use socketio_adapter::SocketId;
use socketio_proto::{Args, EncodeError, Namespace as Name, Packet, PacketType, revision_4};

use super::ClientInner;
use crate::error::connect_error::ConnectError;
use crate::socket::Socket;
use crate::wire::encoded_packet::EncodedPacket;

/// The origin of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefusedBy {
    Middleware,
    Server,
}

impl ClientInner {
    /// Returns whether the client uses Engine.IO 3, as clients of Socket.IO 2.x do.
    pub(super) fn is_eio3(&self) -> bool {
        self.shared.protocol == Protocol::V3
    }

    /// Handles the open connection. A client of Socket.IO 2.x joins the main namespace implicitly.
    pub(crate) fn opened(self: &Arc<Self>) {
        if self.is_eio3() {
            self.connect(&Packet::new(
                PacketType::Connect,
                Name::MAIN,
                Args::default(),
            ));
        }
    }

    /// Generates the id of a new socket.
    ///
    /// Clients of Socket.IO 2.x receive no socket id. They derive it from the session id and the
    /// name of the namespace.
    pub(super) fn socket_id(&self, namespace: &Name) -> Option<SocketId> {
        if !self.is_eio3() {
            return new_id().map(SocketId::from);
        }
        let session = self.session().id();
        Some(if namespace.is_main() {
            session.as_str().into()
        } else {
            format!("{namespace}#{session}").as_str().into()
        })
    }

    /// Returns the packet that confirms a join.
    pub(super) fn connected_packet(&self, socket: &Socket) -> Result<EncodedPacket, EncodeError> {
        let (socket_state, shared) = (socket.state(), socket.namespace_shared());
        if self.is_eio3() {
            let packet = revision_4::connect(shared.name().clone());
            return self.codec().packet(&packet);
        }
        let recoverable = socket_state.recoverable.as_ref();
        let recovery_id = recoverable.map(|recoverable| recoverable.id.as_str());
        self.codec()
            .connect(shared.name(), socket.id().as_str(), recovery_id)
    }

    /// Returns the packet that refuses a join.
    pub(super) fn refused_packet(
        &self,
        namespace: &Name,
        error: &ConnectError,
        refuser: RefusedBy,
    ) -> Result<EncodedPacket, EncodeError> {
        // Refusals by the server have the same format in both revisions.
        if self.is_eio3() && refuser == RefusedBy::Middleware {
            let namespace = namespace.clone();
            let packet = revision_4::connect_error(namespace, error.message(), error.data());
            return self.codec().packet(&packet);
        }
        // A JSON value can always be serialised.
        let data = error.data().and_then(|data| to_raw_value(data).ok());
        self.codec()
            .connect_error(namespace, error.message(), data.as_deref())
    }
}

/// The number of random bytes in the public and secret ids of sockets.
const ID_BYTES: usize = 15;

/// Generates a random id, or returns `None` if the system's random source fails.
pub(super) fn new_id() -> Option<SmolStr> {
    let mut random = [0; ID_BYTES];
    if let Err(error) = getrandom::fill(&mut random) {
        engineio::log_limited!(
            error,
            None,
            "cannot generate a socket id: check the system's random source",
            error = %Escaped(&error),
        );
        return None;
    }
    Some(engineio::SessionId::from_random(random).as_str().into())
}

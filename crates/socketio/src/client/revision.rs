//! What depends on the revision of the protocol that a client speaks.

use std::sync::Arc;

use engineio::Protocol;
use serde_json::value::to_raw_value;
use smol_str::SmolStr;
use socketio_adapter::SocketId;
use socketio_proto::{Args, EncodeError, Namespace as Name, Packet, PacketType, revision_4};

use super::Client;
use crate::error::connect_error::ConnectError;
use crate::socket::Socket;
use crate::wire::encoded_packet::EncodedPacket;

/// Who refuses a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefusedBy {
    Middleware,
    Server,
}

impl Client {
    /// Whether the client is one of Socket.IO 2.x.
    pub(super) fn is_eio3(&self) -> bool {
        self.shared.protocol == Protocol::V3
    }

    /// The connection is open. An old client is in the main namespace without asking.
    pub(crate) fn opened(self: &Arc<Self>) {
        if self.is_eio3() {
            self.connect(&Packet::new(
                PacketType::Connect,
                Name::MAIN,
                Args::default(),
            ));
        }
    }

    /// The id of a new socket. Old clients are not told theirs: they take that of the session, with
    /// the name of the namespace in front.
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

    /// The packet that tells the client that a socket of it has joined.
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

    /// The packet that tells the client that it may not join a namespace.
    pub(super) fn refused_packet(
        &self,
        namespace: &Name,
        error: &ConnectError,
        refuser: RefusedBy,
    ) -> Result<EncodedPacket, EncodeError> {
        // What the server itself has to say has the same form in both revisions.
        if self.is_eio3() && refuser == RefusedBy::Middleware {
            let namespace = namespace.clone();
            let packet = revision_4::connect_error(namespace, error.message(), error.data());
            return self.codec().packet(&packet);
        }
        // What has become a JSON value can be written.
        let data = error.data().and_then(|data| to_raw_value(data).ok());
        self.codec()
            .connect_error(namespace, error.message(), data.as_deref())
    }
}

/// The bytes that the ids of sockets are made of, the public and the secret ones.
const ID_BYTES: usize = 15;

/// A name that nobody can guess.
pub(super) fn new_id() -> Option<SmolStr> {
    let mut random = [0; ID_BYTES];
    if let Err(error) = getrandom::fill(&mut random) {
        tracing::error!(%error, "no random bytes for a socket id: check the system's random source");
        return None;
    }
    Some(engineio::SessionId::from_random(random).as_str().into())
}

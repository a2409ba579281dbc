//! The channels of a namespace.

use bytestring::ByteString;
use socketio_adapter::Target;
use socketio_proto::Namespace;

use crate::format::channel;
use crate::message::ServerId;

#[derive(Clone, Debug)]
pub(super) struct Channels {
    pub(super) broadcast: ByteString,
    pub(super) request: ByteString,
    pub(super) response: ByteString,
    /// Whether answers are published on the channel of the server that has sent the request.
    pub(super) uses_server_channels: bool,
}

impl Channels {
    pub(super) fn new(prefix: &str, namespace: &Namespace) -> Self {
        Self {
            broadcast: format!("{prefix}#{namespace}#").into(),
            request: format!("{prefix}-request#{namespace}#").into(),
            response: format!("{prefix}-response#{namespace}#").into(),
            uses_server_channels: false,
        }
    }

    /// Returns the channel of an event for these sockets.
    pub(super) fn of_target(&self, target: &Target) -> ByteString {
        match target.rooms() {
            [room] => channel::below(&self.broadcast, room.as_str()),
            _ => self.broadcast.clone(),
        }
    }

    /// Returns the channel of an answer to this server, or to all if `None`.
    pub(super) fn of_answer(&self, to: Option<&ServerId>) -> ByteString {
        match to {
            Some(server) if self.uses_server_channels => {
                channel::below(&self.response, server.as_str())
            }
            _ => self.response.clone(),
        }
    }
}

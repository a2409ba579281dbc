//! A remote socket together with the options of the next packet.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::RemoteAck;
use crate::broadcast::BroadcastOperator;
use crate::error::emit_error::EmitError;

/// A remote socket together with the options of the next packet.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent until `emit` or `emit_with_ack` is called"]
pub struct RemoteEmitter {
    operator: BroadcastOperator,
}

impl RemoteEmitter {
    pub(super) fn new(operator: BroadcastOperator) -> Self {
        Self { operator }
    }

    /// Sets how long to wait for the acknowledgement. By default, until the socket is disconnected.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self::new(self.operator.timeout(timeout))
    }

    /// Marks the packet as volatile: it is dropped if the transport is not ready.
    pub fn volatile(self) -> Self {
        Self::new(self.operator.volatile())
    }

    /// Sets whether the transport may compress the packet: `true` by default.
    pub fn compress(self, compress: bool) -> Self {
        Self::new(self.operator.compress(compress))
    }

    /// Sends an event, see [`RemoteSocket::emit`](super::RemoteSocket::emit).
    pub fn emit<T: Serialize + ?Sized>(&self, event: &str, args: &T) {
        self.operator.emit(event, args);
    }

    /// Sends an event, see [`RemoteSocket::try_emit`](super::RemoteSocket::try_emit).
    ///
    /// # Errors
    ///
    /// Returns an error if the name is reserved or the arguments cannot be serialised.
    pub fn try_emit<T: Serialize + ?Sized>(&self, event: &str, args: &T) -> Result<(), EmitError> {
        self.operator.try_emit(event, args)
    }

    /// Sends an event and returns the future of its acknowledgement, see
    /// [`RemoteSocket::emit_with_ack`](super::RemoteSocket::emit_with_ack).
    #[doc(alias = "emitWithAck")]
    pub fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        args: &(impl Serialize + ?Sized),
    ) -> RemoteAck<T> {
        RemoteAck::new(self.operator.emit_with_ack(event, args))
    }
}

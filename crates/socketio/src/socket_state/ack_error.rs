//! The error of an acknowledgement.

use std::error::Error;
use std::fmt;

use socketio_proto::ArgsError;

use crate::error::emit_error::EmitError;

/// The reason why an acknowledgement was not received.
#[derive(Debug)]
#[non_exhaustive]
pub enum AckError {
    /// The answer of the client does not have the requested type.
    Data(ArgsError),
    /// The socket was disconnected before the client answered.
    Disconnected,
    /// The event could not be sent.
    Emit(EmitError),
    /// The event of a broadcast was not sent to this client: it is volatile and the transport was not
    /// ready, too many acknowledgements of the client are pending, or its outbound queue is full.
    NotSent,
    /// The client did not answer in time.
    Timeout,
    /// Too many acknowledgements of the client are pending.
    TooManyPending,
}

impl fmt::Display for AckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Data(_) => "the acknowledgement does not have the requested type",
            Self::Disconnected => "the socket was disconnected before it answered",
            Self::Emit(_) => "the event could not be sent",
            Self::NotSent => {
                "the event was not sent to the client: send it without `volatile()`, or raise \
                 `SocketIoBuilder::max_pending_acks` or `max_outbound_bytes`"
            }
            Self::Timeout => "operation has timed out",
            Self::TooManyPending => {
                "too many acknowledgements of the client are pending: use `timeout(..)` to drop \
                those of a silent client, or raise `SocketIoBuilder::max_pending_acks`"
            }
        })
    }
}

impl Error for AckError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Data(error) => Some(error),
            Self::Emit(error) => Some(error),
            Self::Disconnected | Self::NotSent | Self::Timeout | Self::TooManyPending => None,
        }
    }
}

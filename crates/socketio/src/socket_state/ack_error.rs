use std::error::Error;
use std::fmt;

use socketio_proto::ArgsError;

use crate::error::emit_error::EmitError;

/// Why an acknowledgement did not come.
#[derive(Debug)]
#[non_exhaustive]
pub enum AckError {
    /// The client answered with something else than what was asked for.
    Data(ArgsError),
    /// The socket was disconnected before the client answered.
    Disconnected,
    /// The event could not be sent.
    Emit(EmitError),
    /// The client did not answer in time.
    Timeout,
    /// The client owes too many answers.
    TooManyPending,
}

impl fmt::Display for AckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Data(_) => "the acknowledgement is not of the type that was asked for",
            Self::Disconnected => "the socket was disconnected before it answered",
            Self::Emit(_) => "the event could not be sent",
            Self::Timeout => "operation has timed out",
            Self::TooManyPending => {
                "the client owes too many acknowledgements: use `timeout(..)` so that those of a \
                 silent client are given up, or raise `SocketIoBuilder::max_pending_acks`"
            }
        })
    }
}

impl Error for AckError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Data(error) => Some(error),
            Self::Emit(error) => Some(error),
            Self::Disconnected | Self::Timeout | Self::TooManyPending => None,
        }
    }
}

//! The error of sending an event.

use std::error::Error;
use std::fmt;

use socketio_proto::EncodeError;

/// The reason why an event was not sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum EmitError {
    /// The socket is disconnected, or its client was just disconnected for being too slow.
    Disconnected,
    /// A volatile event with an acknowledgement was dropped because the transport was not ready.
    Dropped,
    /// The arguments cannot be serialised.
    Encode(EncodeError),
    /// The event name is reserved by the protocol, such as `connect` or `disconnect`.
    ReservedEvent(String),
}

impl EmitError {
    /// Returns an error if the protocol reserves the event name.
    #[inline]
    pub(crate) fn check_name(event: &str) -> Result<(), Self> {
        if socketio_proto::is_reserved(event) {
            return Err(Self::ReservedEvent(event.to_owned()));
        }
        Ok(())
    }
}

impl fmt::Display for EmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disconnected => f.write_str("the socket is disconnected"),
            Self::Dropped => f.write_str(
                "the transport could not take the volatile event: send it without `volatile()`",
            ),
            Self::Encode(_) => {
                f.write_str("the event cannot be encoded: the cause of this error says why")
            }
            Self::ReservedEvent(event) => {
                write!(f, "{event:?} is a reserved event name: choose another")
            }
        }
    }
}

impl Error for EmitError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Encode(error) => Some(error),
            Self::Disconnected | Self::Dropped | Self::ReservedEvent(_) => None,
        }
    }
}

impl From<EncodeError> for EmitError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

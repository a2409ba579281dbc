use std::error::Error;
use std::fmt;

use socketio_proto::EncodeError;

/// Why an event was not sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum EmitError {
    /// The socket is disconnected, or has just been because its client was too slow.
    Disconnected,
    /// A volatile event that wants an acknowledgement was dropped: the transport could not take it.
    Dropped,
    /// The arguments cannot be serialised.
    Encode(EncodeError),
    /// The name of the event is kept for the protocol.
    ReservedEvent(String),
}

impl EmitError {
    /// Refuses names that the protocol keeps for itself.
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

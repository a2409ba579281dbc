//! The error of an emitter.

use std::error::Error;
use std::fmt;

use socketio_cluster::EncodeError;
use socketio_proto::InvalidNamespace;

/// The reason why an emitter could not connect, or why the bus has not accepted a message.
#[derive(Debug)]
#[non_exhaustive]
pub enum EmitterError {
    /// The arguments cannot be serialised.
    Arguments(socketio_proto::EncodeError),
    /// The name of the event is reserved, or the message is too large for its format.
    Message(EncodeError),
    /// The name of the namespace contains a comma.
    Namespace(InvalidNamespace),
    /// The bus cannot be reached, has refused the message, or has not answered in time. In the last case,
    /// it may have accepted the message.
    Bus(Box<dyn Error + Send + Sync>),
}

impl fmt::Display for EmitterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arguments(error) => write!(
                f,
                "the arguments do not serialise: {error}; emit a value that JSON can hold"
            ),
            Self::Message(error) => write!(f, "the event cannot be emitted: {error}"),
            Self::Namespace(error) => error.fmt(f),
            Self::Bus(error) => write!(
                f,
                "the bus of the cluster has not accepted the message: {error}; check that it runs \
                 and that the URL, the user and the password are right"
            ),
        }
    }
}

impl Error for EmitterError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // `Display` contains the texts of the other causes.
        match self {
            Self::Bus(error) => error.source(),
            Self::Arguments(_) | Self::Message(_) | Self::Namespace(_) => None,
        }
    }
}

impl From<EncodeError> for EmitterError {
    fn from(error: EncodeError) -> Self {
        Self::Message(error)
    }
}

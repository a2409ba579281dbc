//! The error of adapter operations.

use std::error::Error;
use std::fmt;

use socketio_proto::Args;

use crate::ack::MissingAnswers;
use crate::local::RemoteSocketInfo;
use crate::recovery::SessionTooLarge;

/// The error of an operation of an [`Adapter`](crate::Adapter).
#[derive(Debug)]
pub struct AdapterError {
    kind: AdapterErrorKind,
}

#[derive(Debug)]
enum AdapterErrorKind {
    Closed,
    Missing(MissingAnswers),
    MissingSockets(MissingAnswers, Vec<RemoteSocketInfo>),
    NotSupported(&'static str),
    Other(Box<dyn Error + Send + Sync>),
    SessionTooLarge(SessionTooLarge),
}

impl AdapterError {
    /// Creates the error of an operation on a closed adapter.
    #[must_use]
    pub fn closed() -> Self {
        Self {
            kind: AdapterErrorKind::Closed,
        }
    }

    /// Creates the error of an operation that the adapter does not implement.
    ///
    /// `feature` completes "this adapter does not support …".
    #[must_use]
    pub fn not_supported(feature: &'static str) -> Self {
        Self {
            kind: AdapterErrorKind::NotSupported(feature),
        }
    }

    /// Creates the error of [`fetch_sockets`](crate::Adapter::fetch_sockets) if servers have not
    /// answered in time, with the descriptions that did arrive.
    #[must_use]
    pub fn missing_sockets(missing: MissingAnswers, sockets: Vec<RemoteSocketInfo>) -> Self {
        Self {
            kind: AdapterErrorKind::MissingSockets(missing, sockets),
        }
    }

    /// Creates an error from any other cause, such as a lost connection to the other servers.
    #[must_use]
    pub fn other(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind: AdapterErrorKind::Other(error.into()),
        }
    }

    /// Returns whether the adapter is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.kind, AdapterErrorKind::Closed)
    }

    /// Returns whether the adapter does not implement the operation.
    #[must_use]
    pub fn is_not_supported(&self) -> bool {
        matches!(self.kind, AdapterErrorKind::NotSupported(_))
    }

    /// Returns whether servers or sockets have not answered in time.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.missing().is_some()
    }

    /// Returns the numbers of missing answers if the operation timed out.
    #[must_use]
    pub fn missing(&self) -> Option<&MissingAnswers> {
        match &self.kind {
            AdapterErrorKind::Missing(missing) | AdapterErrorKind::MissingSockets(missing, _) => {
                Some(missing)
            }
            AdapterErrorKind::Closed
            | AdapterErrorKind::NotSupported(_)
            | AdapterErrorKind::Other(_)
            | AdapterErrorKind::SessionTooLarge(_) => None,
        }
    }

    /// Returns the answers that arrived in time; none if the operation did not time out.
    #[must_use]
    pub fn into_answers(self) -> Vec<Args> {
        match self.kind {
            AdapterErrorKind::Missing(missing) => missing.into_answers(),
            AdapterErrorKind::Closed
            | AdapterErrorKind::MissingSockets(..)
            | AdapterErrorKind::NotSupported(_)
            | AdapterErrorKind::Other(_)
            | AdapterErrorKind::SessionTooLarge(_) => Vec::new(),
        }
    }

    /// Removes the descriptions of sockets that arrived in time from the error and returns them;
    /// none if the operation did not time out.
    #[must_use]
    pub fn take_sockets(&mut self) -> Vec<RemoteSocketInfo> {
        match &mut self.kind {
            AdapterErrorKind::MissingSockets(_, sockets) => std::mem::take(sockets),
            AdapterErrorKind::Closed
            | AdapterErrorKind::Missing(_)
            | AdapterErrorKind::NotSupported(_)
            | AdapterErrorKind::Other(_)
            | AdapterErrorKind::SessionTooLarge(_) => Vec::new(),
        }
    }

    /// Removes the answers that arrived in time from the error and returns them; none if the
    /// operation did not time out.
    #[must_use]
    pub fn take_answers(&mut self) -> Vec<Args> {
        match &mut self.kind {
            AdapterErrorKind::Missing(missing) => missing.take_answers(),
            AdapterErrorKind::Closed
            | AdapterErrorKind::MissingSockets(..)
            | AdapterErrorKind::NotSupported(_)
            | AdapterErrorKind::Other(_)
            | AdapterErrorKind::SessionTooLarge(_) => Vec::new(),
        }
    }
}

impl From<SessionTooLarge> for AdapterError {
    fn from(error: SessionTooLarge) -> Self {
        Self {
            kind: AdapterErrorKind::SessionTooLarge(error),
        }
    }
}

impl From<MissingAnswers> for AdapterError {
    fn from(missing: MissingAnswers) -> Self {
        Self {
            kind: AdapterErrorKind::Missing(missing),
        }
    }
}

impl fmt::Display for AdapterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            AdapterErrorKind::Closed => {
                f.write_str("the adapter is closed: use it before the server closes")
            }
            AdapterErrorKind::Missing(missing) | AdapterErrorKind::MissingSockets(missing, _) => {
                missing.fmt(f)
            }
            AdapterErrorKind::NotSupported(feature) => write!(
                f,
                "this adapter does not support {feature}: configure one that does"
            ),
            AdapterErrorKind::Other(error) => write!(
                f,
                "the adapter failed, check what connects the servers: {error}"
            ),
            AdapterErrorKind::SessionTooLarge(error) => error.fmt(f),
        }
    }
}

impl Error for AdapterError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            AdapterErrorKind::Other(error) => error.source(),
            AdapterErrorKind::Closed
            | AdapterErrorKind::Missing(_)
            | AdapterErrorKind::MissingSockets(..)
            | AdapterErrorKind::NotSupported(_)
            | AdapterErrorKind::SessionTooLarge(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_yields_the_received_answers_once() {
        let answer = Args::from_serialize(None, &7).unwrap();
        let missing = MissingAnswers::new(2, 0).with_answers(vec![answer.clone()]);
        let mut error = AdapterError::from(missing);
        assert!(error.is_timeout());
        assert!(error.take_sockets().is_empty());
        assert_eq!(error.take_answers(), [answer]);
        assert!(error.take_answers().is_empty());
        assert_eq!(error.missing().map(MissingAnswers::servers), Some(2));

        let socket = RemoteSocketInfo::new("_1kqyu2LT4IHGYyqAAAB".into(), Vec::new());
        let missing = MissingAnswers::new(1, 0);
        let mut error = AdapterError::missing_sockets(missing, vec![socket.clone()]);
        assert!(error.is_timeout());
        assert!(error.take_answers().is_empty());
        assert_eq!(error.take_sockets(), [socket]);
        assert!(error.take_sockets().is_empty());

        let mut error = AdapterError::closed();
        assert!(!error.is_timeout());
        assert!(error.take_sockets().is_empty());
    }
}

//! Why an adapter could not do what was asked.

use std::error::Error;
use std::fmt;

use socketio_proto::Args;

use crate::ack::MissingAnswers;
use crate::recovery::SessionTooLarge;
use crate::remote::RemoteSocketInfo;

/// An adapter could not do what was asked.
#[derive(Debug)]
pub struct AdapterError {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Closed,
    Missing(MissingAnswers),
    MissingSockets(MissingAnswers, Vec<RemoteSocketInfo>),
    NotSupported(&'static str),
    Other(Box<dyn Error + Send + Sync>),
    SessionTooLarge(SessionTooLarge),
}

impl AdapterError {
    /// The adapter is closed.
    #[must_use]
    pub fn closed() -> Self {
        Self { kind: Kind::Closed }
    }

    /// The adapter does not have this feature.
    #[must_use]
    pub fn not_supported(feature: &'static str) -> Self {
        Self {
            kind: Kind::NotSupported(feature),
        }
    }

    /// Servers have not described their sockets in time; those of the others are kept.
    #[must_use]
    pub fn missing_sockets(missing: MissingAnswers, sockets: Vec<RemoteSocketInfo>) -> Self {
        Self {
            kind: Kind::MissingSockets(missing, sockets),
        }
    }

    /// Something else failed: the connection to the other servers, an encoding.
    #[must_use]
    pub fn other(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind: Kind::Other(error.into()),
        }
    }

    /// Tells whether the adapter is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.kind, Kind::Closed)
    }

    /// Tells whether the adapter does not have the feature.
    #[must_use]
    pub fn is_not_supported(&self) -> bool {
        matches!(self.kind, Kind::NotSupported(_))
    }

    /// Tells whether servers have not answered in time.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.missing().is_some()
    }

    /// Who has not answered in time, if that is what went wrong.
    #[must_use]
    pub fn missing(&self) -> Option<&MissingAnswers> {
        match &self.kind {
            Kind::Missing(missing) | Kind::MissingSockets(missing, _) => Some(missing),
            Kind::Closed | Kind::NotSupported(_) | Kind::Other(_) | Kind::SessionTooLarge(_) => {
                None
            }
        }
    }

    /// Takes the answers that did come in time; none if the fault is another.
    #[must_use]
    pub fn into_answers(self) -> Vec<Args> {
        match self.kind {
            Kind::Missing(missing) => missing.into_answers(),
            Kind::Closed
            | Kind::MissingSockets(..)
            | Kind::NotSupported(_)
            | Kind::Other(_)
            | Kind::SessionTooLarge(_) => Vec::new(),
        }
    }

    /// Takes the descriptions of sockets that did come in time out of the error, which stays the
    /// same otherwise; none if the fault is another.
    #[must_use]
    pub fn take_sockets(&mut self) -> Vec<RemoteSocketInfo> {
        match &mut self.kind {
            Kind::MissingSockets(_, sockets) => std::mem::take(sockets),
            Kind::Closed
            | Kind::Missing(_)
            | Kind::NotSupported(_)
            | Kind::Other(_)
            | Kind::SessionTooLarge(_) => Vec::new(),
        }
    }

    /// Takes the answers that did come in time out of the error, which stays the same otherwise;
    /// none if the fault is another.
    #[must_use]
    pub fn take_answers(&mut self) -> Vec<Args> {
        match &mut self.kind {
            Kind::Missing(missing) => missing.take_answers(),
            Kind::Closed
            | Kind::MissingSockets(..)
            | Kind::NotSupported(_)
            | Kind::Other(_)
            | Kind::SessionTooLarge(_) => Vec::new(),
        }
    }
}

impl From<SessionTooLarge> for AdapterError {
    fn from(error: SessionTooLarge) -> Self {
        Self {
            kind: Kind::SessionTooLarge(error),
        }
    }
}

impl From<MissingAnswers> for AdapterError {
    fn from(missing: MissingAnswers) -> Self {
        Self {
            kind: Kind::Missing(missing),
        }
    }
}

impl fmt::Display for AdapterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Closed => f.write_str("the adapter is closed: use it before the server closes"),
            Kind::Missing(missing) | Kind::MissingSockets(missing, _) => missing.fmt(f),
            Kind::NotSupported(feature) => write!(
                f,
                "this adapter does not support {feature}: configure one that does"
            ),
            Kind::Other(error) => write!(
                f,
                "the adapter failed, check what connects the servers: {error}"
            ),
            Kind::SessionTooLarge(error) => error.fmt(f),
        }
    }
}

impl Error for AdapterError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            Kind::Other(error) => error.source(),
            Kind::Closed
            | Kind::Missing(_)
            | Kind::MissingSockets(..)
            | Kind::NotSupported(_)
            | Kind::SessionTooLarge(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_come_can_be_taken_out() {
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

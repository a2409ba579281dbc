//! The errors of a session.

use std::{error::Error, fmt};

/// The reason why a poll (a GET) was refused. The client is at fault.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum PollError {
    /// The session is closed. Respond as for an unknown session id.
    Closed,
    /// The session uses another transport. Respond with [`ConnectionError::BadRequest`].
    ///
    /// [`ConnectionError::BadRequest`]: crate::ConnectionError::BadRequest
    NotPolling,
    /// Another poll is pending, which closes the session. Respond with 400 and without a body.
    ///
    /// The first poll is answered with the packets of [`poll_transmit`](crate::Session::poll_transmit).
    Overlap,
}

impl fmt::Display for PollError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the session is closed: open a new one",
            Self::NotPolling => "the session moved to another transport: stop polling",
            Self::Overlap => "another poll is pending: wait for its answer before the next",
        })
    }
}

impl Error for PollError {}

/// The reason why a transport may not be probed. The client is at fault. Close only that transport.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum UpgradeError {
    /// The session does not use polling, or the probed transport is polling.
    AlreadyUpgraded,
    /// Another transport is being probed.
    AlreadyUpgrading,
    /// The session is closing or closed.
    Closed,
}

impl fmt::Display for UpgradeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlreadyUpgraded => {
                "the session does not poll: open a new session for another transport"
            }
            Self::AlreadyUpgrading => {
                "another transport is being probed: wait until that probe has ended"
            }
            Self::Closed => "the session is closed: open a new one",
        })
    }
}

impl Error for UpgradeError {}

/// The reason why a message was not queued.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum SendError {
    /// The session is closing or closed.
    Closed,
    /// The queue would exceed its limit, which closes the session.
    Overflow,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the session is closed: wait for the client to connect again",
            Self::Overflow => {
                "the client reads too slowly and was disconnected: send less, wait until the \
                 queue has drained, or raise `max_outbound_bytes`"
            }
        })
    }
}

impl Error for SendError {}

//! What a session refuses, and who is at fault.

use std::{error::Error, fmt};

/// Why a poll (a GET) was refused. The client is at fault.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum PollError {
    /// The session is closed. Answer as if the session id were unknown.
    Closed,
    /// The session moved to another transport. Answer [`ConnectionError::BadRequest`].
    ///
    /// [`ConnectionError::BadRequest`]: crate::ConnectionError::BadRequest
    NotPolling,
    /// Another poll is pending, and the session is closed for that. Answer 400 without a body; the
    /// first poll gets what [`poll_transmit`](crate::Session::poll_transmit) yields.
    Overlap,
}

impl fmt::Display for PollError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the session is closed: open a new one",
            Self::NotPolling => "the session moved to another transport: poll no more",
            Self::Overlap => "another poll is pending: wait for its answer before the next",
        })
    }
}

impl Error for PollError {}

/// Why a transport may not be probed. The client is at fault; only that transport is to be closed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum UpgradeError {
    /// The session does not poll.
    AlreadyUpgraded,
    /// Another transport is being probed.
    AlreadyUpgrading,
    /// The session is closed or being closed.
    Closed,
}

impl fmt::Display for UpgradeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlreadyUpgraded => {
                "the session does not poll: open a new session for another transport"
            }
            Self::AlreadyUpgrading => {
                "another transport is being probed: wait until it is done or has failed"
            }
            Self::Closed => "the session is closed: open a new one",
        })
    }
}

impl Error for UpgradeError {}

/// Why a message was not queued.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum SendError {
    /// The session is closed or being closed.
    Closed,
    /// More bytes would have waited than the limit allows. The session is closed for that.
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

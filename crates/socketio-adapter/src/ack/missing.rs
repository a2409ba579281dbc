//! The error of missing answers.

use std::error::Error;
use std::fmt;

use socketio_proto::Args;

use crate::socket_id::SocketId;

/// The error that servers or clients have not answered in time. It holds the answers that did arrive.
#[derive(Clone, Debug)]
pub struct MissingAnswers {
    answers: Vec<Args>,
    servers: usize,
    sockets: usize,
    socket_ids: Vec<SocketId>,
}

impl MissingAnswers {
    /// Creates an error with the number of servers that have not answered, and the number of sockets
    /// of the other servers.
    #[must_use]
    pub fn new(servers: usize, sockets: usize) -> Self {
        Self {
            answers: Vec::new(),
            servers,
            sockets,
            socket_ids: Vec::new(),
        }
    }

    /// Sets the answers that did arrive.
    #[must_use]
    pub fn with_answers(mut self, answers: Vec<Args>) -> Self {
        self.answers = answers;
        self
    }

    /// Sets the ids of the sockets that have not answered, as far as they are known.
    #[must_use]
    pub fn with_socket_ids(mut self, sockets: Vec<SocketId>) -> Self {
        self.socket_ids = sockets;
        self
    }

    /// Returns the answers that did arrive and that the stream has not yielded.
    #[must_use]
    pub fn answers(&self) -> &[Args] {
        &self.answers
    }

    /// Returns the answers that did arrive and that the stream has not yielded, by value.
    #[must_use]
    pub fn into_answers(self) -> Vec<Args> {
        self.answers
    }

    pub(crate) fn take_answers(&mut self) -> Vec<Args> {
        std::mem::take(&mut self.answers)
    }

    /// Returns the number of servers that have not answered.
    #[must_use]
    pub fn servers(&self) -> usize {
        self.servers
    }

    /// Returns the number of sockets that have not answered, on servers that did.
    #[must_use]
    pub fn sockets(&self) -> usize {
        self.sockets
    }

    /// Returns the ids of the sockets that have not answered, in no particular order.
    ///
    /// Sockets of other servers are missing from the list if those servers do not send the ids, so the
    /// list may be shorter than [`sockets`](Self::sockets).
    #[must_use]
    pub fn socket_ids(&self) -> &[SocketId] {
        &self.socket_ids
    }

    /// Adds the missing answers to another broadcast.
    pub(super) fn merge(mut self, mut other: Self) -> Self {
        self.answers.append(&mut other.answers);
        self.socket_ids.append(&mut other.socket_ids);
        self.servers = self.servers.saturating_add(other.servers);
        self.sockets = self.sockets.saturating_add(other.sockets);
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.servers == 0 && self.sockets == 0
    }
}

impl fmt::Display for MissingAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "operation has timed out: {} servers and {} clients have not answered; use the answers \
             that did come, or give it a longer timeout",
            self.servers, self.sockets
        )
    }
}

impl Error for MissingAnswers {}

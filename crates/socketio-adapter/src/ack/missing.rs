//! The error of missing answers.

use std::error::Error;
use std::fmt;

use socketio_proto::Args;

/// The error that servers or clients have not answered in time. It holds the answers that did arrive.
#[derive(Clone, Debug)]
pub struct MissingAnswers {
    answers: Vec<Args>,
    servers: usize,
    sockets: usize,
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
        }
    }

    /// Sets the answers that did arrive.
    #[must_use]
    pub fn with_answers(mut self, answers: Vec<Args>) -> Self {
        self.answers = answers;
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

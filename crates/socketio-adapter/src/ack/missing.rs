//! Not everybody has answered.

use std::error::Error;
use std::fmt;

use socketio_proto::Args;

/// Not everybody has answered in time; the answers that did come are kept.
#[derive(Clone, Debug)]
pub struct MissingAnswers {
    answers: Vec<Args>,
    servers: usize,
    sockets: usize,
}

impl MissingAnswers {
    /// Returns an error for so many silent servers, and so many silent sockets of the other servers.
    #[must_use]
    pub fn new(servers: usize, sockets: usize) -> Self {
        Self {
            answers: Vec::new(),
            servers,
            sockets,
        }
    }

    /// Adds the answers that did come.
    #[must_use]
    pub fn with_answers(mut self, answers: Vec<Args>) -> Self {
        self.answers = answers;
        self
    }

    /// Returns the answers that did come and were not yielded before.
    #[must_use]
    pub fn answers(&self) -> &[Args] {
        &self.answers
    }

    /// Takes the answers that did come and were not yielded before.
    #[must_use]
    pub fn into_answers(self) -> Vec<Args> {
        self.answers
    }

    pub(crate) fn take_answers(&mut self) -> Vec<Args> {
        std::mem::take(&mut self.answers)
    }

    /// Returns how many servers have not answered.
    #[must_use]
    pub fn servers(&self) -> usize {
        self.servers
    }

    /// Returns how many sockets of the servers that did answer have not.
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

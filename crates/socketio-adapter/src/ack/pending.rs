//! An acknowledgement that one socket owes.

use std::fmt;
use std::sync::Arc;

use socketio_proto::Args;

use super::sink::AckSink;

/// The acknowledgement that one socket owes to a broadcast.
///
/// Keep it with the socket. When it is dropped, because the socket goes or because nobody waits any
/// more, the socket is counted out.
#[must_use = "a pending acknowledgement that is dropped counts the socket out"]
pub struct PendingAck {
    sink: Option<Arc<dyn AckSink>>,
}

impl PendingAck {
    /// Returns what one more socket owes to a sink.
    pub fn new(sink: Arc<dyn AckSink>) -> Self {
        Self { sink: Some(sink) }
    }

    /// Hands in the socket's answer.
    pub fn answer(mut self, answer: Args) {
        if let Some(sink) = self.sink.take() {
            sink.answer(answer);
        }
    }
}

impl Drop for PendingAck {
    fn drop(&mut self) {
        if let Some(sink) = self.sink.take() {
            sink.left();
        }
    }
}

impl fmt::Debug for PendingAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingAck").finish_non_exhaustive()
    }
}

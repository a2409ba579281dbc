use std::collections::HashMap;

use parking_lot::Mutex;
use socketio_adapter::PendingAck;
use socketio_proto::Args;
use tokio::sync::oneshot;

use crate::ack_error::AckError;

/// The acknowledgements that a client owes on one socket.
pub(crate) struct PendingAcks {
    state: Mutex<State>,
    limit: usize,
}

enum State {
    /// Most sockets ask for none and pay for none.
    Open(Option<Box<HashMap<u64, Waiting>>>),
    Closed,
}

/// Who waits for an answer.
pub(crate) enum Waiting {
    One(oneshot::Sender<Args>),
    /// Held for its drop: then the socket is counted out.
    Broadcast(PendingAck),
}

impl PendingAcks {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            state: Mutex::new(State::Open(None)),
            limit,
        }
    }

    pub(crate) fn insert(&self, id: u64, waiting: Waiting) -> Result<(), AckError> {
        match &mut *self.state.lock() {
            State::Closed => Err(AckError::Disconnected),
            State::Open(map) => {
                let map = map.get_or_insert_default();
                if map.len() >= self.limit {
                    return Err(AckError::TooManyPending);
                }
                map.insert(id, waiting);
                Ok(())
            }
        }
    }

    /// Nobody waits any more.
    pub(crate) fn remove(&self, id: u64) {
        let mut state = self.state.lock();
        if let State::Open(Some(map)) = &mut *state {
            let removed = map.remove(&id);
            drop(state);
            drop(removed);
        }
    }

    /// The client has answered. An answer that nobody waits for is ignored, as in Node's server.
    pub(crate) fn answer(&self, id: u64, answer: Args) {
        let waiting = match &mut *self.state.lock() {
            State::Open(Some(map)) => map.remove(&id),
            State::Open(None) | State::Closed => None,
        };
        match waiting {
            Some(Waiting::One(sender)) => drop(sender.send(answer)),
            Some(Waiting::Broadcast(pending)) => pending.answer(answer),
            None => tracing::debug!(id, "an acknowledgement that nobody waits for"),
        }
    }

    /// The socket is gone: all that wait are told, and so is whoever asks from now on.
    pub(crate) fn close(&self) {
        let state = std::mem::replace(&mut *self.state.lock(), State::Closed);
        drop(state);
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        match &*self.state.lock() {
            State::Open(Some(map)) => map.len(),
            State::Open(None) | State::Closed => 0,
        }
    }
}

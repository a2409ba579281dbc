use hashbrown::HashMap;
use parking_lot::Mutex;
use socketio_adapter::PendingAck;
use socketio_proto::Args;
use tokio::sync::oneshot;

use crate::socket_state::ack_error::AckError;

/// The acknowledgements that a client owes on one socket.
pub(crate) struct PendingAcks {
    state: Mutex<PendingAcksState>,
    limit: usize,
}

enum PendingAcksState {
    /// Most sockets ask for none and pay for none: a pointer is less than an empty table. The ids
    /// are ours and a client only names them, so a fast hasher serves.
    Open(Option<Box<HashMap<u64, AckReceiver>>>),
    Closed,
}

/// Who waits for an answer.
pub(crate) enum AckReceiver {
    One(oneshot::Sender<Args>),
    /// Held for its drop: then the socket is counted out.
    Broadcast(PendingAck),
}

impl PendingAcks {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            state: Mutex::new(PendingAcksState::Open(None)),
            limit,
        }
    }

    pub(crate) fn insert(&self, id: u64, waiting: AckReceiver) -> Result<(), AckError> {
        match &mut *self.state.lock() {
            PendingAcksState::Closed => Err(AckError::Disconnected),
            PendingAcksState::Open(map) => {
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
        if let PendingAcksState::Open(Some(map)) = &mut *state {
            let removed = map.remove(&id);
            drop(state);
            drop(removed);
        }
    }

    /// The client has answered. An answer that nobody waits for is ignored, as in Node's server.
    pub(crate) fn answer(&self, id: u64, answer: Args) {
        let waiting = match &mut *self.state.lock() {
            PendingAcksState::Open(Some(map)) => map.remove(&id),
            PendingAcksState::Open(None) | PendingAcksState::Closed => None,
        };
        match waiting {
            Some(AckReceiver::One(sender)) => drop(sender.send(answer)),
            Some(AckReceiver::Broadcast(pending)) => pending.answer(answer),
            None => tracing::debug!(id, "an acknowledgement that nobody waits for"),
        }
    }

    /// The socket is gone: all that wait are told, and so is whoever asks from now on.
    pub(crate) fn close(&self) {
        let state = std::mem::replace(&mut *self.state.lock(), PendingAcksState::Closed);
        drop(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting() -> (AckReceiver, oneshot::Receiver<Args>) {
        let (sender, receiver) = oneshot::channel();
        (AckReceiver::One(sender), receiver)
    }

    #[test]
    fn an_answer_is_taken_once() {
        let acks = PendingAcks::new(1);
        let (first, mut answer) = waiting();
        acks.insert(7, first).unwrap();
        acks.answer(8, Args::default());
        assert!(answer.try_recv().is_err(), "it was another's");
        acks.answer(7, Args::default());
        acks.answer(7, Args::default());
        assert!(answer.try_recv().is_ok());
    }

    #[test]
    fn a_client_owes_a_bounded_number() {
        let acks = PendingAcks::new(2);
        let (first, _first) = waiting();
        let (second, _second) = waiting();
        let (third, _third) = waiting();
        acks.insert(1, first).unwrap();
        acks.insert(2, second).unwrap();
        assert!(matches!(
            acks.insert(3, third),
            Err(AckError::TooManyPending)
        ));
        acks.remove(1);
        let (fourth, _fourth) = waiting();
        acks.insert(4, fourth).unwrap();
    }

    #[test]
    fn when_the_socket_goes_all_are_told() {
        let acks = PendingAcks::new(2);
        let (first, mut answer) = waiting();
        acks.insert(1, first).unwrap();
        acks.close();
        assert_eq!(answer.try_recv(), Err(oneshot::error::TryRecvError::Closed));
        let (late, _late) = waiting();
        assert!(matches!(acks.insert(2, late), Err(AckError::Disconnected)));
    }
}

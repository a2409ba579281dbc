//! The pending acknowledgements of one socket, and the tasks that wait for its end.

use std::sync::Arc;

use hashbrown::HashMap;
use parking_lot::Mutex;
use socketio_adapter::PendingAck;
use socketio_proto::Args;
use tokio::sync::{SetOnce, oneshot};

use crate::socket_state::ack_error::AckError;
use crate::wire::disconnect_reason::DisconnectReason;

/// The acknowledgements that a socket is waiting for, and the tasks that wait for its end.
pub(crate) struct PendingAcks {
    state: Mutex<PendingAcksState>,
    limit: usize,
}

enum PendingAcksState {
    /// Boxed because most sockets wait for none, and a pointer is smaller than an empty table.
    Open(Option<Box<Pending>>),
    Closed(DisconnectReason),
}

#[derive(Default)]
struct Pending {
    /// A fast hasher is safe because the server chooses the ids.
    acks: HashMap<u64, AckReceiver>,
    /// Set when the socket is closed, if a task has asked for it.
    closed: Option<Arc<SetOnce<DisconnectReason>>>,
}

/// The receiver of an answer.
pub(crate) enum AckReceiver {
    One(oneshot::Sender<Args>),
    /// Removes the socket from the count of expected answers when it is dropped.
    Broadcast(PendingAck),
}

impl AckReceiver {
    fn not_sent(self) {
        match self {
            Self::One(sender) => drop(sender),
            Self::Broadcast(pending) => pending.not_sent(),
        }
    }
}

impl PendingAcks {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            state: Mutex::new(PendingAcksState::Open(None)),
            limit,
        }
    }

    pub(crate) fn insert(&self, id: u64, receiver: AckReceiver) -> Result<(), AckError> {
        self.try_insert(id, receiver).map_err(|(error, _)| error)
    }

    /// Inserts the receiver of an answer to a broadcast. Reports to it if it cannot be inserted.
    pub(crate) fn insert_broadcast(&self, id: u64, pending: PendingAck) -> Result<(), AckError> {
        self.try_insert(id, AckReceiver::Broadcast(pending))
            .map_err(|(error, receiver)| {
                match error {
                    AckError::Disconnected => drop(receiver),
                    _ => receiver.not_sent(),
                }
                error
            })
    }

    /// Inserts a receiver, or returns it because a dropped receiver must not report under the lock.
    fn try_insert(&self, id: u64, receiver: AckReceiver) -> Result<(), (AckError, AckReceiver)> {
        match &mut *self.state.lock() {
            PendingAcksState::Closed(_) => Err((AckError::Disconnected, receiver)),
            PendingAcksState::Open(pending) => {
                let map = &mut pending.get_or_insert_default().acks;
                if map.len() >= self.limit {
                    return Err((AckError::TooManyPending, receiver));
                }
                map.insert(id, receiver);
                Ok(())
            }
        }
    }

    /// Stops waiting for an answer.
    pub(crate) fn remove(&self, id: u64) {
        drop(self.take(id));
    }

    /// Stops waiting for an answer to an event that was not sent.
    pub(crate) fn remove_unsent(&self, id: u64) {
        if let Some(receiver) = self.take(id) {
            receiver.not_sent();
        }
    }

    fn take(&self, id: u64) -> Option<AckReceiver> {
        match &mut *self.state.lock() {
            PendingAcksState::Open(Some(pending)) => pending.acks.remove(&id),
            PendingAcksState::Open(None) | PendingAcksState::Closed(_) => None,
        }
    }

    /// Passes an answer of the client to its receiver. An unexpected answer is ignored, as in Node.
    pub(crate) fn answer(&self, id: u64, answer: Args) {
        match self.take(id) {
            Some(AckReceiver::One(sender)) => drop(sender.send(answer)),
            Some(AckReceiver::Broadcast(pending)) => pending.answer(answer),
            None => tracing::debug!(id, "an unexpected acknowledgement was ignored"),
        }
    }

    /// Returns a future that resolves when the socket is closed. It does not keep the socket alive.
    pub(crate) fn closed(&self) -> impl Future<Output = DisconnectReason> + Send + use<> {
        let closed = match &mut *self.state.lock() {
            PendingAcksState::Closed(reason) => Arc::new(SetOnce::new_with(Some(*reason))),
            PendingAcksState::Open(pending) => {
                let pending = pending.get_or_insert_default();
                Arc::clone(pending.closed.get_or_insert_default())
            }
        };
        async move { *closed.wait().await }
    }

    /// Fails all pending and later acknowledgements because the socket has left, and wakes the tasks
    /// that wait for that. Only the first call has an effect.
    pub(crate) fn close(&self, reason: DisconnectReason) {
        let mut state = self.state.lock();
        if let PendingAcksState::Open(pending) = &mut *state {
            let pending = pending.take();
            *state = PendingAcksState::Closed(reason);
            drop(state);
            if let Some(closed) = pending.as_ref().and_then(|pending| pending.closed.as_ref()) {
                closed.set(reason).ok();
            }
            drop(pending);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receiver() -> (AckReceiver, oneshot::Receiver<Args>) {
        let (sender, receiver) = oneshot::channel();
        (AckReceiver::One(sender), receiver)
    }

    #[test]
    fn an_answer_is_received_once() {
        let acks = PendingAcks::new(1);
        let (first, mut answer) = receiver();
        acks.insert(7, first).unwrap();
        acks.answer(8, Args::default());
        assert!(answer.try_recv().is_err(), "the id is another one");
        acks.answer(7, Args::default());
        acks.answer(7, Args::default());
        assert!(answer.try_recv().is_ok());
    }

    #[test]
    fn the_number_of_pending_acks_is_limited() {
        let acks = PendingAcks::new(2);
        let (first, _first) = receiver();
        let (second, _second) = receiver();
        let (third, _third) = receiver();
        acks.insert(1, first).unwrap();
        acks.insert(2, second).unwrap();
        assert!(matches!(
            acks.insert(3, third),
            Err(AckError::TooManyPending)
        ));
        acks.remove(1);
        let (fourth, _fourth) = receiver();
        acks.insert(4, fourth).unwrap();
    }

    #[test]
    fn closing_fails_all_pending_acks() {
        let acks = PendingAcks::new(2);
        let (first, mut answer) = receiver();
        acks.insert(1, first).unwrap();
        acks.close(DisconnectReason::TransportClose);
        assert_eq!(answer.try_recv(), Err(oneshot::error::TryRecvError::Closed));
        let (late, _late) = receiver();
        assert!(matches!(acks.insert(2, late), Err(AckError::Disconnected)));
    }
}

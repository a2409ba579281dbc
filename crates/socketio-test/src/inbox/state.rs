//! The state of an inbox.

use std::collections::{HashMap, VecDeque};

use socketio_proto::Args;
use tokio::sync::oneshot;

use super::listener::Listener;
use crate::disconnection::End;
use crate::event::ReceivedEvent;

/// The number of events that failure messages list as received.
const MAX_RECENT: usize = 20;

/// The state of an inbox.
#[derive(Debug)]
pub(super) struct State {
    pub(super) status: Status,
    pub(super) unread: VecDeque<ReceivedEvent>,
    /// The last [`MAX_RECENT`] events, read or not, for failure messages.
    pub(super) recent: VecDeque<ReceivedEvent>,
    /// The number of events received.
    pub(super) count: usize,
    pub(super) listeners: HashMap<String, Listener>,
    pub(super) acks: HashMap<u64, oneshot::Sender<Args>>,
    pub(super) next_ack: u64,
    /// The secret with which the client can recover its socket.
    pub(super) pid: Option<String>,
    /// The offset of the last event.
    pub(super) offset: Option<String>,
    /// The failures of listeners, which the next read reports.
    pub(super) failures: Vec<String>,
}

#[derive(Debug)]
pub(super) enum Status {
    Joining,
    Connected(Joined),
    Refused(Args),
    Disconnected(End),
}

/// The answer to a client that has joined.
#[derive(Clone, Debug)]
pub(crate) struct Joined {
    pub(crate) id: String,
    pub(crate) recovered: bool,
}

/// The secret and the offset with which a client can recover its socket.
#[derive(Clone, Debug)]
pub(crate) struct Recovery {
    pub(crate) pid: String,
    pub(crate) offset: Option<String>,
}

impl State {
    /// Creates the state of a client that is about to join.
    pub(super) fn new() -> Self {
        Self {
            status: Status::Joining,
            unread: VecDeque::new(),
            recent: VecDeque::new(),
            count: 0,
            listeners: HashMap::new(),
            acks: HashMap::new(),
            next_ack: 0,
            pid: None,
            offset: None,
            failures: Vec::new(),
        }
    }

    /// Adds an event to the recent ones, and stores its offset.
    pub(super) fn note(&mut self, event: &ReceivedEvent) {
        self.count = self.count.saturating_add(1);
        self.recent.push_back(event.clone());
        if self.recent.len() > MAX_RECENT {
            self.recent.pop_front();
        }
        // As Node's client does: the offset is the last argument, if it is a string.
        let last = event.args().len().checked_sub(1);
        let last = last.and_then(|index| event.args().get(index));
        let offset = last.and_then(|json| serde_json::from_str(json).ok());
        if self.pid.is_some() && offset.is_some() {
            self.offset = offset;
        }
    }

    pub(super) fn ended(&self) -> Option<&End> {
        match &self.status {
            Status::Disconnected(end) => Some(end),
            _ => None,
        }
    }

    /// Removes and returns the first failure of a listener.
    pub(super) fn failure(&mut self) -> Option<String> {
        (!self.failures.is_empty()).then(|| self.failures.remove(0))
    }
}

//! What has come of the acknowledgements, between collector and stream.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use socketio_proto::Args;

use super::tally::Tally;

/// The answers that have come and were not read, and who has not answered.
#[derive(Debug, Default)]
pub(super) struct Collected {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Nothing more is taken in.
    over: bool,
    queue: VecDeque<Args>,
    tally: Tally,
    waker: Option<Waker>,
}

impl Collected {
    pub(super) fn expect_servers(&self, servers: usize) {
        self.update(|state| state.tally.expect_servers(servers));
    }

    pub(super) fn server_reported(&self, sockets: usize) {
        self.update(|state| state.tally.server_reported(sockets));
    }

    pub(super) fn socket_answered(&self, answer: Args) {
        self.update(|state| {
            state.tally.socket_done();
            state.queue.push_back(answer);
        });
    }

    pub(super) fn socket_left(&self) {
        self.update(|state| state.tally.socket_done());
    }

    /// Takes nothing more in; what has come can still be read.
    pub(super) fn stop(&self) {
        self.update(|state| state.over = true);
    }

    /// Takes nothing more in, and drops what has come.
    pub(super) fn discard(&self) {
        self.stop();
        let unread = std::mem::take(&mut self.state.lock().queue);
        drop(unread);
    }

    pub(super) fn poll_next(&self, cx: &Context<'_>) -> Poll<Option<Args>> {
        let mut state = self.state.lock();
        if let Some(answer) = state.queue.pop_front() {
            return Poll::Ready(Some(answer));
        }
        if state.over {
            return Poll::Ready(None);
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            None => state.waker = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// Returns how many servers, and how many sockets of the others, have not answered.
    pub(super) fn missing(&self) -> (usize, usize) {
        let state = self.state.lock();
        (state.tally.missing_servers(), state.tally.missing_sockets())
    }

    fn update(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock();
        if state.over {
            return;
        }
        let queued = state.queue.len();
        change(&mut state);
        state.over |= state.tally.is_complete();
        let waker = if state.over || state.queue.len() > queued {
            state.waker.take()
        } else {
            None
        };
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

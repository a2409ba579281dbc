//! What the session's task, the requests of its client and the application share under the lock.

use std::sync::Arc;
use std::task::{Context, Waker};

use engineio_proto::{PayloadDecoder, Transport};
use tokio::sync::Notify;

use super::driver_slot::Place;
use super::observer::Observers;
use crate::transport::channel::Arriving;
use crate::transport::websocket::{Torn, Writer};

/// The part of a session that needs the lock.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) proto: engineio_proto::Session,
    /// The session's task, once it has slept and until it ends.
    pub(crate) driver: Option<Waker>,
    /// Whether the task sleeps and is to be woken. It looks at the queue before it sleeps, so that
    /// what a handler sends while the task runs it costs no wake.
    pub(crate) asleep: bool,
    /// Whether somebody is about to write what is queued, in the stead of the sleeping task.
    pub(crate) promised: bool,
    /// The way to the client for whoever writes while the task sleeps.
    pub(crate) writer: Option<Writer>,
    /// What an idle session that does not poll does without.
    pub(crate) rare: Option<Box<Rare>>,
}

/// The polling side of a session, and those who wait for it.
#[derive(Debug, Default)]
pub(crate) struct Rare {
    /// The pending poll.
    pub(crate) poll: Option<Waker>,
    pub(crate) post: Post,
    /// The driver, while the session polls.
    pub(crate) driver: Place,
    /// The request that sends, while it waits.
    pub(crate) post_waker: Option<Waker>,
    /// Whether the client wants what it polls as text, binary in base64.
    pub(crate) polls_text: bool,
    /// What somebody has begun to write while the task slept, which goes on with it.
    pub(crate) torn: Option<Torn>,
    /// A transport that probes, until the session's task takes it.
    pub(crate) probe: Option<Arriving>,
    /// Those who wait until the queue is empty.
    pub(crate) drained: Option<Arc<Notify>>,
    /// Who wants to see what happens, until the session ends.
    pub(crate) observers: Option<Observers>,
}

/// The request by which a polling client sends: at most one at a time.
#[derive(Debug, Default)]
pub(crate) enum Post {
    #[default]
    None,
    /// The body is being received.
    Receiving,
    /// The packets wait for the session's task.
    Received(PayloadDecoder),
    /// The session's task is working on the packets.
    Processing,
    /// All packets have been taken.
    Done,
}

impl State {
    /// The session's task is about to sleep.
    pub(crate) fn sleep(&mut self, cx: &Context<'_>) {
        // It is the same task as a rule, and to note it anew would cost more than to compare.
        if !self
            .driver
            .as_ref()
            .is_some_and(|driver| driver.will_wake(cx.waker()))
        {
            self.driver = Some(cx.waker().clone());
        }
        self.asleep = true;
    }

    /// The session's task runs: nobody has to wake it now, and nobody else writes to the client. Returns
    /// what somebody has begun to write.
    pub(crate) fn awake(&mut self) -> Option<Torn> {
        self.asleep = false;
        // It writes itself what somebody has promised to.
        self.promised = false;
        self.rare.as_mut()?.torn.take()
    }

    /// Whether what is queued may be written while the task sleeps: nobody wants to see it, and the
    /// task could not do anything else.
    pub(crate) fn is_writable_asleep(&self) -> bool {
        let rare = self.rare.as_deref();
        self.asleep
            && self.writer.is_some()
            && rare.is_none_or(|rare| rare.observers.is_none())
            && self.proto.is_open()
            && !self.proto.is_upgrading()
            && !self.proto.is_flushing()
    }

    /// The session's task is gone. What it leaves here is to be dropped when the lock is released.
    pub(crate) fn take_driver(&mut self) -> Option<Waker> {
        self.asleep = false;
        self.driver.take()
    }

    pub(crate) fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// Whether a request that sends is under way and its packets have not all been taken.
    pub(crate) fn is_posting(&self) -> bool {
        self.rare
            .as_deref()
            .is_some_and(|rare| !matches!(rare.post, Post::None | Post::Done))
    }

    pub(crate) fn rare_if_any(&mut self) -> Option<&mut Rare> {
        self.rare.as_deref_mut()
    }

    /// Whether somebody wants to see what happens.
    #[inline]
    pub(crate) fn is_observed(&self) -> bool {
        self.rare
            .as_deref()
            .is_some_and(|rare| rare.observers.is_some())
    }

    /// Who wants to see what happens. It is to be told when the lock is released.
    pub(crate) fn observers(&self) -> Option<Observers> {
        self.rare.as_ref()?.observers.clone()
    }

    /// Whether a message of the client that comes on the channel is for the application and changes
    /// nothing here.
    #[inline]
    pub(crate) fn passes_messages(&self) -> bool {
        let transport = self.proto.transport();
        transport != Transport::Polling
            && self.proto.passes_messages(transport)
            && !self.is_observed()
    }

    /// Drops what only a polling session needs.
    pub(crate) fn drop_rare(&mut self) {
        if let Some(rare) = &self.rare
            && rare.poll.is_none()
            && rare.probe.is_none()
            && rare.torn.is_none()
            && rare.drained.is_none()
            && rare.observers.is_none()
            && rare.driver.is_empty()
            && matches!(rare.post, Post::None)
        {
            self.rare = None;
        }
    }
}

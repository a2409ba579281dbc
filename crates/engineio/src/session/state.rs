//! The part of a session's shared state that is guarded by the lock.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Instant;

use engineio_proto::{PayloadDecoder, Transport};
use tokio::sync::{Notify, oneshot};

use super::driver_slot::DriverSlot;
use super::observer::Observers;
use crate::transport::channel::ProbeChannel;
use crate::transport::websocket::{PartialWrite, Writer};

/// The part of a session that is guarded by the lock.
#[derive(Debug)]
pub(crate) struct SessionState {
    pub(crate) proto: engineio_proto::Session,
    /// The waker of the session's task, from its first park until it ends.
    pub(crate) driver_waker: Option<Waker>,
    /// Whether the driver is parked and has to be woken. A running driver checks the queue before
    /// it parks, so messages that are sent meanwhile cause no wake.
    pub(crate) parked: bool,
    /// Whether a flush task will write the queued messages while the driver is parked.
    pub(crate) flush_scheduled: bool,
    /// The writer that the driver has lent to flush tasks.
    pub(crate) writer: Option<Writer>,
    /// The state that an idle session without polling does not need.
    pub(crate) cold: Option<Box<Cold>>,
}

/// The polling side of a session, and other state that most sessions do not need.
#[derive(Debug, Default)]
pub(crate) struct Cold {
    /// The waker of the pending poll.
    pub(crate) poll_waker: Option<Waker>,
    pub(crate) post: Post,
    /// The driver of a polling session while it is parked.
    pub(crate) driver_slot: DriverSlot,
    /// The waker of the POST in progress.
    pub(crate) post_waker: Option<Waker>,
    /// When a POST ends that was in progress at the upgrade.
    pub(crate) post_deadline: Option<Instant>,
    /// Requests of polling that wait until the driver has read the probing channel.
    pub(crate) awaiting_probe: Vec<ProbeReadSender>,
    /// Whether poll payloads must be text, with binary messages in base64.
    pub(crate) text_payloads: bool,
    /// The rest of a write by a flush task, which the driver continues.
    pub(crate) partial_write: Option<PartialWrite>,
    /// A new transport that is probing, until the driver takes it.
    pub(crate) probe: Option<ProbeChannel>,
    /// Notifies the callers of `drained`.
    pub(crate) drained: Option<Arc<Notify>>,
    /// The observers, until the session ends.
    pub(crate) observers: Option<Observers>,
}

/// Resumes a request when it is dropped, once the driver has read the probing channel.
pub(crate) type ProbeReadSender = oneshot::Sender<Infallible>;

/// The POST of a polling client. There is at most one at a time.
#[derive(Debug, Default)]
pub(crate) enum Post {
    #[default]
    None,
    /// The body is being received.
    Receiving,
    /// The packets are waiting for the driver.
    Received(PayloadDecoder),
    /// The driver is handling the packets.
    Processing,
    /// All packets have been handled.
    Done,
    /// The body has not arrived in time after the upgrade. Its packets are not handled.
    Expired,
}

impl SessionState {
    /// Marks the driver as parked and stores its waker.
    pub(crate) fn park(&mut self, cx: &Context<'_>) {
        // The waker is usually the same, and comparing is cheaper than cloning.
        if !self
            .driver_waker
            .as_ref()
            .is_some_and(|driver| driver.will_wake(cx.waker()))
        {
            self.driver_waker = Some(cx.waker().clone());
        }
        self.parked = true;
    }

    /// Marks the driver as running, so that nothing wakes it and no flush task writes. Returns the
    /// rest of a partial write.
    pub(crate) fn unpark(&mut self) -> Option<PartialWrite> {
        self.parked = false;
        // The driver writes what a flush task was scheduled to write.
        self.flush_scheduled = false;
        self.cold.as_mut()?.partial_write.take()
    }

    /// Returns whether a flush task may write the queued messages: the driver is parked, has
    /// nothing else to do, and nothing observes the session.
    pub(crate) fn can_flush_parked(&self) -> bool {
        let cold = self.cold.as_deref();
        self.parked
            && self.writer.is_some()
            && cold.is_none_or(|cold| cold.observers.is_none())
            && self.proto.is_open()
            && !self.proto.is_upgrading()
            && !self.proto.is_flushing()
    }

    /// Removes the waker of the driver, which has ended. The waker has to be dropped after
    /// unlocking.
    pub(crate) fn take_driver_waker(&mut self) -> Option<Waker> {
        self.parked = false;
        self.driver_waker.take()
    }

    pub(crate) fn cold_or_insert(&mut self) -> &mut Cold {
        self.cold.get_or_insert_default()
    }

    /// Returns whether a POST is in progress and some of its packets are not handled yet.
    pub(crate) fn is_posting(&self) -> bool {
        self.cold
            .as_deref()
            .is_some_and(|cold| !matches!(cold.post, Post::None | Post::Done | Post::Expired))
    }

    /// Returns when a POST ends that was in progress at the upgrade.
    pub(crate) fn post_deadline(&self) -> Option<Instant> {
        self.cold.as_deref()?.post_deadline
    }

    /// Returns whether a request waits until the driver has read the probing channel.
    pub(crate) fn is_probe_awaited(&self) -> bool {
        self.cold
            .as_deref()
            .is_some_and(|cold| !cold.awaiting_probe.is_empty())
    }

    /// Returns whether the body of a POST is being received.
    pub(crate) fn is_receiving_post(&self) -> bool {
        self.cold
            .as_deref()
            .is_some_and(|cold| matches!(cold.post, Post::Receiving))
    }

    pub(crate) fn cold_mut(&mut self) -> Option<&mut Cold> {
        self.cold.as_deref_mut()
    }

    /// Returns whether the session has observers.
    #[inline]
    pub(crate) fn is_observed(&self) -> bool {
        self.cold
            .as_deref()
            .is_some_and(|cold| cold.observers.is_some())
    }

    /// Returns the observers. They have to be notified after unlocking.
    pub(crate) fn observers(&self) -> Option<Observers> {
        self.cold.as_ref()?.observers.clone()
    }

    /// Returns whether a client message on the channel changes nothing in this state.
    #[inline]
    pub(crate) fn passes_messages(&self) -> bool {
        let transport = self.proto.transport();
        transport != Transport::Polling
            && self.proto.passes_messages(transport)
            && !self.is_observed()
    }

    /// Frees the cold state if nothing of it is in use.
    pub(crate) fn drop_unused_cold(&mut self) {
        if let Some(cold) = &self.cold
            && cold.poll_waker.is_none()
            && cold.probe.is_none()
            && cold.partial_write.is_none()
            && cold.drained.is_none()
            && cold.observers.is_none()
            && cold.driver_slot.is_empty()
            && cold.awaiting_probe.is_empty()
            && matches!(cold.post, Post::None)
        {
            self.cold = None;
        }
    }
}

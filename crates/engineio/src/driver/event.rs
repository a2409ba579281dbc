//! Events in the shared state that the driver has to handle.

use engineio_proto::{CloseReason, Event, PayloadDecoder, Transport};

use crate::session::{Post, SessionState};
use crate::transport::channel::ProbeChannel;

/// An event in the shared state that the driver has to handle.
pub(super) enum DriverEvent {
    /// The session has been closed.
    Closed(CloseReason),
    /// A POST has been received.
    Posted(PayloadDecoder),
    /// A new channel of a polling session has to be probed.
    Probe(ProbeChannel),
    /// The upgrade has timed out.
    ProbeExpired,
    /// The session has moved to the new channel.
    Upgraded,
}

impl DriverEvent {
    /// Returns the next event, and frees the cold state if there is none.
    pub(super) fn poll(state: &mut SessionState) -> Option<Self> {
        match state.proto.poll_event() {
            Some(Event::Closed(reason)) => return Some(Self::Closed(reason)),
            Some(Event::ProbeExpired) => return Some(Self::ProbeExpired),
            Some(Event::Upgraded) => return Some(Self::Upgraded),
            _ => {}
        }
        let cold = state.cold_mut()?;
        if let Some(probe) = cold.probe.take() {
            return Some(Self::Probe(probe));
        }
        if let Post::Received(_) = cold.post
            && let Post::Received(packets) = std::mem::replace(&mut cold.post, Post::Processing)
        {
            return Some(Self::Posted(packets));
        }
        if state.proto.transport() != Transport::Polling {
            state.drop_unused_cold();
        }
        None
    }
}

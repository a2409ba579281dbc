use engineio_proto::{CloseReason, Event, PayloadDecoder, Transport};

use crate::session::{Post, State};
use crate::transport::channel::Arriving;

/// Something that the task finds in the shared state.
pub(super) enum Work {
    Closed(CloseReason),
    Posted(PayloadDecoder),
    Probe(Arriving),
    ProbeExpired,
    Upgraded,
}

impl Work {
    pub(super) fn find(state: &mut State) -> Option<Self> {
        match state.proto.poll_event() {
            Some(Event::Closed(reason)) => return Some(Self::Closed(reason)),
            Some(Event::ProbeExpired) => return Some(Self::ProbeExpired),
            Some(Event::Upgraded) => return Some(Self::Upgraded),
            _ => {}
        }
        let rare = state.rare_if_any()?;
        if let Some(arriving) = rare.probe.take() {
            return Some(Self::Probe(arriving));
        }
        if let Post::Received(_) = rare.post
            && let Post::Received(packets) = std::mem::replace(&mut rare.post, Post::Processing)
        {
            return Some(Self::Posted(packets));
        }
        if state.proto.transport() != Transport::Polling {
            state.drop_rare();
        }
        None
    }
}

use engineio_proto::{CloseReason, Event, PayloadDecoder, Transport};

use crate::session::{Post, State};
use crate::transport::websocket::Switching;

/// Something that the task finds in the shared state.
pub(super) enum Work {
    Closed(CloseReason),
    Posted(PayloadDecoder),
    Probe(Switching),
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
        if let Some(switching) = rare.probe.take() {
            return Some(Self::Probe(switching));
        }
        if let Post::Received(_) = rare.post
            && let Post::Received(packets) = std::mem::replace(&mut rare.post, Post::Processing)
        {
            return Some(Self::Posted(packets));
        }
        if state.proto.transport() == Transport::WebSocket {
            state.drop_rare();
        }
        None
    }
}

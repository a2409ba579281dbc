use std::sync::Arc;

use socketio_proto::Packet;

use super::event_run::EventRun;
use super::{Client, size};
use crate::context::EventContext;
use crate::namespace_core::NamespaceCore;
use crate::ordered::Ordered;
use crate::socket::Socket;

impl Client {
    /// Starts the handlers of an event.
    pub(super) fn dispatch(
        self: &Arc<Self>,
        socket: &Socket,
        namespace: &Arc<NamespaceCore>,
        packet: Packet,
    ) {
        let handlers = namespace.handlers();
        let Some(listeners) = packet
            .event_name()
            .and_then(|name| handlers.events.get(&*name))
        else {
            tracing::debug!(socket = %socket.id(), "an event that nothing handles");
            return;
        };
        let bytes = size(&packet);
        let mut context = Some(EventContext::new(socket.clone(), packet.payload, packet.id));
        let last = listeners.len().saturating_sub(1);
        for (index, listener) in listeners.iter().enumerate() {
            let next = if index == last {
                context.take()
            } else {
                context.as_ref().map(EventContext::fork)
            };
            let Some(next) = next else { break };
            let run = EventRun::new(listener, handlers.rejection.clone(), next);
            if handlers.ordered {
                Ordered::run(&socket.recipient, &self.tasks, Box::pin(run), bytes);
            } else {
                self.tasks.start(run, bytes);
            }
        }
    }
}

//! The engine connection of a client: decoding, and the timeouts of a client.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use engineio::{CloseReason, Connection, Message, Protocol};
use socketio_proto::{Packet, revision_4};

use crate::client::{ClientInner, RouteCache, RunMode};
use crate::wire::codec::MessageDecoder;
use crate::wire::disconnect_reason::DisconnectReason;

/// The receiver of the messages of one engine session, which decodes them into packets.
pub(crate) struct ClientConnection {
    client: Arc<ClientInner>,
    decoder: MessageDecoder,
    /// The cached route of the packets of the current read.
    route: RouteCache,
    /// The deadline for joining a first namespace.
    join_by: Option<Instant>,
    /// The deadline for the attachments of the current packet.
    attachments_by: Option<Instant>,
}

impl ClientConnection {
    pub(crate) fn new(client: Arc<ClientInner>) -> Self {
        let limits = &client.shared.limits;
        Self {
            decoder: client
                .codec()
                .decoder(Arc::clone(match client.shared.protocol {
                    Protocol::V3 => &limits.decode_with_query,
                    _ => &limits.decode,
                })),
            route: RouteCache::default(),
            join_by: now().checked_add(limits.connect_timeout),
            attachments_by: None,
            client,
        }
    }
}

impl ClientConnection {
    /// Handles a packet, translated from the client's protocol revision.
    fn receive(&mut self, packet: Packet) {
        let Self { client, route, .. } = self;
        let shared = &client.shared;
        match shared.protocol {
            Protocol::V3 => {
                match revision_4::receive(packet, shared.limits.decode.max_namespace_len) {
                    Ok(packet) => client.receive(packet, route),
                    Err(error) => client.close_for_decode_error(&error),
                }
            }
            _ => client.receive(packet, route),
        }
    }
}

impl Connection for ClientConnection {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.client.tasks.poll_ready(cx)
    }

    fn message(&mut self, message: Message) {
        match self.decoder.decode(message) {
            Ok(Some(packet)) => {
                self.attachments_by = None;
                self.receive(packet);
            }
            // The deadline starts with the packet. Later attachments do not extend it.
            Ok(None) if self.decoder.is_waiting() && self.attachments_by.is_none() => {
                let timeout = self.client.shared.limits.attachments_timeout;
                self.attachments_by = now().checked_add(timeout);
            }
            Ok(None) => {}
            Err(error) => self.client.close_for_decode_error(&*error),
        }
    }

    fn caught_up(&mut self) {
        self.route = RouteCache::default();
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let join_by = self.join_by.filter(|_| !self.client.has_joined());
        join_by.into_iter().chain(self.attachments_by).min()
    }

    fn handle_timeout(&mut self, now: Instant) {
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if due(self.join_by) {
            self.join_by = None;
            if !self.client.has_joined() {
                self.client
                    .close_for_violation("the client did not join a namespace in time");
            }
        }
        if due(self.attachments_by) && !self.client.tasks.is_ready() {
            // The attachments may be unread because too many handlers of the client are unfinished.
            let timeout = self.client.shared.limits.attachments_timeout;
            self.attachments_by = now.checked_add(timeout);
        } else if due(self.attachments_by) {
            self.attachments_by = None;
            self.client
                .close_for_violation("the client did not send the attachments of a packet in time");
        }
    }

    fn closed(self, reason: CloseReason) {
        self.client.leave_all(reason.into(), RunMode::Inline);
    }
}

/// Removes the sockets, however the session's task ends.
impl Drop for ClientConnection {
    fn drop(&mut self) {
        self.client
            .leave_all(DisconnectReason::TransportError, RunMode::Spawned);
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

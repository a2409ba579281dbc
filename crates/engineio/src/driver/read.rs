//! The way from the client: from the transport to the application.

use std::mem::MaybeUninit;
use std::task::{Context, Poll};

use engineio_proto::{Message, Packet, Transport};

use super::turn::Turn;
use super::{Core, Socket};
use crate::engine::application::{Application, Connection};
use crate::session::{Post, SessionEvent, is_heartbeat};
use crate::transport::READ_BUFFER;
use crate::transport::arrived::Arrived;
use crate::transport::channel::Received;

impl<A: Application> Core<A> {
    /// Takes as many messages as there are and the run has time for.
    pub(super) fn read(&mut self, cx: &mut Context<'_>, turn: &mut Turn) {
        let mut memory = [MaybeUninit::uninit(); READ_BUFFER];
        let mut arrived = Arrived::new(&mut memory);
        while turn.has_time() && self.read_one(cx, turn, &mut arrived) {
            turn.messages += 1;
        }
        if let Socket::Open(channel) = &mut self.socket {
            channel.keep(&mut arrived);
        }
        if turn.messages > 0
            && let Some(connection) = &mut self.connection
        {
            connection.caught_up();
        }
    }

    /// Takes the next packet, if there is one that may be taken.
    fn read_one(
        &mut self,
        cx: &mut Context<'_>,
        turn: &mut Turn,
        arrived: &mut Arrived<'_>,
    ) -> bool {
        let ready = self.poll_ready(cx, turn);
        // What was posted came before what another transport brings.
        if ready && let Some(posted) = &mut self.posted {
            match posted.next() {
                Some(packet) => self.receive(turn, Transport::Polling, packet.ok()),
                None => self.finish_post(),
            }
            return true;
        }
        if self.upgrade_held {
            if self.entry.session.lock().is_posting() {
                return false;
            }
            self.upgrade_held = false;
            if let Socket::Open(channel) = &self.socket {
                self.receive_probe(turn, channel.transport(), Some(Packet::Upgrade));
            }
            return true;
        }
        if self.probing || (ready && self.posted.is_none()) {
            return self.read_channel(cx, turn, arrived);
        }
        false
    }

    fn read_channel(
        &mut self,
        cx: &mut Context<'_>,
        turn: &mut Turn,
        arrived: &mut Arrived<'_>,
    ) -> bool {
        if matches!(&self.socket, Socket::Open(channel) if channel.has_pongs()) {
            self.awake();
        }
        let Socket::Open(channel) = &mut self.socket else {
            return false;
        };
        // Who does not read the answers to its probes is not asked for more of them.
        if self.probing && channel.poll_writable(cx).is_pending() {
            return false;
        }
        let transport = channel.transport();
        let received = channel.poll_receive(cx, arrived);
        if self.probing {
            // What probes may leave this task with the next packet, and takes what has arrived along.
            channel.keep(arrived);
        }
        let Poll::Ready(received) = received else {
            return false;
        };
        match received {
            // As a rule.
            Received::Packet(Some(Packet::Message(message)))
                if !self.probing && self.entry.session.passes_messages() =>
            {
                // Nobody has to wake this task for what is sent in answer.
                if !std::mem::replace(&mut turn.awake, true) {
                    self.awake();
                }
                self.deliver(turn, message);
            }
            Received::Packet(packet) if self.probing => self.receive_probe(turn, transport, packet),
            Received::Packet(packet) => self.receive(turn, transport, packet),
            // The socket is kept: a close frame wants an answer.
            Received::Closed => {
                self.transport_closed(transport, false);
                return false;
            }
            Received::Failed(code) => {
                self.failure = Some(code);
                self.transport_closed(transport, true);
                return false;
            }
        }
        true
    }

    /// Whether the application takes the next message.
    fn poll_ready(&mut self, cx: &mut Context<'_>, turn: &mut Turn) -> bool {
        let Some(connection) = &mut self.connection else {
            return false;
        };
        let ready = connection.poll_ready(cx).is_ready();
        if ready && self.blocked.is_none() {
            // As a rule.
            return true;
        }
        let reads = matches!(self.socket, Socket::Open(_)) && !self.probing;
        let blocked = !ready && (reads || self.posted.is_some());
        let was_blocked = self.blocked.is_some();
        self.blocked = blocked.then(|| self.blocked.unwrap_or_else(|| turn.now()));
        if ready && was_blocked {
            // The client has had no chance to get an answer to a ping through.
            self.lock().proto.handle_blocked(turn.now());
        }
        ready
    }

    /// Handles a packet of the current transport; `None` is one that could not be decoded.
    fn receive(&mut self, turn: &mut Turn, from: Transport, packet: Option<Packet>) {
        let mut state = self.lock();
        let Some(packet) = packet else {
            tracing::debug!("the client sent a packet that cannot be decoded");
            state.proto.handle_decode_error();
            state.wake_all();
            return;
        };
        let observed = state
            .observers()
            .filter(|_| state.proto.is_open() && from == state.proto.transport())
            .map(|observers| (observers, packet.clone()));
        let message = state.proto.handle_packet(turn.now(), from, packet);
        if from == Transport::Polling {
            state.wake_poll();
        }
        let is_open = state.proto.is_open();
        drop(state);
        if let Some((observers, packet)) = observed {
            observers.tell(SessionEvent::PacketReceived(&packet));
            if is_open && is_heartbeat(&packet) {
                observers.tell(SessionEvent::Heartbeat);
            }
        }
        if let Some(message) = message {
            self.deliver(turn, message);
        }
    }

    #[inline]
    fn deliver(&mut self, turn: &mut Turn, message: Message) {
        if let Some(connection) = &mut self.connection {
            turn.count(&message);
            connection.message(message);
        }
    }

    fn finish_post(&mut self) {
        self.posted = None;
        let mut state = self.entry.session.lock();
        state.rare().post = Post::Done;
        state.wake_post();
    }
}

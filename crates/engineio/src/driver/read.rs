//! Receiving: from the channel, or from a POST, to the application.
//!
//! Messages are delivered while the application is ready and the run has budget left. While
//! [`Connection::poll_ready`] is pending, nothing is read, so that TCP slows the client down. Its
//! heartbeat is suspended for that time, because a pong may be among the unread packets.

use std::mem::MaybeUninit;
use std::task::{Context, Poll};

use engineio_proto::{Message, Packet, Transport};

use super::run_budget::RunBudget;
use super::{ChannelState, Core};
use crate::engine::application::{Application, Connection};
use crate::session::{Post, SessionEvent, is_heartbeat};
use crate::transport::READ_BUFFER;
use crate::transport::channel::Received;
use crate::transport::read_window::ReadWindow;

impl<A: Application> Core<A> {
    /// Receives as many packets as are available, within the budget of the run.
    pub(super) fn read(&mut self, cx: &mut Context<'_>, budget: &mut RunBudget) {
        let mut buffer = [MaybeUninit::uninit(); READ_BUFFER];
        let mut window = ReadWindow::new(&mut buffer);
        while budget.is_left() && self.read_one(cx, budget, &mut window) {
            budget.messages += 1;
        }
        if let ChannelState::Open(channel) = &mut self.channel {
            channel.save_unread(&mut window);
        }
        if budget.messages > 0
            && let Some(connection) = &mut self.connection
        {
            connection.caught_up();
        }
    }

    /// Receives and handles the next packet. Returns whether there was one.
    fn read_one(
        &mut self,
        cx: &mut Context<'_>,
        budget: &mut RunBudget,
        window: &mut ReadWindow<'_>,
    ) -> bool {
        let ready = self.poll_ready(cx, budget);
        // Posted packets precede those of a new transport.
        if ready && let Some(posted) = &mut self.posted {
            match posted.next() {
                Some(packet) => self.receive(budget, None, packet.ok()),
                None => self.finish_post(),
            }
            return true;
        }
        if self.awaits_post && self.poll_awaited_post(cx, window) {
            return false;
        }
        if self.probing || (ready && self.posted.is_none()) {
            return self.read_channel(cx, budget, window);
        }
        if self.blocked_since.is_some() {
            self.poll_closed(cx, window);
        }
        false
    }

    /// Returns whether the packets of a POST that precede the channel are unhandled.
    #[cold]
    fn poll_awaited_post(&mut self, cx: &mut Context<'_>, window: &mut ReadWindow<'_>) -> bool {
        self.awaits_post = self.guard.session.lock().is_posting();
        if self.awaits_post {
            self.poll_closed(cx, window);
        }
        self.awaits_post
    }

    /// Ends the session if the client has closed the connection while it is not read. The unread
    /// messages are dropped.
    #[cold]
    fn poll_closed(&mut self, cx: &mut Context<'_>, window: &mut ReadWindow<'_>) {
        let ChannelState::Open(channel) = &mut self.channel else {
            return;
        };
        // Polling may read ahead, and these bytes precede.
        channel.save_unread(window);
        if channel.poll_closed(cx).is_ready() {
            let transport = channel.transport();
            tracing::debug!("dropping the unread messages of a client that has disconnected");
            self.transport_closed(transport, false);
        }
    }

    fn read_channel(
        &mut self,
        cx: &mut Context<'_>,
        budget: &mut RunBudget,
        window: &mut ReadWindow<'_>,
    ) -> bool {
        if matches!(&self.channel, ChannelState::Open(channel) if channel.has_pongs()) {
            self.unpark();
        }
        let ChannelState::Open(channel) = &mut self.channel else {
            return false;
        };
        // A client that does not read the replies to its probes is not read further.
        if self.probing && channel.poll_writable(cx).is_pending() {
            return false;
        }
        let transport = channel.transport();
        let received = channel.poll_receive(cx, window);
        if self.probing {
            // A probing channel may be closed by its next packet, in another task that needs the
            // unread bytes.
            channel.save_unread(window);
        }
        let Poll::Ready(received) = received else {
            return false;
        };
        match received {
            // The common case.
            Received::Packet(Some(Packet::Message(message)))
                if !self.probing && self.guard.session.passes_messages() =>
            {
                // The replies of this run need no wake, because the driver writes before it parks.
                if !std::mem::replace(&mut budget.unparked, true) {
                    self.unpark();
                }
                self.deliver(budget, message);
            }
            Received::Packet(packet) if self.probing => {
                self.receive_probe(budget, transport, packet)
            }
            Received::Packet(packet) => self.receive(budget, Some(transport), packet),
            // The channel is kept, because a close frame has to be answered.
            Received::Closed => {
                self.transport_closed(transport, false);
                return false;
            }
            Received::Failed(code) => {
                self.close_code = Some(code);
                self.transport_closed(transport, true);
                return false;
            }
        }
        true
    }

    /// Returns whether the application is ready for the next message.
    fn poll_ready(&mut self, cx: &mut Context<'_>, budget: &mut RunBudget) -> bool {
        let Some(connection) = &mut self.connection else {
            return false;
        };
        let ready = connection.poll_ready(cx).is_ready();
        if ready && self.blocked_since.is_none() {
            // The common case.
            return true;
        }
        let reads = matches!(self.channel, ChannelState::Open(_)) && !self.probing;
        let blocked = !ready && (reads || self.posted.is_some());
        let was_blocked = self.blocked_since.is_some();
        self.blocked_since = blocked.then(|| self.blocked_since.unwrap_or_else(|| budget.now()));
        if ready && was_blocked {
            // An answer to a ping may have been among the unread packets.
            self.lock().proto.handle_blocked(budget.now());
        }
        ready
    }

    /// Handles a packet of the current transport; `None` stands for a packet that cannot be
    /// decoded. `from` is `None` for a packet of a POST, because the session may have upgraded since
    /// the POST began.
    fn receive(&mut self, budget: &mut RunBudget, from: Option<Transport>, packet: Option<Packet>) {
        let mut state = self.lock();
        let from = from.unwrap_or_else(|| state.proto.transport());
        let Some(packet) = packet else {
            state.proto.handle_decode_error();
            state.wake_all();
            drop(state);
            tracing::debug!("the client sent a packet that cannot be decoded");
            return;
        };
        let observed = state
            .observers()
            .filter(|_| state.proto.is_open() && from == state.proto.transport())
            .map(|observers| (observers, packet.clone()));
        let message = state.proto.handle_packet(budget.now(), from, packet);
        if from == Transport::Polling {
            state.wake_poll();
        }
        let is_open = state.proto.is_open();
        drop(state);
        if let Some((observers, packet)) = observed {
            observers.notify(SessionEvent::PacketReceived(&packet));
            if is_open && is_heartbeat(&packet) {
                observers.notify(SessionEvent::Heartbeat);
            }
        }
        if let Some(message) = message {
            self.deliver(budget, message);
        }
    }

    #[inline]
    fn deliver(&mut self, budget: &mut RunBudget, message: Message) {
        if let Some(connection) = &mut self.connection {
            budget.count(&message);
            connection.message(message);
        }
    }

    fn finish_post(&mut self) {
        self.posted = None;
        let mut state = self.guard.session.lock();
        state.cold_or_insert().post = Post::Done;
        state.wake_post();
    }
}

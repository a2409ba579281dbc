//! The task of one session: the only place where the protocol meets IO.
//!
//! It owns the WebSocket or WebTransport stream, if there is one, the application's side of the session and the timer.
//! One run reads what has arrived, gives it to the application, and writes what is queued then:
//! the answers to one read leave in one write. The driver of a client that polls is also run by its
//! requests, see [`polling_task`].

use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use engineio_proto::{CloseReason, Message, Packet, PayloadDecoder, ProbeResult, Transport};
use http::request::Parts;
use pin_project::pin_project;

use crate::driver::timer::Timer;
use crate::driver::turn::Turn;
use crate::driver::work::Work;
use crate::engine::Engine;
use crate::engine::application::{Application, Connection};
use crate::engine::registry::Entry;
use crate::session::Locked;
use crate::session::{Post, Session, SessionEvent, is_heartbeat};
use crate::transport::READ_BUFFER;
use crate::transport::arrived::Arrived;
use crate::transport::channel::{Arriving, Channel, Received};
use crate::transport::websocket::{CloseCode, Switching, Torn};
use crate::transport::webtransport::WebTransport;

pub(crate) mod polling;
mod polling_task;
mod timer;
mod turn;
mod work;
mod write;

pub(crate) use self::polling_task::PollingTask;

/// How long the application may take no message of a client.
///
/// Its handlers may wait for what the client has sent and nobody reads, which never ends. Handlers
/// that are only slow finish one after the other, and each gives the client new time.
const BLOCKED_LIMIT: Duration = Duration::from_secs(600);

/// The task of one session.
#[pin_project]
pub(crate) struct Driver<A: Application> {
    core: Core<A>,
    #[pin]
    timer: Timer,
}

impl<A: Application> Driver<A> {
    /// The task of a session that begins with polling.
    pub(crate) fn polling(engine: Arc<Engine<A>>, entry: Entry, request: Parts) -> Self {
        let mut driver = Self::new(engine, entry, Socket::None);
        driver.core.open(request);
        driver
    }

    /// The task of a session that begins with a WebSocket, which is still leaving HTTP.
    pub(crate) fn websocket(
        engine: Arc<Engine<A>>,
        entry: Entry,
        switching: Switching,
        request: Parts,
        open: Packet,
    ) -> Self {
        let socket = Socket::Opening(Box::new(Opening {
            switching,
            session: Some((request, open)),
        }));
        Self::new(engine, entry, socket)
    }

    /// The task of a session that begins with WebTransport.
    pub(crate) fn webtransport(
        engine: Arc<Engine<A>>,
        entry: Entry,
        webtransport: Box<WebTransport>,
        request: Parts,
        open: &Packet,
    ) -> Self {
        let channel = Channel::WebTransport(webtransport);
        let mut driver = Self::new(engine, entry, Socket::Open(channel));
        driver.core.greet(open);
        driver.core.open(request);
        driver
    }

    fn new(engine: Arc<Engine<A>>, entry: Entry, socket: Socket) -> Self {
        Self {
            core: Core {
                engine,
                connection: None,
                socket,
                probing: false,
                upgrade_held: false,
                drained_due: false,
                blocked: None,
                posted: None,
                failure: None,
                entry,
            },
            timer: Timer::new(),
        }
    }
}

impl<A: Application> Future for Driver<A> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let mut turn = Turn::default();
        let fired = this.timer.has_fired();
        if this.core.run(cx, &mut turn, fired) == Progress::Finished {
            return Poll::Ready(());
        }
        // The run may have moved the deadline; what is due by now waits for the next run.
        let deadline = this.core.deadline(&turn);
        if this.timer.arm(cx, deadline) {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

/// Everything of the task but its timer.
struct Core<A: Application> {
    engine: Arc<Engine<A>>,
    /// Absent before a WebSocket session is open and after the end.
    connection: Option<A::Connection>,
    socket: Socket,
    /// Whether the socket is only probing and the session still polls.
    probing: bool,
    /// Whether the client has asked for the upgrade while it was still sending by polling.
    upgrade_held: bool,
    /// Whether something has left the queue since it was last reported empty.
    drained_due: bool,
    /// Since when the application takes no more, so that what the client sends lies unread.
    blocked: Option<Instant>,
    /// Packets of a POST that are still to be taken.
    posted: Option<PayloadDecoder>,
    /// Which close code tells the client what it did wrong.
    failure: Option<CloseCode>,
    /// The session. Its end is the last thing that happens to it.
    entry: Entry,
}

/// The WebSocket or WebTransport stream of a session.
enum Socket {
    None,
    Opening(Box<Opening>),
    Open(Channel),
}

/// A WebSocket that is still leaving HTTP.
struct Opening {
    switching: Switching,
    /// What opens the session, unless the WebSocket is for one that is open.
    session: Option<(Parts, Packet)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// There is more to do at once.
    Busy,
    /// The session is over.
    Finished,
    /// The task will be woken.
    Idle,
}

impl<A: Application> Core<A> {
    /// The state of the session, whose task runs: nobody has to wake it now.
    fn lock(&self) -> Locked<'_> {
        let mut state = self.entry.session.lock();
        state.asleep = false;
        state
    }

    /// From here on nobody else writes to the client.
    fn awake(&mut self) {
        let torn = self.lock().awake();
        self.resume(torn);
    }

    /// Goes on with what somebody has begun to write.
    fn resume(&mut self, torn: Option<Torn>) {
        if let Some(torn) = torn
            && let Socket::Open(channel) = &mut self.socket
        {
            channel.resume(torn);
        }
    }

    /// Lets others write to the client while this task sleeps.
    fn lend(&mut self) {
        if let Socket::Open(channel) = &mut self.socket
            && let Some(writer) = channel.lend()
        {
            self.lock().writer = Some(writer);
        }
    }

    /// The deadline of the session, or that of the application if it comes first.
    fn deadline(&self, turn: &Turn) -> Option<Instant> {
        let connection = self.connection.as_ref().and_then(Connection::poll_timeout);
        match (turn.deadline, connection) {
            (Some(session), Some(connection)) => Some(session.min(connection)),
            (session, connection) => session.or(connection),
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        {
            let mut state = self.lock();
            match self.blocked {
                Some(since) if now.saturating_duration_since(since) >= BLOCKED_LIMIT => {
                    tracing::warn!(
                        "cutting a client off: none of its handlers has finished in time"
                    );
                    state.proto.abort(CloseReason::PingTimeout);
                }
                Some(_) => state.proto.handle_blocked(now),
                None => {}
            }
            state.proto.handle_timeout(now);
            state.wake_poll();
        }
        if let Some(connection) = &mut self.connection
            && connection.poll_timeout().is_some_and(|at| at <= now)
        {
            connection.handle_timeout(now);
        }
    }

    fn run(&mut self, cx: &mut Context<'_>, turn: &mut Turn, mut fired: bool) -> Progress {
        loop {
            self.poll_opening(cx);
            self.read(cx, turn);
            // Only now: a pong that has arrived counts although this task comes to it too late.
            if std::mem::take(&mut fired) {
                self.handle_timeout(turn.now());
            }
            match self.write(cx, turn) {
                Progress::Busy if turn.has_time() => {}
                Progress::Idle if turn.has_time() => return Progress::Idle,
                Progress::Finished => return Progress::Finished,
                Progress::Busy | Progress::Idle => {
                    cx.waker().wake_by_ref();
                    return Progress::Idle;
                }
            }
        }
    }

    /// Carries a WebSocket from HTTP to its first frame.
    fn poll_opening(&mut self, cx: &mut Context<'_>) {
        let Socket::Opening(opening) = &mut self.socket else {
            return;
        };
        let limit = self.engine.config.max_http_buffer_size;
        let Poll::Ready(websocket) = opening.switching.poll(cx, limit) else {
            return;
        };
        let session = opening.session.take();
        let Some(websocket) = websocket else {
            self.socket = Socket::None;
            self.transport_closed(Transport::WebSocket, false);
            return;
        };
        self.socket = Socket::Open(Channel::WebSocket(websocket));
        if let Some((request, open)) = session {
            self.greet(&open);
            self.lend();
            self.open(request);
        }
    }

    /// Queues what a client is sent first.
    fn greet(&mut self, open: &Packet) {
        if let Socket::Open(channel) = &mut self.socket {
            channel.write(open, true);
            if let Some(message) = &self.engine.config.initial_packet {
                channel.write(&Packet::Message(message.clone()), true);
            }
        }
    }

    fn open(&mut self, request: Parts) {
        let session = Session::new(Arc::clone(&self.entry.session));
        self.connection = Some(self.engine.application.open(session, request));
    }

    /// Takes as many messages as there are and the run has time for.
    fn read(&mut self, cx: &mut Context<'_>, turn: &mut Turn) {
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

    /// Handles a packet of the transport that is being probed.
    fn receive_probe(&mut self, turn: &mut Turn, from: Transport, packet: Option<Packet>) {
        let mut state = self.lock();
        // The session would not take what is being posted once it has left polling.
        if packet == Some(Packet::Upgrade) && state.is_posting() {
            drop(state);
            self.upgrade_held = true;
            return;
        }
        let result = match packet {
            Some(packet) => state.proto.handle_probe_packet(turn.now(), packet),
            None => {
                state.proto.handle_transport_closed(from, true);
                ProbeResult::Rejected
            }
        };
        state.wake_poll();
        let observers = state.observers();
        drop(state);
        match result {
            ProbeResult::Reply(reply) => {
                if let Socket::Open(channel) = &mut self.socket {
                    channel.write(&reply, true);
                }
                if let Some(observers) = observers {
                    observers.tell(SessionEvent::Upgrading(from));
                }
            }
            ProbeResult::Upgraded => {
                self.probing = false;
                self.lend();
            }
            ProbeResult::Rejected => self.drop_probe(),
        }
    }

    /// The transport is no good; a session that polls lives on.
    fn transport_closed(&mut self, transport: Transport, error: bool) {
        let mut state = self.lock();
        state.proto.handle_transport_closed(transport, error);
        state.wake_all();
        drop(state);
        if self.probing {
            self.drop_probe();
        }
    }

    fn drop_probe(&mut self) {
        self.probing = false;
        self.upgrade_held = false;
        self.close_socket();
    }

    /// Closes the socket apart from this task, which has nothing more to do with it.
    fn close_socket(&mut self) {
        let code = self.failure.take();
        let writer = self.lock().writer.take();
        if let Socket::Open(mut channel) = std::mem::replace(&mut self.socket, Socket::None) {
            if let Some(writer) = writer {
                channel.take_back(writer);
            }
            let closing = self.entry.closing_socket();
            tokio::spawn(async move {
                channel.close(code).await;
                drop(closing);
            });
        }
    }

    fn finish_post(&mut self) {
        self.posted = None;
        let mut state = self.entry.session.lock();
        state.rare().post = Post::Done;
        state.wake_post();
    }

    fn perform(&mut self, work: Work) -> Progress {
        match work {
            Work::Closed(reason) => {
                self.finish(reason);
                return Progress::Finished;
            }
            Work::Posted(packets) => self.posted = Some(packets),
            Work::Probe(arriving) => {
                self.probing = true;
                self.socket = match arriving {
                    Arriving::WebSocket(switching) => Socket::Opening(Box::new(Opening {
                        switching,
                        session: None,
                    })),
                    Arriving::WebTransport(webtransport) => {
                        Socket::Open(Channel::WebTransport(webtransport))
                    }
                };
            }
            Work::ProbeExpired => self.drop_probe(),
            Work::Upgraded => {
                let transport = self.entry.session.lock().proto.transport();
                tracing::debug!(%transport, "session upgraded");
                self.observe(SessionEvent::Upgraded(transport));
            }
        }
        Progress::Busy
    }

    fn finish(&mut self, reason: CloseReason) {
        self.entry.hide();
        self.close_socket();
        if let Some(connection) = self.connection.take() {
            connection.closed(reason);
        }
        self.observe(SessionEvent::Closed(reason));
        // It may hold the session, which holds it.
        let mut state = self.lock();
        let observers = state.rare_if_any().and_then(|rare| rare.observers.take());
        let driver = state.take_driver();
        drop(state);
        drop((observers, driver));
    }

    /// Tells who wants to see what happens, if there is somebody.
    fn observe(&self, event: SessionEvent<'_>) {
        let observers = self.entry.session.lock().observers();
        if let Some(observers) = observers {
            observers.tell(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::application::tests::Nothing;

    #[test]
    fn an_idle_session_costs_little() {
        // Every connection holds a task of this size, and this beside it.
        let task = size_of::<Driver<Nothing>>();
        assert!(task <= 424, "{task} bytes");
        let shared = size_of::<crate::session::Shared>();
        assert!(shared <= 208, "{shared} bytes");
    }
}

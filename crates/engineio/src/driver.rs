//! The task of one session: the only place where the protocol meets IO.
//!
//! It owns the WebSocket or WebTransport stream, if there is one, the application's side of the session and the timer.
//! One run reads what has arrived, gives it to the application, and writes what is queued then:
//! the answers to one read leave in one write. The driver of a client that polls is also run by its
//! requests, see [`polling_task`].

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
use crate::transport::channel::{Arriving, Channel};
use crate::transport::websocket::{CloseCode, Switching, Torn};
use crate::transport::webtransport::WebTransport;

pub(crate) mod polling;
mod polling_task;
mod read;
mod timer;
mod turn;
mod upgrade;
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

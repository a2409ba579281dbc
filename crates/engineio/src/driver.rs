//! The task of each session, which connects protocol and IO; may use everything from `engine` down.
//!
//! A [`Driver`] is the future of one session. It owns the channel (a WebSocket or a WebTransport
//! stream, if there is one), the application's [`Connection`] and one timer. Everything else that
//! acts on the session changes the shared state and wakes the driver. Examples are a handle that
//! sends, and a request of a polling client.
//!
//! # A run
//!
//! Each poll of the driver is a run, with a [`RunBudget`] of 64 messages and 256 KiB of received
//! payload:
//!
//! - [`read`] receives packets and delivers messages to the application.
//! - After that the deadlines are checked, in `handle_timeout`. A pong that arrived in time counts
//!   even if the driver runs late. The protocol session aborts a client that answers too late.
//! - [`write`](mod@write) sends all packets that are queued by then. The replies to one read leave
//!   in one write.
//! - When there is nothing left to do, the driver parks: it stores its waker in the shared state
//!   and arms the [`timer`]. A run whose budget is used up yields and continues in the next poll.
//!
//! While the driver is parked, a broadcast may flush the session's queue, see
//! [`Broadcast`](crate::Broadcast). It uses the writer that the driver has lent to the shared
//! state. The driver continues partial writes when it is unparked.
//!
//! # Other parts
//!
//! - [`upgrade`] moves a polling session to another transport.
//! - [`polling`] answers the GET and POST requests of polling clients.
//! - [`polling_task`] lets a POST run the driver of its session in place.

use std::mem::take;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use engineio_proto::{CloseReason, Packet, PayloadDecoder, Transport};
use http::request::Parts;
use pin_project::pin_project;
use tokio::runtime::Handle;

use crate::driver::event::DriverEvent;
use crate::driver::run_budget::RunBudget;
use crate::driver::timer::Timer;
use crate::engine::Engine;
use crate::engine::application::{Application, Connection};
use crate::engine::registry::SessionGuard;
use crate::log::LogClient;
use crate::session::{Session, SessionEvent, StateGuard, spawn_on};
use crate::transport::channel::{Channel, ProbeChannel};
use crate::transport::websocket::{CloseCode, PartialWrite, PendingUpgrade};
use crate::transport::webtransport::WebTransport;

mod event;
pub(crate) mod polling;
mod polling_task;
mod read;
mod run_budget;
mod timer;
mod upgrade;
mod write;

pub(crate) use self::polling_task::PollingTask;

/// How long the application may stay not ready to receive messages before the client is
/// disconnected.
///
/// Handlers may wait for a message that stays unread, and never finish. Handlers that are only slow
/// finish one by one, and each of them restarts this limit.
const BLOCKED_LIMIT: Duration = Duration::from_secs(600);

/// The task of one session.
#[pin_project]
pub(crate) struct Driver<A: Application> {
    core: Core<A>,
    #[pin]
    timer: Timer,
}

impl<A: Application> Driver<A> {
    /// Creates the task of a session that starts with polling.
    pub(crate) fn polling(engine: Arc<Engine<A>>, guard: SessionGuard, request: Parts) -> Self {
        let mut driver = Self::new(engine, guard, ChannelState::None);
        driver.core.open(request);
        driver
    }

    /// Creates the task of a session that starts with a WebSocket whose upgrade is still pending.
    pub(crate) fn websocket(
        engine: Arc<Engine<A>>,
        guard: SessionGuard,
        upgrade: PendingUpgrade,
        request: Parts,
        open: Packet,
    ) -> Self {
        let socket = ChannelState::Opening(Box::new(OpeningWebSocket {
            upgrade,
            session: Some((request, open)),
        }));
        Self::new(engine, guard, socket)
    }

    /// Creates the task of a session that starts with WebTransport.
    pub(crate) fn webtransport(
        engine: Arc<Engine<A>>,
        guard: SessionGuard,
        webtransport: Box<WebTransport>,
        request: Parts,
        open: &Packet,
    ) -> Self {
        let channel = Channel::WebTransport(webtransport);
        let mut driver = Self::new(engine, guard, ChannelState::Open(channel));
        driver.core.write_handshake(open);
        driver.core.open(request);
        driver
    }

    fn new(engine: Arc<Engine<A>>, guard: SessionGuard, channel: ChannelState) -> Self {
        Self {
            core: Core {
                engine,
                connection: None,
                channel,
                probing: false,
                awaits_post: false,
                drain_unreported: false,
                blocked_since: None,
                posted: None,
                close_code: None,
                guard,
            },
            timer: Timer::new(),
        }
    }
}

impl<A: Application> Future for Driver<A> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let mut budget = RunBudget::default();
        let fired = this.timer.has_fired();
        let progress = this.core.run(cx, &mut budget, fired);
        this.core.count_received(&budget);
        if progress == Progress::Finished {
            return Poll::Ready(());
        }
        // The run may have moved the deadline. A deadline that has passed by now is handled in the
        // next run.
        let deadline = this.core.deadline(&budget);
        if this.timer.arm(cx, deadline) {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

/// The state of the task, except its timer.
struct Core<A: Application> {
    engine: Arc<Engine<A>>,
    /// `None` before a WebSocket session is open and after the session has ended.
    connection: Option<A::Connection>,
    channel: ChannelState,
    /// Whether the channel is only probing and the session still polls.
    probing: bool,
    /// Whether the session has upgraded while one of its POSTs was in progress. The packets of the
    /// POST precede those of the new channel, which is not read before them.
    awaits_post: bool,
    /// Whether packets have been sent since the last `Drained` event.
    drain_unreported: bool,
    /// Since when the application has not been ready, so that packets of the client stay unread.
    blocked_since: Option<Instant>,
    /// The remaining packets of a POST.
    posted: Option<PayloadDecoder>,
    /// The close code that reports a protocol violation to the client.
    close_code: Option<CloseCode>,
    /// The session's registration, which is dropped last.
    guard: SessionGuard,
}

/// The WebSocket or WebTransport stream of a session.
enum ChannelState {
    None,
    Opening(Box<OpeningWebSocket>),
    Open(Channel),
}

/// A WebSocket whose HTTP upgrade is still pending.
struct OpeningWebSocket {
    upgrade: PendingUpgrade,
    /// The request and the open packet of a new session; `None` if the WebSocket probes.
    session: Option<(Parts, Packet)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// There is more to do at once.
    Busy,
    /// The session has ended.
    Finished,
    /// The task will be woken.
    Idle,
    /// The task has to run again after the runtime has polled for IO.
    Yield,
}

impl<A: Application> Core<A> {
    /// Locks the session's state, and marks the driver as not parked so that it is not woken
    /// needlessly.
    fn lock(&self) -> StateGuard<'_> {
        let mut state = self.guard.session.lock();
        state.parked = false;
        state
    }

    /// Marks the driver as running and continues a partial write. Flush tasks do not write from now
    /// on.
    fn unpark(&mut self) {
        let partial = self.lock().unpark();
        self.resume_write(partial);
    }

    /// Takes over what a flush task has written partially.
    fn resume_write(&mut self, partial: Option<PartialWrite>) {
        if let Some(partial) = partial
            && let ChannelState::Open(channel) = &mut self.channel
        {
            channel.resume_write(partial);
        }
    }

    /// Lends the writer to the shared state, so that flush tasks can write while the driver is
    /// parked.
    fn lend_writer(&mut self) {
        if let ChannelState::Open(channel) = &mut self.channel
            && let Some(writer) = channel.lend_writer()
        {
            self.lock().writer = Some(writer);
        }
    }

    /// Returns the earlier deadline of the session and of the application.
    fn deadline(&self, budget: &RunBudget) -> Option<Instant> {
        let connection = self.connection.as_ref().and_then(Connection::poll_timeout);
        earlier(budget.deadline, connection)
    }

    fn count_received(&self, budget: &RunBudget) {
        let counters = &self.engine.registry.counters;
        counters.received(budget.delivered, budget.bytes);
    }

    fn handle_timeout(&mut self, now: Instant) {
        let is_blocked = |since: Instant| now.saturating_duration_since(since) >= BLOCKED_LIMIT;
        let is_blocked = self.blocked_since.is_some_and(is_blocked);
        if is_blocked {
            // Logged without a lock, because a layer of the log may use the session.
            crate::log_limited!(
                warn,
                Some(LogClient::of_session(self.guard.session.id().as_str())),
                "disconnecting a client: none of its handlers has finished in time",
            );
        }
        {
            let mut state = self.lock();
            if is_blocked {
                state.proto.abort(CloseReason::PingTimeout);
            } else if self.blocked_since.is_some() || self.awaits_post {
                state.proto.handle_blocked(now);
            }
            if self.awaits_post {
                state.expire_post(now);
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

    fn run(&mut self, cx: &mut Context<'_>, budget: &mut RunBudget, mut fired: bool) -> Progress {
        loop {
            let requests = if self.probing {
                self.requests_awaiting_probe()
            } else {
                0
            };
            self.poll_opening(cx);
            self.read(cx, budget);
            // After reading: a pong that has arrived counts even if the driver runs late.
            if take(&mut fired) {
                self.handle_timeout(budget.now());
            }
            match self.write(cx, budget, requests) {
                Progress::Busy if budget.is_left() => {}
                Progress::Idle if budget.is_left() => return Progress::Idle,
                Progress::Finished => return Progress::Finished,
                Progress::Busy | Progress::Idle | Progress::Yield => {
                    cx.waker().wake_by_ref();
                    return Progress::Idle;
                }
            }
        }
    }

    /// Queues the open packet and the initial packet, if one is configured.
    fn write_handshake(&mut self, open: &Packet) {
        if let ChannelState::Open(channel) = &mut self.channel {
            channel.write(open, true);
            if let Some(message) = &self.engine.config.initial_packet {
                channel.write(&Packet::Message(message.clone()), true);
            }
        }
    }

    fn open(&mut self, request: Parts) {
        let session = Session::new(Arc::clone(&self.guard.session));
        self.connection = Some(self.engine.application.open(session, request));
    }

    /// Reports a closed transport to the protocol. A probe ends without ending its session.
    fn transport_closed(&mut self, transport: Transport, error: bool) {
        let mut state = self.lock();
        state.proto.handle_transport_closed(transport, error);
        state.wake_all();
        drop(state);
        if self.probing {
            self.drop_probe();
        }
    }

    /// Closes the channel in a separate task, because the close handshake may take seconds.
    fn close_channel(&mut self) {
        let code = self.close_code.take();
        let writer = self.lock().writer.take();
        if let ChannelState::Open(mut channel) =
            std::mem::replace(&mut self.channel, ChannelState::None)
        {
            if let Some(writer) = writer {
                channel.restore_writer(writer);
            }
            let closing = self.guard.track_closing_socket();
            let task = async move {
                channel.close(code).await;
                drop(closing);
            };
            spawn_on(&Handle::current(), Box::pin(task));
        }
    }

    fn handle_event(&mut self, event: DriverEvent) -> Progress {
        match event {
            DriverEvent::Closed(reason) => {
                self.finish(reason);
                return Progress::Finished;
            }
            DriverEvent::Posted(packets) => self.posted = Some(packets),
            DriverEvent::Probe(probe) => {
                self.probing = true;
                self.channel = match probe {
                    ProbeChannel::WebSocket(upgrade) => {
                        ChannelState::Opening(Box::new(OpeningWebSocket {
                            upgrade,
                            session: None,
                        }))
                    }
                    ProbeChannel::WebTransport(webtransport) => {
                        ChannelState::Open(Channel::WebTransport(webtransport))
                    }
                };
            }
            DriverEvent::ProbeExpired => self.drop_probe(),
            DriverEvent::Upgraded => {
                let transport = self.guard.session.lock().proto.transport();
                self.guard.count_upgrade(transport);
                tracing::debug!(%transport, "session upgraded");
                self.notify_observers(SessionEvent::Upgraded(transport));
            }
        }
        Progress::Busy
    }

    fn finish(&mut self, reason: CloseReason) {
        self.guard.unregister();
        self.guard.count_end(reason);
        self.close_channel();
        if let Some(connection) = self.connection.take() {
            connection.closed(reason);
        }
        self.notify_observers(SessionEvent::Closed(reason));
        // Observers may hold the session, which holds them.
        let mut state = self.lock();
        let leftover = state
            .cold_mut()
            .map(|cold| (cold.observers.take(), take(&mut cold.awaiting_probe)));
        let driver = state.take_driver_waker();
        drop(state);
        drop((leftover, driver));
    }

    /// Notifies the observers, if there are any.
    fn notify_observers(&self, event: SessionEvent<'_>) {
        let observers = self.guard.session.lock().observers();
        if let Some(observers) = observers {
            observers.notify(event);
        }
    }
}

/// Returns the earlier of two deadlines.
fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::application::tests::NoopApplication;

    #[test]
    fn an_idle_session_is_small() {
        // Every connection costs one allocation of each size.
        let task = size_of::<Driver<NoopApplication>>();
        assert!(task <= 424, "{task} bytes");
        let shared = size_of::<crate::session::Shared>();
        assert!(shared <= 216, "{shared} bytes");
    }
}

//! The events that a client has received in one namespace, and the functions that wait for them.

mod listener;
mod report;
mod state;

use std::pin::pin;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Deserialize;
use socketio_proto::{Args, Namespace, Packet, PacketType};
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use self::listener::Listener;
use self::report::Report;
pub(crate) use self::state::{Joined, Recovery};
use self::state::{State, Status};
use crate::clock::Readable;
use crate::disconnection::{Disconnection, End};
use crate::event::ReceivedEvent;
use crate::refused::ConnectRefused;

/// The longest time that `nothing_for` waits by a clock that is not paused.
const MAX_REAL_WAIT: Duration = Duration::from_secs(1);

/// The events that a client has received in one namespace, and its acknowledgements.
#[derive(Debug)]
pub(crate) struct Inbox {
    namespace: Namespace,
    state: Mutex<State>,
    /// Notified after each change of the state.
    changed: Notify,
}

/// The payload of the server's CONNECT packet.
#[derive(Deserialize)]
struct Connected {
    sid: String,
    pid: Option<String>,
}

impl Inbox {
    /// Creates the inbox of a client that is about to join.
    pub(crate) fn new(namespace: Namespace) -> Self {
        Self {
            namespace,
            state: Mutex::new(State::new()),
            changed: Notify::new(),
        }
    }

    pub(crate) fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// Begins to join again, for a client that reconnects. Unread events remain.
    pub(crate) fn join_again(&self) {
        self.state.lock().status = Status::Joining;
    }

    /// Returns what the client needs to recover its socket, if the server offers recovery.
    pub(crate) fn recovery(&self) -> Option<Recovery> {
        let state = self.state.lock();
        Some(Recovery {
            pid: state.pid.clone()?,
            offset: state.offset.clone(),
        })
    }

    /// Takes a packet of the namespace. Returns the acknowledgement of an event whose listener
    /// answers it.
    pub(crate) fn receive(&self, packet: Packet) -> Option<Packet> {
        let answer = match packet.kind {
            PacketType::Event => return self.receive_event(packet),
            PacketType::Connect => {
                self.connected(&packet.payload);
                None
            }
            PacketType::ConnectError => {
                self.state.lock().status = Status::Refused(packet.payload);
                None
            }
            PacketType::Disconnect => {
                self.end(End::new(Disconnection::ServerDisconnect));
                None
            }
            PacketType::Ack => {
                let waiting = packet.id.and_then(|id| self.state.lock().acks.remove(&id));
                if let Some(waiting) = waiting {
                    let _ = waiting.send(packet.payload);
                }
                None
            }
        };
        self.changed.notify_waiters();
        answer
    }

    fn connected(&self, payload: &Args) {
        let mut state = self.state.lock();
        let Ok(Connected { sid, pid }) = payload.deserialize_payload() else {
            let detail = format!(
                "the payload of the CONNECT packet is {:?}",
                payload.as_json()
            );
            let end = End::with_detail(Disconnection::ParseError, detail);
            state.status = Status::Disconnected(end);
            return;
        };
        let recovered = pid.is_some() && pid == state.pid;
        state.pid = pid;
        state.status = Status::Connected(Joined { id: sid, recovered });
    }

    fn receive_event(&self, packet: Packet) -> Option<Packet> {
        let event = ReceivedEvent::new(packet.payload, packet.id);
        let listener = {
            let mut state = self.state.lock();
            state.note(&event);
            let listener = state.listeners.get(event.name()).cloned();
            if listener.is_none() {
                state.unread.push_back(event.clone());
            }
            listener
        };
        let answer = listener.and_then(|listener| self.answer(&listener, &event));
        self.changed.notify_waiters();
        answer
    }

    /// Calls a listener. Returns the acknowledgement if the server waits for one.
    fn answer(&self, listener: &Listener, event: &ReceivedEvent) -> Option<Packet> {
        match listener.call(event) {
            Ok(args) => {
                let id = event.ack?;
                Some(Packet::ack(self.namespace.clone(), id, args))
            }
            Err(failure) => {
                self.state.lock().failures.push(failure);
                None
            }
        }
    }

    /// Registers a listener, and calls it for unread events of this name. Returns their
    /// acknowledgements.
    pub(crate) fn listen<T, R>(
        &self,
        name: &str,
        listener: impl Fn(T) -> R + Send + Sync + 'static,
    ) -> Vec<Packet>
    where
        T: serde::de::DeserializeOwned,
        R: serde::Serialize,
    {
        let listener = Listener::new(listener);
        let waiting = {
            let mut state = self.state.lock();
            state.listeners.insert(name.to_owned(), listener.clone());
            let unread = std::mem::take(&mut state.unread).into_iter();
            let (waiting, rest) = unread.partition::<Vec<_>, _>(|event| event.name() == name);
            state.unread = rest.into();
            waiting
        };
        let answers = waiting
            .iter()
            .filter_map(|event| self.answer(&listener, event));
        answers.collect()
    }

    /// Marks the client as disconnected, unless it is already. No pending acknowledgement arrives
    /// any more.
    pub(crate) fn end(&self, end: End) {
        {
            let mut state = self.state.lock();
            if matches!(state.status, Status::Joining | Status::Connected(_)) {
                state.status = Status::Disconnected(end);
            }
            state.acks.clear();
        }
        self.changed.notify_waiters();
    }

    /// Marks a client as disconnected that could not join.
    pub(crate) fn fail_to_join(&self, refused: &ConnectRefused) {
        let end = End::with_detail(Disconnection::ServerDisconnect, refused.to_string());
        self.state.lock().status = Status::Disconnected(end);
        self.changed.notify_waiters();
    }

    /// Registers an acknowledgement that the client expects. Returns its id and the answer, which
    /// fails at once if the client is disconnected.
    pub(crate) fn expect_ack(&self) -> (u64, oneshot::Receiver<Args>) {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.state.lock();
        let id = state.next_ack;
        state.next_ack = id.wrapping_add(1);
        if state.ended().is_none() {
            state.acks.insert(id, sender);
        }
        (id, receiver)
    }

    /// Waits until `take` returns a value. Returns `None` after `patience`.
    async fn wait<T>(
        &self,
        patience: Duration,
        mut take: impl FnMut(&mut State) -> Option<T>,
    ) -> Option<T> {
        let taken = async {
            let mut changed = pin!(self.changed.notified());
            loop {
                // Registered before the check, so that no change is missed.
                changed.as_mut().enable();
                if let Some(taken) = take(&mut self.state.lock()) {
                    return taken;
                }
                changed.as_mut().await;
                changed.set(self.changed.notified());
            }
        };
        timeout(patience, taken).await.ok()
    }

    /// Waits for the answer to the CONNECT packet.
    pub(crate) async fn joined(&self, patience: Duration) -> Result<Joined, ConnectRefused> {
        let answer = self.wait(patience, |state| match &state.status {
            Status::Joining => None,
            Status::Connected(joined) => Some(Ok(joined.clone())),
            Status::Refused(payload) => {
                let refused = ConnectRefused::namespace(self.namespace.clone(), payload.clone());
                Some(Err(refused))
            }
            Status::Disconnected(end) => Some(Err(ConnectRefused::ended(end))),
        });
        let awaited = "the answer to the CONNECT packet";
        let timed_out = || Err(ConnectRefused::no_answer(patience, awaited));
        answer.await.unwrap_or_else(timed_out)
    }

    /// Waits for the next event of a name, and removes it.
    pub(crate) async fn event(
        &self,
        name: &str,
        patience: Duration,
    ) -> Result<ReceivedEvent, String> {
        let event = self.wait(patience, |state| {
            if let Some(failure) = state.failure() {
                return Some(Err(failure));
            }
            let index = state.unread.iter().position(|event| event.name() == name);
            if let Some(event) = index.and_then(|index| state.unread.remove(index)) {
                return Some(Ok(event));
            }
            let end = state.ended()?;
            Some(Err(format!(
                "`{name}` cannot arrive: the client is disconnected ({end}); {report}. Emit `{name}` \
                 before the client is disconnected, or `reconnect` the client",
                report = Report(state),
            )))
        });
        event.await.unwrap_or_else(|| {
            Err(format!(
                "waited {} for `{name}`; {}. Check that the server emits `{name}` to this client in \
                 the namespace `{}`, or set a longer `ClientBuilder::patience`",
                Readable(patience),
                self.report(),
                self.namespace
            ))
        })
    }

    /// Waits until the client is disconnected. Returns the reason.
    pub(crate) async fn disconnected(&self, patience: Duration) -> Result<Disconnection, String> {
        let reason = self.wait(patience, |state| match &state.status {
            Status::Disconnected(end) => Some(end.reason),
            _ => None,
        });
        reason.await.ok_or_else(|| {
            format!(
                "waited {} for the client to be disconnected; {}. Check that the server disconnects \
                 this client, or set a longer `ClientBuilder::patience`",
                Readable(patience),
                self.report()
            )
        })
    }

    /// Checks that no event is unread and none arrives for this time.
    pub(crate) async fn nothing_for(&self, time: Duration) -> Result<(), String> {
        if time > MAX_REAL_WAIT && !crate::clock::is_paused() {
            return Err(format!(
                "the clock is not paused, so `nothing_for` would last {}: start the test with \
                 `#[tokio::test(start_paused = true)]`, or wait for at most {}",
                Readable(time),
                Readable(MAX_REAL_WAIT)
            ));
        }
        let mut is_first = true;
        let something = self.wait(time, |state| {
            let found = if let Some(failure) = state.failure() {
                Some(failure)
            } else if !state.unread.is_empty() {
                let report = Report(state);
                Some(if is_first {
                    format!(
                        "events are unread before `nothing_for` begins; {report}. Read them with \
                         `event` or `received`, or drop them with `forget`"
                    )
                } else {
                    format!(
                        "nothing should arrive for {}, but an event did; {report}. Check to which \
                         sockets the server emits it",
                        Readable(time)
                    )
                })
            } else {
                state.ended().map(|end| {
                    format!(
                        "the client is disconnected ({end}), so that nothing can arrive; {}. Keep \
                         the client connected, or wait for its end with `disconnected`",
                        Report(state)
                    )
                })
            };
            is_first = false;
            found
        });
        something.await.map_or(Ok(()), Err)
    }

    /// Removes and returns all unread events.
    pub(crate) fn take_unread(&self) -> Result<Vec<ReceivedEvent>, String> {
        let mut state = self.state.lock();
        match state.failure() {
            Some(failure) => Err(failure),
            None => Ok(std::mem::take(&mut state.unread).into()),
        }
    }

    /// Returns the end of a client that is disconnected.
    pub(crate) fn ended(&self) -> Option<End> {
        self.state.lock().ended().cloned()
    }

    /// Returns the lists of received and unread events for failure messages.
    pub(crate) fn report(&self) -> String {
        Report(&self.state.lock()).to_string()
    }
}

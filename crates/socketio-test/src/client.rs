//! A client that is connected to a namespace.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use socketio_proto::{Args, DecodeLimits, Namespace, Packet, PacketType};
use tokio::time::{sleep, timeout};

use crate::acknowledgement::{AckSender, Acknowledgement, EventRejection};
use crate::clock::Readable;
use crate::connection::Connection;
use crate::disconnection::Disconnection;
use crate::event::ReceivedEvent;
use crate::failure::or_fail;
use crate::inbox::{Inbox, Joined, Recovery};
use crate::options::Options;
use crate::refused::ConnectRefused;

/// The time after which a runtime with a paused clock has been idle.
const SETTLE: Duration = Duration::from_millis(1);

/// A client that is connected to a namespace.
///
/// Methods that read or emit panic if the test cannot go on. Their messages begin with the place of
/// the call, list the received and the unread events, and end with a remedy:
///
/// ```text
/// tests/chat.rs:21:29: waited 5 s for `message`; received: [welcome("ada"), typing()];
/// still unread: [typing()]. Check that the server emits `message` to this client in the namespace
/// `/chat`, or set a longer `ClientBuilder::patience`
/// ```
///
/// They wait for at most the [patience](crate::ClientBuilder::patience) of the client,
/// [5 seconds](crate::PATIENCE) of tokio's clock by default.
///
/// Events of one name are read in the order of their arrival. Events of other names stay unread, so
/// that a test can read them in any order.
///
/// If the last client of a connection is dropped, the connection is lost and not closed. The server
/// detects that like the loss of a real client, at the latest when a ping times out. A test that waits
/// for a disconnect handler [closes](Self::close) the client.
pub struct TestClient {
    options: Arc<Options>,
    auth: Option<Value>,
    connection: Arc<Connection>,
    inbox: Arc<Inbox>,
    joined: Joined,
}

impl TestClient {
    /// Joins a namespace over a connection.
    pub(crate) async fn join(
        options: Arc<Options>,
        auth: Option<Value>,
        connection: Arc<Connection>,
        namespace: Namespace,
    ) -> Result<Self, ConnectRefused> {
        let inbox = Arc::new(Inbox::new(namespace));
        let joined = connect(&options, &connection, &inbox, auth.as_ref(), None).await?;
        Ok(Self {
            options,
            auth,
            connection,
            inbox,
            joined,
        })
    }

    pub(crate) fn options(&self) -> &Arc<Options> {
        &self.options
    }

    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Returns the id of the socket (Node's `socket.id`).
    ///
    /// `io.of(client.namespace()).socket(client.id())` is the server's side of the client.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.joined.id
    }

    /// Returns the name of the namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.inbox.namespace()
    }

    /// Returns whether the last [`reconnect`](Self::reconnect) has recovered the socket, with its id,
    /// rooms, data and missed events (Node's `socket.recovered`).
    #[must_use]
    pub fn recovered(&self) -> bool {
        self.joined.recovered
    }

    /// Returns whether the client is connected (Node's `socket.connected`).
    #[must_use]
    pub fn connected(&self) -> bool {
        self.inbox.ended().is_none()
    }

    /// Emits an event: a tuple is several arguments, `()` none, any other value one. `Bytes` at any
    /// depth are sent as binary attachments.
    ///
    /// The future is ready when the server has taken the event. Handlers that do not wait are then
    /// done.
    ///
    /// # Panics
    ///
    /// Panics if the client is disconnected, the name is reserved, the arguments cannot be serialised,
    /// or the server does not take the event in time.
    #[track_caller]
    pub fn emit<'a, T>(
        &'a self,
        event: &str,
        args: &T,
    ) -> impl Future<Output = ()> + Send + use<'a, T>
    where
        T: Serialize + ?Sized,
    {
        let place = Location::caller();
        let packet = self.event_packet(event, args);
        let event = event.to_owned();
        async move {
            let sent = async {
                let packet = packet?;
                let sending = self.connection.send(&packet);
                timeout(self.options.patience, sending)
                    .await
                    .unwrap_or_else(|_| {
                        Err(format!(
                            "waited {} for the server to take `{event}`. It reads no events of a \
                             client with too many unfinished handlers; let some finish",
                            Readable(self.options.patience)
                        ))
                    })
            };
            or_fail(place, sent.await);
        }
    }

    /// Emits an event and waits for its acknowledgement (Node's `emitWithAck`).
    ///
    /// As a type, a tuple is several arguments of the acknowledgement, `()` none, any other type the
    /// first.
    ///
    /// # Panics
    ///
    /// Panics as [`emit`](Self::emit) does, if no acknowledgement arrives in time, and if it does not
    /// have the type `R`, for example because the event was rejected.
    #[track_caller]
    pub fn emit_with_ack<'a, R, T>(
        &'a self,
        event: &str,
        args: &T,
    ) -> impl Future<Output = R> + Send + use<'a, R, T>
    where
        R: DeserializeOwned,
        T: Serialize + ?Sized,
    {
        let place = Location::caller();
        let acknowledged = self.acknowledged(event, args);
        async move {
            let acknowledgement = acknowledged.await;
            or_fail(place, acknowledgement.and_then(|ack| ack.deserialize()))
        }
    }

    /// Emits an event and returns its acknowledgement as the server sends it, also if it rejects the
    /// event.
    ///
    /// # Panics
    ///
    /// Panics as [`emit`](Self::emit) does, and if no acknowledgement arrives in time.
    #[track_caller]
    pub fn emit_with_raw_ack<'a, T>(
        &'a self,
        event: &str,
        args: &T,
    ) -> impl Future<Output = Acknowledgement> + Send + use<'a, T>
    where
        T: Serialize + ?Sized,
    {
        let place = Location::caller();
        let acknowledged = self.acknowledged(event, args);
        async move { or_fail(place, acknowledged.await) }
    }

    /// Emits an event that the server must reject, and returns the rejection.
    ///
    /// # Panics
    ///
    /// Panics as [`emit`](Self::emit) does, if no answer arrives in time, and if the answer is not a
    /// rejection.
    #[track_caller]
    pub fn emit_rejected<'a, T>(
        &'a self,
        event: &str,
        args: &T,
    ) -> impl Future<Output = EventRejection> + Send + use<'a, T>
    where
        T: Serialize + ?Sized,
    {
        let place = Location::caller();
        let acknowledged = self.acknowledged(event, args);
        async move {
            let acknowledgement = acknowledged.await;
            or_fail(
                place,
                acknowledgement.and_then(|ack| ack.expect_rejection()),
            )
        }
    }

    /// Emits an event and waits for the acknowledgement.
    fn acknowledged<'a, T>(
        &'a self,
        event: &str,
        args: &T,
    ) -> impl Future<Output = Result<Acknowledgement, String>> + Send + use<'a, T>
    where
        T: Serialize + ?Sized,
    {
        let packet = self.event_packet(event, args);
        let event = event.to_owned();
        async move {
            let packet = packet?;
            let (id, answer) = self.inbox.expect_ack();
            let packet = packet.with_id(id);
            let patience = self.options.patience;
            let answered = async {
                self.connection.send(&packet).await?;
                answer.await.map_err(|_| {
                    let end = self.inbox.ended();
                    let end = end.map(|end| end.to_string()).unwrap_or_default();
                    format!(
                        "the acknowledgement of `{event}` cannot arrive: the client is \
                         disconnected ({end}); {}. Acknowledge `{event}` before the client is \
                         disconnected",
                        self.inbox.report()
                    )
                })
            };
            let args = timeout(patience, answered).await.unwrap_or_else(|_| {
                Err(format!(
                    "waited {} for the acknowledgement of `{event}`; {}. Check that the namespace \
                     `{}` has a handler of `{event}` that returns a `Reply` or uses its `Ack`, or \
                     set a longer `ClientBuilder::patience`",
                    Readable(patience),
                    self.inbox.report(),
                    self.namespace()
                ))
            });
            args.map(|args| Acknowledgement::new(event, args))
        }
    }

    /// Waits for the next event of this name, and removes it. Events of other names stay unread.
    ///
    /// As a type, a tuple is several arguments, `()` none, any other type the first. `Bytes` at any
    /// depth take a binary attachment.
    ///
    /// # Panics
    ///
    /// Panics if no such event arrives in time, the client is disconnected, or the arguments do not
    /// have the type `T`.
    #[track_caller]
    pub fn event<'a, T>(&'a self, name: &str) -> impl Future<Output = T> + Send + use<'a, T>
    where
        T: DeserializeOwned,
    {
        let place = Location::caller();
        let name = name.to_owned();
        async move {
            let event = self.inbox.event(&name, self.options.patience).await;
            or_fail(place, event.and_then(|event| event.deserialize()))
        }
    }

    /// Waits for the next event of this name whose acknowledgement the server waits for, and returns
    /// its arguments and the means to acknowledge it.
    ///
    /// # Panics
    ///
    /// Panics as [`event`](Self::event) does, and if the server does not wait for an acknowledgement.
    #[track_caller]
    pub fn event_with_ack<'a, T>(
        &'a self,
        name: &str,
    ) -> impl Future<Output = (T, AckSender)> + Send + use<'a, T>
    where
        T: DeserializeOwned,
    {
        let place = Location::caller();
        let name = name.to_owned();
        async move {
            let event = self.inbox.event(&name, self.options.patience).await;
            let received = event.and_then(|event| {
                let id = event.ack.ok_or_else(|| {
                    format!(
                        "the server waits for no acknowledgement of {event}. Emit it with \
                         `emit_with_ack`, or read it with `event`"
                    )
                })?;
                let namespace = self.inbox.namespace().clone();
                let ack = AckSender::new(Arc::clone(&self.connection), namespace, id);
                Ok((event.deserialize()?, ack))
            });
            or_fail(place, received)
        }
    }

    /// Registers a listener of the events of this name, which replaces an earlier one (Node's
    /// `socket.on`).
    ///
    /// If the server waits for an acknowledgement, the return value is the answer: a tuple is several
    /// arguments, `()` none, any other value one. The listener takes unread events of this name at
    /// once. Its events do not stay unread, so [`event`](Self::event) does not return them.
    ///
    /// If the arguments do not have the type `T`, or the listener panics, the next call that reads
    /// events panics.
    pub fn on<T, R>(&self, name: &str, listener: impl Fn(T) -> R + Send + Sync + 'static)
    where
        T: DeserializeOwned,
        R: Serialize,
    {
        for answer in self.inbox.listen(name, listener) {
            self.connection.queue(&answer);
        }
    }

    /// Returns the events that have arrived and are unread, and removes them.
    ///
    /// With a paused clock, everything that is under way arrives first. With a running clock, an
    /// event may arrive later; use [`event`](Self::event) to wait for it.
    ///
    /// # Panics
    ///
    /// Panics if a listener has failed.
    #[track_caller]
    pub fn received(&self) -> impl Future<Output = Vec<ReceivedEvent>> + Send + '_ {
        let place = Location::caller();
        async move {
            sleep(SETTLE).await;
            or_fail(place, self.inbox.take_unread())
        }
    }

    /// Drops the events that have arrived and are unread, as [`received`](Self::received) finds them.
    ///
    /// # Panics
    ///
    /// Panics if a listener has failed.
    #[track_caller]
    pub fn forget(&self) -> impl Future<Output = ()> + Send + '_ {
        let received = self.received();
        async move { drop(received.await) }
    }

    /// Checks that no event arrives for this time. Events of [listeners](Self::on) do not count.
    ///
    /// # Panics
    ///
    /// Panics if an event is unread or arrives, if the client is disconnected, and if the time is
    /// longer than a second and the clock is not paused.
    #[track_caller]
    pub fn nothing_for(&self, time: Duration) -> impl Future<Output = ()> + Send + '_ {
        let place = Location::caller();
        async move { or_fail(place, self.inbox.nothing_for(time).await) }
    }

    /// Waits until the client is disconnected, and returns the reason.
    ///
    /// # Panics
    ///
    /// Panics if the client is not disconnected in time.
    #[track_caller]
    pub fn disconnected(&self) -> impl Future<Output = Disconnection> + Send + '_ {
        let place = Location::caller();
        async move {
            let reason = self.inbox.disconnected(self.options.patience).await;
            or_fail(place, reason)
        }
    }

    /// Leaves the namespace (Node's `socket.disconnect()`). The server's reason is
    /// `client namespace disconnect`.
    ///
    /// If no other client uses the connection, it is closed too, as by Node's client.
    pub async fn disconnect(&self) {
        if self.connected() {
            let patience = self.options.patience;
            self.connection.leave(&self.inbox, patience).await;
        }
    }

    /// Closes the connection, with all namespaces that use it. The server's reason is
    /// `transport close`.
    pub async fn close(&self) {
        self.connection.close(self.options.patience).await;
    }

    /// Loses the connection without closing it, as if the network were interrupted.
    ///
    /// The server notices the end of the connection, but may not have handled it when this returns. With recovery, a client that
    /// [reconnects](Self::reconnect) gets its socket back in either case.
    pub async fn lose(&self) {
        self.connection.lose().await;
    }

    /// Sets whether the client answers the pings of the server. True by default.
    ///
    /// A server closes the connection of a client that does not answer after its ping interval and
    /// ping timeout.
    pub fn answer_pings(&self, answers: bool) {
        self.connection.answer_pings(answers);
    }

    /// Connects again with the same options, over a new connection. A client that is connected loses
    /// its connection first.
    ///
    /// With connection state recovery, the server may recover the socket: see
    /// [`recovered`](Self::recovered). Unread events and listeners remain. Clients of other
    /// namespaces that have shared the connection do not reconnect.
    ///
    /// # Errors
    ///
    /// Returns an error if the server refuses the client. The client is disconnected then.
    pub async fn reconnect(&mut self) -> Result<(), ConnectRefused> {
        if self.connected() {
            self.lose().await;
        }
        let connection = Arc::new(Connection::open(&self.options).await?);
        let recovery = self.inbox.recovery();
        self.inbox.join_again();
        let auth = self.auth.as_ref();
        self.joined = connect(&self.options, &connection, &self.inbox, auth, recovery).await?;
        self.connection = connection;
        Ok(())
    }

    /// Creates the packet of an event, or the text of a failure.
    fn event_packet<T>(&self, event: &str, args: &T) -> Result<Packet, String>
    where
        T: Serialize + ?Sized,
    {
        if let Some(end) = self.inbox.ended() {
            return Err(format!(
                "`{event}` cannot be sent: the client is disconnected ({end}). `reconnect` it first"
            ));
        }
        if socketio_proto::is_reserved(event) {
            return Err(format!(
                "the event name `{event}` is reserved by Socket.IO. Choose another name"
            ));
        }
        let args = Args::from_serialize(Some(event), args).map_err(|error| {
            format!("the arguments of `{event}` are not JSON: {error}. Emit values that serialise")
        })?;
        Ok(Packet::event(self.inbox.namespace().clone(), args))
    }
}

/// Sends the CONNECT packet of an inbox, and waits for the answer.
async fn connect(
    options: &Options,
    connection: &Connection,
    inbox: &Arc<Inbox>,
    auth: Option<&Value>,
    recovery: Option<Recovery>,
) -> Result<Joined, ConnectRefused> {
    let namespace = inbox.namespace().clone();
    let payload = payload(auth, recovery);
    let limits = DecodeLimits::default();
    let packet = Packet::from_serialize(PacketType::Connect, namespace, None, &payload, &limits);
    let packet = packet.map_err(|error| {
        ConnectRefused::failed(format!("the CONNECT packet is invalid: {error}"))
    })?;
    if !connection.insert(Arc::clone(inbox)) {
        let text = format!("the connection has already joined `{}`", inbox.namespace());
        return Err(ConnectRefused::failed(text));
    }
    let joined = async {
        connection
            .send(&packet)
            .await
            .map_err(ConnectRefused::failed)?;
        inbox.joined(options.patience).await
    };
    let refused = match joined.await {
        Ok(joined) => return Ok(joined),
        Err(refused) => refused,
    };
    inbox.fail_to_join(&refused);
    connection.remove(inbox, options.patience).await;
    Err(refused)
}

/// Returns the payload of a CONNECT packet, in which the client's values win, as in Node's client.
fn payload(auth: Option<&Value>, recovery: Option<Recovery>) -> Value {
    let Some(Recovery { pid, offset }) = recovery else {
        return auth.cloned().unwrap_or_default();
    };
    let mut payload = Map::new();
    payload.insert("pid".to_owned(), pid.into());
    if let Some(offset) = offset {
        payload.insert("offset".to_owned(), offset.into());
    }
    if let Some(Value::Object(auth)) = auth {
        payload.extend(auth.clone());
    }
    payload.into()
}

impl fmt::Debug for TestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestClient")
            .field("namespace", &self.namespace())
            .field("id", &self.id())
            .field("connected", &self.connected())
            .finish_non_exhaustive()
    }
}

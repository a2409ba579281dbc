//! Connection state recovery: clients that lose their connection and reconnect.

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, OnceLock};
use std::task::Poll;

use engineio::log::Escaped;
use futures_core::future::BoxFuture;
use parking_lot::Mutex;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::value::RawValue;
use smol_str::SmolStr;
use socketio_adapter::{AdapterError, MissedPacket, RecoveryId, Resume, StoredSession};
use socketio_proto::Args;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Accepted, ClientInner};
use crate::handler::{catch, catch_call};
use crate::membership::namespace_shared::NamespaceShared;
use crate::registry::namespace_inner::NamespaceInner;
use crate::socket::Socket;
use crate::socket_state::recoverable::RecoveryState;
use crate::wire::disconnect_reason::DisconnectReason;
use crate::wire::encoded_packet::EncodedPacket;

/// The recovery part of a CONNECT payload: the secret of the previous socket, and the last offset.
pub(super) struct RecoveryRequest {
    id: RecoveryId,
    /// `None` if the client has not received an event.
    offset: Option<String>,
}

/// A session that was taken from the store for a client that reconnects.
///
/// Dropping it stores the session again, so that the client can retry.
pub(super) struct Claim {
    namespace: Arc<NamespaceShared>,
    id: RecoveryId,
    session: Option<StoredSession>,
    /// The time at which the session was taken from the store.
    since: Instant,
    offset: String,
}

/// The outcome of a recovery.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum RecoveryOutcome {
    Joined,
    /// The client has disconnected again.
    Left,
    /// The missed events are no longer available.
    Unavailable,
}

impl RecoveryRequest {
    /// Removes the recovery request from a CONNECT payload, because the secret must not reach the
    /// application.
    ///
    /// Returns `None` if the client does not request a recovery.
    pub(super) fn take_from(auth: &mut Args) -> Option<Self> {
        // The other fields keep their text.
        let Fields(mut fields) = serde_json::from_str(auth.get(0)?).ok()?;
        let is_text = |value: &RawValue| value.get().starts_with('"');
        let text = |name: &str| {
            let matches =
                |(found, value): &&(String, Box<RawValue>)| found == name && is_text(value);
            let (_, value) = fields.iter().rfind(matches)?;
            serde_json::from_str::<String>(value.get()).ok()
        };
        let (id, offset) = (text("pid").map(SmolStr::from), text("offset"));
        let count = fields.len();
        fields.retain(|(name, value)| match name.as_str() {
            "pid" => !is_text(value),
            // Some parsers encode a missing offset as `null`.
            "offset" => !is_text(value) && (id.is_none() || value.get() != "null"),
            _ => true,
        });
        if fields.len() < count {
            // A client without the `auth` option sends only these two fields.
            *auth = if fields.is_empty() {
                Args::default()
            } else {
                Args::from_serialize(None, &Fields(fields)).unwrap_or_default()
            };
        }
        Some(Self {
            id: id?.into(),
            offset,
        })
    }

    /// Claims the session, after disconnecting a socket that still uses it.
    ///
    /// Returns `None` if there is no session.
    pub(super) async fn claim(self, namespace: &Arc<NamespaceShared>) -> Option<Claim> {
        namespace.recovery.as_deref()?.supersede(&self.id).await;
        let (sender, claim) = oneshot::channel();
        let taking = self.take(Arc::clone(namespace));
        let mut taking: BoxFuture<'static, ()> = Box::pin(async move {
            // The join may be cancelled while this waits. The claim is then dropped, which stores
            // the session again.
            drop(sender.send(taking.await));
        });
        if poll_fn(|cx| Poll::Ready(taking.as_mut().poll(cx)))
            .await
            .is_pending()
        {
            tokio::spawn(taking);
        }
        claim.await.ok().flatten()
    }

    async fn take(self, namespace: Arc<NamespaceShared>) -> Option<Claim> {
        let Self { id, offset } = self;
        let notifies = offset.is_some();
        let offset = offset.unwrap_or_default();
        let mut claim = Claim::new(Arc::clone(&namespace), id.clone(), offset.clone());
        match catch_adapter_panic(async { namespace.adapter.take_session(id, offset).await }).await
        {
            Ok(session) => claim.session = session,
            Err(error) => engineio::log_limited!(
                warn,
                None,
                "a client was not recovered: the adapter failed to look up its session",
                namespace = ?Escaped(namespace.name()),
                error = %Escaped(&error),
            ),
        }
        if !notifies {
            // Without an offset the missed events are unknown, so the client gets a new socket and
            // the old session ends.
            claim.session = None;
        }
        claim.session.is_some().then_some(claim)
    }
}

impl Claim {
    fn new(namespace: Arc<NamespaceShared>, id: RecoveryId, offset: String) -> Self {
        if let Some(recovery) = &namespace.recovery {
            recovery.begin_recovery(&id);
        }
        Self {
            namespace,
            id,
            session: None,
            since: Instant::now(),
            offset,
        }
    }

    pub(super) fn session(&self) -> Option<&StoredSession> {
        self.session.as_ref()
    }

    /// Sends the missed events and restores the socket.
    pub(super) async fn resume(
        mut self,
        client: &Arc<ClientInner>,
        attempt: u64,
        socket: &Socket,
    ) -> RecoveryOutcome {
        let Some(session) = self.session.clone() else {
            return RecoveryOutcome::Unavailable;
        };
        let outcome = Arc::new(OnceLock::new());
        // Dropped after the adapter has released its lock.
        let accepted = Arc::new(Mutex::new(None));
        let resume = Resume::new({
            let (client, socket) = (Arc::clone(client), socket.clone());
            let outcome = Arc::clone(&outcome);
            let accepted = Arc::clone(&accepted);
            move |missed| {
                let entered = accept_recovered(&client, attempt, &socket, &missed, &accepted);
                *outcome.get_or_init(|| entered) == RecoveryOutcome::Joined
            }
        });
        let offset = std::mem::take(&mut self.offset);
        let adapter = &self.namespace.adapter;
        let resumed =
            catch_adapter_panic(async { adapter.resume_session(session, offset, resume).await });
        if let Err(error) = resumed.await {
            engineio::log_limited!(
                warn,
                socket.log_client(),
                "a client was not recovered: the adapter failed to look up the missed events",
                namespace = ?Escaped(self.namespace.name()),
                error = %Escaped(&error),
            );
        }
        let accepted = accepted.lock().take();
        drop(accepted);
        // If the adapter did not call back, the missed events are unavailable.
        let outcome = outcome
            .get()
            .copied()
            .unwrap_or(RecoveryOutcome::Unavailable);
        if outcome != RecoveryOutcome::Left {
            self.session = None;
        }
        outcome
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(mut session) = self.session.take() {
            session.age = session.age.saturating_add(self.since.elapsed());
            persist(&self.namespace, session);
        }
        // Last, so that the session is always either claimed or stored.
        if let Some(recovery) = &self.namespace.recovery {
            recovery.end_recovery(&self.id);
        }
    }
}

/// Turns a panic of an adapter into an error.
async fn catch_adapter_panic<T>(
    operation: impl Future<Output = Result<T, AdapterError>>,
) -> Result<T, AdapterError> {
    match catch(operation).await {
        Ok(result) => result,
        Err(panic) => Err(AdapterError::other(format!(
            "it panicked: {}",
            panic.message()
        ))),
    }
}

/// Accepts a recovered socket, unless the missed events exceed the outbound limit.
fn accept_recovered(
    client: &ClientInner,
    attempt: u64,
    socket: &Socket,
    missed: &[MissedPacket],
    result: &Mutex<Option<Accepted>>,
) -> RecoveryOutcome {
    let missed: Vec<EncodedPacket> = missed
        .iter()
        .filter_map(|missed| encode(socket, missed))
        .collect();
    let limit = client.shared.limits.max_outbound_bytes;
    let bytes = missed.iter().map(EncodedPacket::queued_bytes);
    // The client may recover in several namespaces, which share the limit.
    let waiting = client.session().queued_bytes();
    if bytes.fold(waiting, usize::saturating_add) > limit {
        engineio::log_limited!(
            warn,
            socket.log_client(),
            "a client was not recovered: its missed events exceed the outbound limit; lower \
             `max_packet_bytes` of the recovery, or raise `max_outbound_bytes`",
            socket = %socket.logged_id(),
            limit,
        );
        return RecoveryOutcome::Unavailable;
    }
    let accepted = client.accept(attempt, socket, missed);
    if accepted.is_none() {
        return RecoveryOutcome::Left;
    }
    *result.lock() = accepted;
    RecoveryOutcome::Joined
}

/// Encodes a missed packet. Returns `None` if the parser fails, in which case no client has
/// received the packet.
fn encode(socket: &Socket, missed: &MissedPacket) -> Option<EncodedPacket> {
    match socket.namespace_shared().local.codec.packet(&missed.packet) {
        Ok(mut packet) => {
            packet.set_compress(missed.flags.compress);
            Some(packet)
        }
        Err(error) => {
            engineio::log_limited!(
                error,
                socket.log_client(),
                "failed to encode a packet",
                error = %Escaped(&error),
            );
            None
        }
    }
}

/// Stores the session of a disconnecting socket if it is recoverable.
///
/// The client cannot recover until the returned guard is dropped.
pub(super) fn store_session(socket: &Socket, reason: DisconnectReason) -> Option<SettleGuard> {
    let (socket_state, namespace) = (socket.state(), socket.namespace_shared());
    let recoverable = socket_state.recoverable.as_ref()?;
    let recovery = namespace.recovery.as_ref()?;
    let mut settle = SettleGuard {
        socket: socket.clone(),
        state_after_leave: RecoveryState::Ended,
    };
    if reason.is_recoverable() {
        // A panic of the adapter or of shared data must not stop the socket from leaving.
        let session = catch_call(|| {
            let rooms = namespace.local.rooms.rooms_of(socket_state);
            StoredSession::new(socket_state.id.clone(), recoverable.id.clone(), rooms)
                .with_data(describe_data(socket))
                .with_joined_at(recoverable.offset_at_join())
        });
        match session {
            Ok(session) => {
                if persist(namespace, session) {
                    settle.state_after_leave = RecoveryState::Kept(recovery.deadline());
                }
            }
            Err(panic) => engineio::log_limited!(
                error,
                socket.log_client(),
                "a disconnected client cannot be recovered: its session could not be described",
                namespace = ?Escaped(namespace.name()),
                panic = ?Escaped(panic.message()),
            ),
        }
    }
    matches!(settle.state_after_leave, RecoveryState::Kept(_)).then_some(settle)
}

/// Publishes the recovery state of a socket that has left when it is dropped, because its client
/// may wait for it.
pub(super) struct SettleGuard {
    socket: Socket,
    state_after_leave: RecoveryState,
}

impl Drop for SettleGuard {
    fn drop(&mut self) {
        let (socket_state, namespace) = (self.socket.state(), self.socket.namespace_shared());
        if let Some(recovery) = &namespace.recovery {
            recovery.left(socket_state, self.state_after_leave);
        }
    }
}

/// Stores a session and returns whether the adapter accepted it.
fn persist(namespace: &NamespaceShared, session: StoredSession) -> bool {
    match catch_call(|| namespace.adapter.persist_session(session)) {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            engineio::log_limited!(
                warn,
                None,
                "a disconnected client cannot be recovered",
                namespace = ?Escaped(namespace.name()),
                error = %Escaped(&error),
            );
            false
        }
        Err(panic) => {
            engineio::log_limited!(
                error,
                None,
                "the adapter panicked: a disconnected client cannot be recovered",
                namespace = ?Escaped(namespace.name()),
                panic = ?Escaped(panic.message()),
            );
            false
        }
    }
}

/// Returns the shared data of a socket as JSON.
fn describe_data(socket: &Socket) -> serde_json::Value {
    let namespace = socket.namespace_shared().owner::<NamespaceInner>();
    namespace.map_or(serde_json::Value::Null, |namespace| {
        let handlers = namespace.handlers();
        handlers.shared_data.describe(&socket.state().data)
    })
}

/// The fields of an object with their order and text.
struct Fields(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn payload(json: &serde_json::Value) -> Args {
        Args::from_serialize(None, json).unwrap()
    }

    #[test]
    fn the_secret_is_removed_from_the_payload() {
        let mut auth = payload(&json!({ "pid": "p", "token": [1], "offset": "o" }));
        let RecoveryRequest { id, offset } = RecoveryRequest::take_from(&mut auth).unwrap();
        assert_eq!((id.as_str(), offset.as_deref()), ("p", Some("o")));
        assert_eq!(
            auth.deserialize::<serde_json::Value>().unwrap(),
            json!({ "token": [1] })
        );

        let mut auth = payload(&json!({ "pid": "p", "offset": "o" }));
        RecoveryRequest::take_from(&mut auth).unwrap();
        assert_eq!(
            auth.deserialize::<Option<serde_json::Value>>().unwrap(),
            None
        );
    }

    #[test]
    fn other_fields_keep_their_text() {
        let raw: Box<RawValue> =
            serde_json::from_str(r#"{"n":12345678901234567890123,"pid":"p","a":1.0,"offset":"o"}"#)
                .unwrap();
        let mut auth = Args::from_serialize(None, &raw).unwrap();
        RecoveryRequest::take_from(&mut auth).unwrap();
        assert_eq!(
            auth.get(0),
            Some(r#"{"n":12345678901234567890123,"a":1.0}"#)
        );
    }

    /// A client without a received event has no offset, but its secret is still removed.
    #[test]
    fn secret_and_offset_are_removed_separately() {
        for (json, id, offset, rest) in [
            (json!({ "pid": "p" }), Some("p"), None, json!(null)),
            (json!({ "offset": "o" }), None, None, json!(null)),
            (
                json!({ "pid": "p", "offset": null }),
                Some("p"),
                None,
                json!(null),
            ),
            (
                json!({ "pid": "p", "offset": 1 }),
                Some("p"),
                None,
                json!({ "offset": 1 }),
            ),
            (
                json!({ "pid": 1, "offset": "o" }),
                None,
                None,
                json!({ "pid": 1 }),
            ),
            (
                json!({ "pid": "p", "a": 1, "offset": "o" }),
                Some("p"),
                Some("o"),
                json!({ "a": 1 }),
            ),
        ] {
            let mut auth = payload(&json);
            let returning = RecoveryRequest::take_from(&mut auth);
            let found = returning.as_ref().map(|returning| returning.id.as_str());
            assert_eq!(found, id, "{json}");
            let found = returning
                .as_ref()
                .and_then(|returning| returning.offset.as_deref());
            assert_eq!(found, offset, "{json}");
            let left = auth.deserialize::<Option<serde_json::Value>>().unwrap();
            assert_eq!(left.unwrap_or_default(), rest, "{json}");
        }
    }

    #[test]
    fn duplicate_fields_are_removed() {
        let raw: Box<RawValue> =
            serde_json::from_str(r#"{"pid":"a","pid":"\ud800","a":1,"pid":2}"#).unwrap();
        let mut auth = Args::from_serialize(None, &raw).unwrap();
        assert!(RecoveryRequest::take_from(&mut auth).is_none());
        assert_eq!(auth.get(0), Some(r#"{"a":1,"pid":2}"#));
    }

    #[test]
    fn fields_that_are_not_strings_are_kept() {
        for json in [
            json!({}),
            json!([]),
            json!({ "pid": 1, "offset": null }),
            json!({ "pid": ["p"], "a": "pid" }),
        ] {
            let mut auth = payload(&json);
            let before = auth.clone();
            assert!(
                RecoveryRequest::take_from(&mut auth).is_none(),
                "{before:?}"
            );
            assert_eq!(auth, before);
        }
        assert!(RecoveryRequest::take_from(&mut Args::default()).is_none());
    }
}

//! Clients that lose their connection and come back.

use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::{Arc, OnceLock};
use std::task::Poll;

use parking_lot::Mutex;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::value::RawValue;
use smol_str::SmolStr;
use socketio_adapter::{AdapterError, MissedPacket, RecoveryId, Resume, StoredSession};
use socketio_proto::Args;
use tokio::time::Instant;

use super::{Announcements, Client};
use crate::handler::{catch, catch_call};
use crate::membership::namespace_shared::NamespaceShared;
use crate::registry::namespace_inner::NamespaceInner;
use crate::socket::Socket;
use crate::socket_state::recoverable::RecoveryState;
use crate::wire::disconnect_reason::DisconnectReason;
use crate::wire::encoded_packet::EncodedPacket;

/// What a client says of the socket that it had.
pub(super) struct RecoveryRequest {
    id: RecoveryId,
    /// None if it has been sent nothing yet.
    offset: Option<String>,
}

/// A session that was taken out of the store for a client that is back. It is kept anew unless the
/// client gets it: it may try again.
pub(super) struct Claim {
    namespace: Arc<NamespaceShared>,
    id: RecoveryId,
    session: Option<StoredSession>,
    /// Since when the session is not in the store.
    since: Instant,
    offset: String,
}

/// What has become of a client that is back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum RecoveryOutcome {
    Joined,
    /// It has gone again.
    Gone,
    /// What it has missed cannot be told any more.
    Forgotten,
}

impl RecoveryRequest {
    /// Takes it out of the payload of a CONNECT packet. It is a secret, and the application has no
    /// use for it. None if the client does not come back.
    pub(super) fn take_from(auth: &mut Args) -> Option<Self> {
        // The rest keeps its text.
        let Fields(mut fields) = serde_json::from_str(auth.get(0)?).ok()?;
        let is_text = |value: &RawValue| value.get().starts_with('"');
        let text = |name: &str| {
            let is_it = |(found, value): &&(String, Box<RawValue>)| found == name && is_text(value);
            let (_, value) = fields.iter().rfind(is_it)?;
            serde_json::from_str::<String>(value.get()).ok()
        };
        let (id, offset) = (text("pid").map(SmolStr::from), text("offset"));
        let count = fields.len();
        fields.retain(|(name, value)| match name.as_str() {
            "pid" => !is_text(value),
            // Some parsers write what is missing.
            "offset" => !is_text(value) && (id.is_none() || value.get() != "null"),
            _ => true,
        });
        if fields.len() < count {
            // A client that has no `auth` option sends nothing but these two.
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

    /// Claims the session, and ends the socket that has it if there is one. None if there is nothing
    /// to come back to.
    pub(super) async fn claim(self, namespace: &Arc<NamespaceShared>) -> Option<Claim> {
        namespace.recovery.as_deref()?.supersede(&self.id).await;
        let mut taking = Box::pin(self.take(Arc::clone(namespace)));
        match poll_fn(|cx| Poll::Ready(taking.as_mut().poll(cx))).await {
            Poll::Ready(claim) => claim,
            // The client may go while it waits. What the task takes then is put back by the drop of
            // its result.
            Poll::Pending => tokio::spawn(taking).await.ok().flatten(),
        }
    }

    async fn take(self, namespace: Arc<NamespaceShared>) -> Option<Claim> {
        let Self { id, offset } = self;
        let is_told = offset.is_some();
        let offset = offset.unwrap_or_default();
        let mut claim = Claim::new(Arc::clone(&namespace), id.clone(), offset.clone());
        match catch_adapter_panic(async { namespace.adapter.take_session(id, offset).await }).await
        {
            Ok(session) => claim.session = session,
            Err(error) => tracing::warn!(
                namespace = %namespace.name(),
                %error,
                "a client is not recovered: its session could not be looked for"
            ),
        }
        if !is_told {
            // It cannot be told what it has missed, and gets a new socket. Nobody shall have the
            // old one any more.
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

    /// Sends the client what it has missed, and lets its socket in.
    pub(super) async fn resume(
        mut self,
        client: &Arc<Client>,
        attempt: u64,
        socket: &Socket,
    ) -> RecoveryOutcome {
        let Some(session) = self.session.clone() else {
            return RecoveryOutcome::Forgotten;
        };
        let outcome = Arc::new(OnceLock::new());
        // Told after the adapter has let its lock go.
        let told = Arc::new(Mutex::new(None));
        let resume = Resume::new({
            let (client, socket) = (Arc::clone(client), socket.clone());
            let outcome = Arc::clone(&outcome);
            let told = Arc::clone(&told);
            move |missed| {
                let entered = enter(&client, attempt, &socket, &missed, &told);
                *outcome.get_or_init(|| entered) == RecoveryOutcome::Joined
            }
        });
        let offset = std::mem::take(&mut self.offset);
        let adapter = &self.namespace.adapter;
        let resumed =
            catch_adapter_panic(async { adapter.resume_session(session, offset, resume).await });
        if let Err(error) = resumed.await {
            tracing::warn!(
                namespace = %self.namespace.name(),
                %error,
                "a client is not recovered: what it has missed could not be looked for"
            );
        }
        let told = told.lock().take();
        drop(told);
        // If nobody was asked to take the socket back, there was nothing to take it back with.
        let outcome = outcome.get().copied().unwrap_or(RecoveryOutcome::Forgotten);
        if outcome != RecoveryOutcome::Gone {
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
        // Afterwards, so that there is no moment at which neither is so.
        if let Some(recovery) = &self.namespace.recovery {
            recovery.end_recovery(&self.id);
        }
    }
}

/// Turns a panic of an adapter that is not ours into an error.
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

/// Lets a socket in that is back.
fn enter(
    client: &Client,
    attempt: u64,
    socket: &Socket,
    missed: &[MissedPacket],
    told: &Mutex<Option<Announcements>>,
) -> RecoveryOutcome {
    let missed: Vec<EncodedPacket> = missed
        .iter()
        .filter_map(|missed| encode(socket, missed))
        .collect();
    let limit = client.shared.limits.max_outbound_bytes;
    let bytes = missed.iter().map(EncodedPacket::queued_bytes);
    // Perhaps it comes back in several namespaces.
    let waiting = client.session().queued_bytes();
    if bytes.fold(waiting, usize::saturating_add) > limit {
        tracing::warn!(
            socket = %socket.id(),
            limit,
            "a client is not recovered, for it has missed more than may wait for one: lower \
             `max_packet_bytes` of the recovery, or raise `max_outbound_bytes`"
        );
        return RecoveryOutcome::Forgotten;
    }
    let accepted = client.accept(attempt, socket, missed);
    if accepted.is_none() {
        return RecoveryOutcome::Gone;
    }
    *told.lock() = accepted;
    RecoveryOutcome::Joined
}

/// None if the parser of the application cannot encode the packet, which then nobody has been sent.
fn encode(socket: &Socket, missed: &MissedPacket) -> Option<EncodedPacket> {
    match socket.namespace_shared().local.codec.packet(&missed.packet) {
        Ok(mut packet) => {
            packet.set_compress(missed.flags.compress);
            Some(packet)
        }
        Err(error) => {
            tracing::error!(%error, "a packet was not sent");
            None
        }
    }
}

/// Keeps the session of a socket that leaves, if its client may come back. It may when the result is
/// dropped.
pub(super) fn store_session(socket: &Socket, reason: DisconnectReason) -> Option<SettleGuard> {
    let (socket_state, namespace) = (socket.state(), socket.namespace_shared());
    let recoverable = socket_state.recoverable.as_ref()?;
    let recovery = namespace.recovery.as_ref()?;
    let mut settle = SettleGuard {
        socket: socket.clone(),
        state_after_leave: RecoveryState::Ended,
    };
    if reason.is_recoverable() {
        // Whatever an adapter or data of the application does, the socket has to leave.
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
            Err(panic) => tracing::error!(
                namespace = %namespace.name(),
                panic = panic.message(),
                "a client that has lost its connection cannot be recovered, for its session could \
                 not be described"
            ),
        }
    }
    matches!(settle.state_after_leave, RecoveryState::Kept(_)).then_some(settle)
}

/// Says what has become of a socket that has left when it is dropped, whatever happens: its client
/// may wait to hear it.
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

/// Returns whether the session is kept.
fn persist(namespace: &NamespaceShared, session: StoredSession) -> bool {
    match catch_call(|| namespace.adapter.persist_session(session)) {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::warn!(
                namespace = %namespace.name(),
                %error,
                "a client that has lost its connection cannot be recovered"
            );
            false
        }
        Err(panic) => {
            tracing::error!(
                namespace = %namespace.name(),
                panic = panic.message(),
                "the adapter panicked: a client that has lost its connection cannot be recovered"
            );
            false
        }
    }
}

/// The data of a socket in the form in which it is kept.
fn describe_data(socket: &Socket) -> serde_json::Value {
    let namespace = socket.namespace_shared().owner::<NamespaceInner>();
    namespace.map_or(serde_json::Value::Null, |namespace| {
        let handlers = namespace.handlers();
        handlers.shared_data.describe(&socket.state().data)
    })
}

/// The fields of an object, in their order and with their text.
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
    fn the_secret_is_taken_out_of_the_payload() {
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
    fn the_rest_keeps_its_text() {
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

    /// A client that has been sent nothing yet has no offset, and its secret is one all the same.
    #[test]
    fn each_of_the_two_is_taken_out() {
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
    fn a_field_that_is_there_twice_is_taken_out_twice() {
        let raw: Box<RawValue> =
            serde_json::from_str(r#"{"pid":"a","pid":"\ud800","a":1,"pid":2}"#).unwrap();
        let mut auth = Args::from_serialize(None, &raw).unwrap();
        assert!(RecoveryRequest::take_from(&mut auth).is_none());
        assert_eq!(auth.get(0), Some(r#"{"a":1,"pid":2}"#));
    }

    #[test]
    fn what_is_no_text_is_the_application_s() {
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

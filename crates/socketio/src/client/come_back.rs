//! Clients that lose their connection and come back.

use std::fmt;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::value::RawValue;
use smol_str::SmolStr;
use socketio_adapter::{MissedPacket, RecoveryId, Resume, Session};
use socketio_proto::Args;

use super::{Announcements, Client};
use crate::disconnect_reason::DisconnectReason;
use crate::encoded::Encoded;
use crate::namespace_core::NamespaceCore;
use crate::socket::Socket;
use crate::space::Space;

/// What a client says of the socket that it had.
pub(super) struct Returning {
    id: RecoveryId,
    offset: String,
}

/// A session that was taken out of the store for a client that is back. It is kept anew unless the
/// client gets it: it may try again.
pub(super) struct Claim {
    space: Arc<Space>,
    session: Option<Session>,
    offset: String,
}

/// What has become of a client that is back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    Joined,
    /// It has gone again.
    Gone,
    /// What it has missed cannot be told any more.
    Forgotten,
}

impl Returning {
    /// Takes it out of the payload of a CONNECT packet. It is a secret, and the application has no
    /// use for it.
    pub(super) fn take_from(auth: &mut Args) -> Option<Self> {
        // The rest keeps its text.
        let Fields(mut fields) = serde_json::from_str(auth.get(0)?).ok()?;
        let text = |name: &str| {
            let (_, value) = fields.iter().rfind(|(found, _)| found == name)?;
            serde_json::from_str::<String>(value.get()).ok()
        };
        let (id, offset) = (SmolStr::from(text("pid")?), text("offset")?);
        fields.retain(|(name, _)| name != "pid" && name != "offset");
        // A client that has no `auth` option sends nothing but these two.
        *auth = if fields.is_empty() {
            Args::default()
        } else {
            Args::from_serialize(None, &Fields(fields)).unwrap_or_default()
        };
        Some(Self {
            id: id.into(),
            offset,
        })
    }

    /// Claims the session, and ends the socket that has it if there is one. None if there is nothing
    /// to come back to.
    pub(super) async fn claim(self, space: &Arc<Space>) -> Option<Claim> {
        space.recovery.as_deref()?.supersede(&self.id).await;
        let taken = space.adapter.take_session(self.id, self.offset.clone());
        match taken.await {
            Ok(session) => session.map(|session| Claim {
                space: Arc::clone(space),
                session: Some(session),
                offset: self.offset,
            }),
            Err(error) => {
                tracing::warn!(
                    namespace = %space.name(),
                    %error,
                    "a client is not recovered: its session could not be looked for"
                );
                None
            }
        }
    }
}

impl Claim {
    pub(super) fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// Sends the client what it has missed, and lets its socket in.
    pub(super) async fn resume(
        mut self,
        client: &Arc<Client>,
        attempt: u64,
        socket: &Socket,
    ) -> Outcome {
        let Some(session) = self.session.clone() else {
            return Outcome::Forgotten;
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
                *outcome.get_or_init(|| entered) == Outcome::Joined
            }
        });
        let offset = std::mem::take(&mut self.offset);
        let resumed = self.space.adapter.resume_session(session, offset, resume);
        if let Err(error) = resumed.await {
            tracing::warn!(
                namespace = %self.space.name(),
                %error,
                "a client is not recovered: what it has missed could not be looked for"
            );
        }
        let told = told.lock().take();
        drop(told);
        // If nobody was asked to take the socket back, there was nothing to take it back with.
        let outcome = outcome.get().copied().unwrap_or(Outcome::Forgotten);
        if outcome != Outcome::Gone {
            self.session = None;
        }
        outcome
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            persist(&self.space, session);
        }
    }
}

/// Lets a socket in that is back.
fn enter(
    client: &Client,
    attempt: u64,
    socket: &Socket,
    missed: &[MissedPacket],
    told: &Mutex<Option<Announcements>>,
) -> Outcome {
    let missed: Vec<Encoded> = missed
        .iter()
        .filter_map(|missed| encode(socket, missed))
        .collect();
    let limit = client.link.limits.max_outbound_bytes;
    let bytes = missed.iter().map(Encoded::queued_bytes);
    if bytes.fold(0, usize::saturating_add) > limit {
        tracing::warn!(
            socket = %socket.id(),
            limit,
            "a client is not recovered, for it has missed more than may wait for one: lower \
             `max_packet_bytes` of the recovery, or raise `max_outbound_bytes`"
        );
        return Outcome::Forgotten;
    }
    let accepted = client.accept(attempt, socket, missed);
    if accepted.is_none() {
        return Outcome::Gone;
    }
    *told.lock() = accepted;
    Outcome::Joined
}

/// None if the parser of the application cannot encode the packet, which then nobody has been sent.
fn encode(socket: &Socket, missed: &MissedPacket) -> Option<Encoded> {
    match socket.space.local.codec.packet(&missed.packet) {
        Ok(packet) => Some(packet.compress(missed.flags.compress)),
        Err(error) => {
            tracing::error!(%error, "a packet was not sent");
            None
        }
    }
}

/// Keeps the session of a socket that leaves, if its client may come back.
pub(super) fn keep_session(socket: &Socket, reason: DisconnectReason) {
    let Socket { recipient, space } = socket;
    let Some(recoverable) = &recipient.recoverable else {
        return;
    };
    let mut settle = Settle {
        socket,
        is_kept: false,
    };
    if reason.is_recoverable() {
        let session = Session {
            id: recipient.id.clone(),
            recovery_id: recoverable.id.clone(),
            rooms: space.local.rooms.rooms_of(recipient),
            data: describe_data(socket),
        };
        settle.is_kept = persist(space, session);
    }
}

/// Says what has become of a socket, even if an adapter that is not ours panics: its client may wait
/// to hear it.
struct Settle<'a> {
    socket: &'a Socket,
    is_kept: bool,
}

impl Drop for Settle<'_> {
    fn drop(&mut self) {
        let Socket { recipient, space } = self.socket;
        if let Some(recovery) = &space.recovery {
            recovery.left(recipient, self.is_kept);
        }
    }
}

/// Returns whether the session is kept.
fn persist(space: &Space, session: Session) -> bool {
    let persisted = space.adapter.persist_session(session);
    if let Err(error) = &persisted {
        tracing::warn!(
            namespace = %space.name(),
            %error,
            "a client that has lost its connection cannot be recovered"
        );
    }
    persisted.is_ok()
}

/// The data of a socket in the form in which it is kept.
fn describe_data(socket: &Socket) -> serde_json::Value {
    let namespace = socket.space.owner::<NamespaceCore>();
    namespace.map_or(serde_json::Value::Null, |namespace| {
        let handlers = namespace.handlers();
        handlers.shared_data.describe(&socket.recipient.data)
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
        let Returning { id, offset } = Returning::take_from(&mut auth).unwrap();
        assert_eq!((id.as_str(), offset.as_str()), ("p", "o"));
        assert_eq!(
            auth.deserialize::<serde_json::Value>().unwrap(),
            json!({ "token": [1] })
        );

        let mut auth = payload(&json!({ "pid": "p", "offset": "o" }));
        Returning::take_from(&mut auth).unwrap();
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
        Returning::take_from(&mut auth).unwrap();
        assert_eq!(
            auth.get(0),
            Some(r#"{"n":12345678901234567890123,"a":1.0}"#)
        );
    }

    #[test]
    fn what_is_not_two_texts_is_the_application_s() {
        for json in [
            json!({}),
            json!({ "pid": "p" }),
            json!({ "offset": "o" }),
            json!({ "pid": 1, "offset": "o" }),
            json!({ "pid": "p", "offset": null }),
            json!({ "pid": ["p"], "offset": "o" }),
        ] {
            let mut auth = payload(&json);
            let before = auth.clone();
            assert!(Returning::take_from(&mut auth).is_none(), "{before:?}");
            assert_eq!(auth, before);
        }
        assert!(Returning::take_from(&mut Args::default()).is_none());
    }
}

//! Acknowledgements in both directions.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use socketio_proto::{Args, Namespace, Packet};

use crate::connection::Connection;
use crate::event::ArgsText;
use crate::failure::or_fail;

/// The acknowledgement of an event, as the server has sent it.
#[derive(Clone, Debug, PartialEq)]
pub struct Acknowledgement {
    event: String,
    args: Args,
}

/// The answer to an event that the server has rejected: `{"status":"Bad Request","error":"…"}`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct EventRejection {
    /// The name of an HTTP status, such as `Bad Request`.
    pub status: String,
    /// The reason.
    pub error: String,
}

impl Acknowledgement {
    pub(crate) fn new(event: String, args: Args) -> Self {
        Self { event, args }
    }

    /// Returns the arguments, still encoded.
    #[must_use]
    pub fn args(&self) -> &Args {
        &self.args
    }

    /// Deserialises the arguments: a tuple is several arguments, `()` none, any other type the first.
    ///
    /// # Panics
    ///
    /// Panics if the arguments do not have the type `T`, for example because the event was rejected.
    #[must_use]
    #[track_caller]
    pub fn data<T: DeserializeOwned>(&self) -> T {
        or_fail(Location::caller(), self.deserialize())
    }

    /// Returns the rejection if the server has rejected the event.
    #[must_use]
    pub fn rejection(&self) -> Option<EventRejection> {
        let rejection = (self.args.len() == 1).then(|| self.args.deserialize())?;
        rejection.ok()
    }

    /// Deserialises the arguments, or returns the text of the failure.
    pub(crate) fn deserialize<T: DeserializeOwned>(&self) -> Result<T, String> {
        self.args.deserialize().map_err(|error| {
            let event = &self.event;
            match self.rejection() {
                Some(EventRejection { status, error }) => format!(
                    "the server rejected `{event}` with {status}: {error}. Emit what its handler \
                     expects, or expect the rejection with `emit_rejected`"
                ),
                None => format!(
                    "the acknowledgement of `{event}` is ({}), which is not a `{}`: {error}. Read \
                     it as the type that the handler answers with",
                    ArgsText(&self.args),
                    std::any::type_name::<T>()
                ),
            }
        })
    }

    /// Returns the rejection, or the text of the failure if there is none.
    pub(crate) fn expect_rejection(&self) -> Result<EventRejection, String> {
        self.rejection().ok_or_else(|| {
            format!(
                "`{}` was not rejected but acknowledged with ({}). Emit what its handler refuses, \
                 or read the acknowledgement with `emit_with_ack`",
                self.event,
                ArgsText(&self.args)
            )
        })
    }
}

/// The acknowledgement that the server waits for, returned by
/// [`event_with_ack`](crate::TestClient::event_with_ack).
///
/// If it is dropped, the server waits until its own timeout.
#[must_use = "the server waits for the acknowledgement"]
pub struct AckSender {
    connection: Arc<Connection>,
    namespace: Namespace,
    id: u64,
}

impl AckSender {
    pub(crate) fn new(connection: Arc<Connection>, namespace: Namespace, id: u64) -> Self {
        Self {
            connection,
            namespace,
            id,
        }
    }

    /// Sends the acknowledgement: a tuple is several arguments, `()` none, any other value one.
    ///
    /// The future is ready when the server has taken it.
    ///
    /// # Panics
    ///
    /// Panics if the value cannot be serialised.
    #[track_caller]
    pub fn send<T>(self, args: &T) -> impl Future<Output = ()> + Send + use<T>
    where
        T: Serialize + ?Sized,
    {
        let place = Location::caller();
        let args = Args::from_serialize(None, args).map_err(|error| {
            format!("the acknowledgement is not JSON: {error}. Send a value that serialises")
        });
        async move {
            let packet = Packet::ack(self.namespace, self.id, or_fail(place, args));
            or_fail(place, self.connection.send(&packet).await);
        }
    }
}

impl fmt::Debug for AckSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AckSender")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

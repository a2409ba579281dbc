//! The acknowledgement that another server awaits.

use std::convert::Infallible;
use std::sync::Arc;

use serde::Serialize;

use super::FromServerEvent;
use crate::context::{PendingReply, ServerEventContext};
use crate::error::rejection::Rejection;

/// The acknowledgement of an event of another server, for handlers that answer later or not by
/// their return value.
///
/// A handler that takes it does not run if the other server awaits none; `Option<ServerAck>` serves
/// both. If it is dropped without an answer, the other server waits until its time is up.
///
/// # Examples
///
/// ```
/// use socketio::extract::ServerAck;
///
/// async fn uptime(ack: ServerAck) {
///     tokio::spawn(async move { ack.send(&42) });
/// }
/// ```
#[derive(Clone, Debug)]
pub struct ServerAck(Arc<PendingReply>);

impl ServerAck {
    /// Answers with one value: Node's servers take one.
    ///
    /// What does not serialise as JSON is logged, and another answer may be sent. After the first
    /// answer others are dropped and logged.
    pub fn send<T: Serialize + ?Sized>(&self, answer: &T) {
        if let Err(rejection) = self.0.send(answer) {
            tracing::error!(%rejection, "an event of another server was not answered");
        }
    }
}

impl<S> FromServerEvent<S> for ServerAck
where
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_server_event(
        cx: &mut ServerEventContext,
        _: &S,
    ) -> Result<Self, Self::Rejection> {
        let ack = cx.reply.clone().map(Self);
        ack.ok_or_else(|| Rejection::missing_ack(cx.event_name()))
    }
}

impl<S> FromServerEvent<S> for Option<ServerAck>
where
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_server_event(
        cx: &mut ServerEventContext,
        _: &S,
    ) -> Result<Self, Self::Rejection> {
        Ok(cx.reply.clone().map(ServerAck))
    }
}

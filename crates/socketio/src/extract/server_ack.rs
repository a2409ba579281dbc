//! The extractor of the acknowledgement that another server asked for.

use std::convert::Infallible;
use std::sync::Arc;

use serde::Serialize;

use super::FromServerEvent;
use crate::context::{PendingReply, ServerEventContext};
use crate::error::rejection::Rejection;

/// An extractor with which a handler answers an event of another server.
///
/// The answer can be sent later, for example from a task. If the other server did not ask for an
/// acknowledgement, the handler does not run; `Option<ServerAck>` accepts both. If it is dropped
/// without an answer, the other server waits until its timeout.
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
    /// Sends the answer, which is one value as in Node.
    ///
    /// A value that JSON cannot hold is logged as an error, and another answer can be sent. Only
    /// the first answer is sent; later ones are logged and dropped.
    pub fn send<T: Serialize + ?Sized>(&self, answer: &T) {
        if let Err(rejection) = self.0.send(answer) {
            engineio::log_limited!(
                error,
                None,
                "an event of another server was not answered",
                rejection = %rejection.redacted(),
            );
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

//! The acknowledgement that a client asked for.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::FromEvent;
use crate::context::{EventContext, PendingAck};
use crate::error::rejection::Rejection;

/// Answers an event for which the client asked for an acknowledgement.
///
/// The answer may come later and from elsewhere: an `Ack` can be moved into a task or kept in a
/// map. A handler that answers when it is done returns [`Reply`](crate::Reply) instead.
///
/// A client that did not ask for an acknowledgement is rejected; `Option<Ack>` serves both.
///
/// An event is answered once at most. If the handler panics, or a later argument is rejected, the
/// client is told so, and this answer comes too late. One that is dropped answers nothing, and the
/// client waits for its own timeout.
///
/// # Examples
///
/// ```
/// use socketio::extract::{Ack, Data};
///
/// async fn order(Data(item): Data<String>, ack: Ack) {
///     tokio::spawn(async move {
///         // … when it has been delivered:
///         ack.send(&("delivered", item));
///     });
/// }
/// ```
#[derive(Debug)]
#[must_use = "the client waits for an answer"]
pub struct Ack(Arc<PendingAck>);

impl Ack {
    /// Sends the answer: a tuple as several arguments, `()` as none, anything else as one.
    ///
    /// `Bytes` at any depth travels as binary attachment. A value that does not serialise is
    /// logged as an error, and the client is told that the server failed. Nothing is sent if the
    /// event has been answered, or if the socket has gone.
    pub fn send<T>(self, args: &T)
    where
        T: Serialize + ?Sized,
    {
        if let Err(rejection) = self.0.send(args) {
            tracing::error!(
                socket = %self.0.socket().id(),
                %rejection,
                "an event was not answered as the application wanted",
            );
            self.0.reject(&rejection);
        }
    }
}

impl<S> FromEvent<S> for Ack
where
    S: Send + Sync,
{
    type Rejection = MissingAck;

    async fn from_event(cx: &mut EventContext, _: &S) -> Result<Self, Self::Rejection> {
        match cx.share_ack() {
            Some(ack) => Ok(Self(ack)),
            None => Err(MissingAck(Rejection::missing_ack(cx.event_name()))),
        }
    }
}

impl<S> FromEvent<S> for Option<Ack>
where
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_event(cx: &mut EventContext, _: &S) -> Result<Self, Self::Rejection> {
        Ok(cx.share_ack().map(Ack))
    }
}

/// The client did not ask for an acknowledgement.
#[derive(Clone, Debug)]
pub struct MissingAck(Rejection);

impl fmt::Display for MissingAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for MissingAck {}

impl From<MissingAck> for Rejection {
    fn from(MissingAck(rejection): MissingAck) -> Self {
        rejection
    }
}

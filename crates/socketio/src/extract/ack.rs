//! The extractor of the acknowledgement that a client asked for.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::FromEvent;
use crate::context::{EventContext, SharedAck};
use crate::error::rejection::Rejection;

/// An extractor with which a handler answers an event (Node's `callback` argument).
///
/// The answer can be sent later: an `Ack` can be moved into a task or stored in a map. A handler
/// that answers when it returns can return [`Reply`](crate::Reply) instead.
///
/// An event without an acknowledgement is rejected. `Option<Ack>` accepts both.
///
/// An event is answered at most once. If the handler panics or a later argument is rejected, the
/// client receives that as its answer, and a later answer through `Ack` is dropped. If an `Ack` is
/// dropped, no answer is sent, and the client waits until its own timeout.
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
pub struct Ack(Recipient);

/// The recipient of an answer.
#[derive(Debug)]
enum Recipient {
    Client(Arc<SharedAck>),
    #[cfg(feature = "test-util")]
    Test(super::ack_receiver::AnswerSender),
}

impl Ack {
    /// Creates an acknowledgement without a client, and the receiver of its answer, for a test that
    /// calls a handler.
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio::extract::{Ack, Data};
    ///
    /// async fn order(Data(item): Data<String>, ack: Ack) {
    ///     tokio::spawn(async move { ack.send(&("delivered", item)) });
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (ack, receiver) = Ack::channel();
    /// order(Data("tea".into()), ack).await;
    /// let (state, item): (String, String) = receiver.data().await;
    /// assert_eq!((state.as_str(), item.as_str()), ("delivered", "tea"));
    /// # }
    /// ```
    #[cfg(feature = "test-util")]
    #[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
    pub fn channel() -> (Self, super::AckReceiver) {
        let (sender, receiver) = super::ack_receiver::channel();
        (Self(Recipient::Test(sender)), receiver)
    }

    /// Sends the answer: a tuple as several arguments, `()` as none, and any other value as one.
    ///
    /// `Bytes` at any depth are sent as binary attachments. A value that does not serialise is
    /// logged as an error, and the client receives the answer of a server fault. Nothing is sent if
    /// the event was already answered or the socket has left.
    pub fn send<T>(self, args: &T)
    where
        T: Serialize + ?Sized,
    {
        match self.0 {
            Recipient::Client(ack) => send_to_client(&ack, args),
            #[cfg(feature = "test-util")]
            Recipient::Test(sender) => sender.send(args),
        }
    }
}

fn send_to_client<T>(ack: &SharedAck, args: &T)
where
    T: Serialize + ?Sized,
{
    if let Err(rejection) = ack.send(args) {
        engineio::log_limited!(
            error,
            ack.socket().log_client(),
            "the answer to an event cannot be serialised",
            socket = %ack.socket().logged_id(),
            rejection = %rejection.redacted(),
        );
        ack.reject(&rejection);
    }
}

impl<S> FromEvent<S> for Ack
where
    S: Send + Sync,
{
    type Rejection = MissingAck;

    async fn from_event(cx: &mut EventContext, _: &S) -> Result<Self, Self::Rejection> {
        match cx.share_ack() {
            Some(ack) => Ok(Self(Recipient::Client(ack))),
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
        Ok(cx.share_ack().map(Recipient::Client).map(Ack))
    }
}

/// The rejection of [`Ack`]: the client did not ask for an acknowledgement.
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

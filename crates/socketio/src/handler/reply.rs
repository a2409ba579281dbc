//! What an event handler returns.

use std::convert::Infallible;

use serde::{Serialize, Serializer};

use crate::error::rejection::Rejection;

/// What an event handler may return: it answers the acknowledgement that the client asked for.
///
/// `()` and `None` answer nothing: either the handler has taken [`Ack`](crate::extract::Ack) and
/// answers itself, or the client is not to be answered. If the client did not ask, nothing is sent
/// whatever is returned. To answer without arguments, return `Reply(())`.
///
/// # Examples
///
/// ```
/// use socketio::extract::Data;
/// use socketio::{Reply, Socket};
///
/// // const answer = await socket.emitWithAck("add", 1, 2)
/// async fn add(Data((a, b)): Data<(u32, u32)>) -> Result<Reply<u32>, Reply<&'static str>> {
///     a.checked_add(b).map(Reply).ok_or(Reply("too much for me"))
/// }
/// ```
///
/// The type of a handler's errors can say how it is told:
///
/// ```
/// use serde::Serialize;
/// use serde_json::json;
/// use socketio::Reply;
/// use socketio::handler::IntoReply;
///
/// struct SoldOut;
///
/// impl IntoReply for SoldOut {
///     fn into_reply(self) -> Option<impl Serialize> {
///         Some(json!({ "error": "sold out" }))
///     }
/// }
///
/// async fn order() -> Result<Reply<&'static str>, SoldOut> {
///     Err(SoldOut)
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "an event handler cannot return `{Self}`",
    label = "wrong return type",
    note = "return `Reply(value)` to acknowledge the event with a value, `()` to leave it at that",
    note = "`Result<T, E>` and `Option<T>` of such types work too; `{Self}` can implement `IntoReply`"
)]
pub trait IntoReply {
    /// The arguments of the acknowledgement: a tuple is several, `()` none, anything else one.
    fn into_reply(self) -> Option<impl Serialize>;
}

/// Acknowledges an event with a value: a tuple as several arguments, `()` as none, anything else
/// as one.
///
/// `Reply((a, b))` calls the client's callback with two arguments; `Reply(((a, b),))` calls it with
/// one, a list of two.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Reply<T>(pub T);

impl<T> IntoReply for Reply<T>
where
    T: Serialize,
{
    fn into_reply(self) -> Option<impl Serialize> {
        Some(self.0)
    }
}

impl IntoReply for () {
    fn into_reply(self) -> Option<impl Serialize> {
        None::<()>
    }
}

impl IntoReply for Infallible {
    fn into_reply(self) -> Option<impl Serialize> {
        None::<()>
    }
}

/// Answers as a rejected event is answered: `{"status":"Bad Request","error":"…"}`.
impl IntoReply for Rejection {
    fn into_reply(self) -> Option<impl Serialize> {
        Some(self)
    }
}

impl<T> IntoReply for Option<T>
where
    T: IntoReply,
{
    fn into_reply(self) -> Option<impl Serialize> {
        self.and_then(T::into_reply)
    }
}

impl<T, E> IntoReply for Result<T, E>
where
    T: IntoReply,
    E: IntoReply,
{
    fn into_reply(self) -> Option<impl Serialize> {
        match self {
            Ok(value) => value.into_reply().map(Either::Ok),
            Err(error) => error.into_reply().map(Either::Err),
        }
    }
}

/// Serialises as what it holds, so that a tuple in it is still several arguments.
enum Either<T, E> {
    Ok(T),
    Err(E),
}

impl<T, E> Serialize for Either<T, E>
where
    T: Serialize,
    E: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Ok(value) => value.serialize(serializer),
            Self::Err(error) => error.serialize(serializer),
        }
    }
}

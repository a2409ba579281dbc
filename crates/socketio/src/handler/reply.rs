//! The return values of event handlers.

use std::any::type_name;
use std::convert::Infallible;

use serde::ser::SerializeTuple as _;
use serde::{Serialize, Serializer};

use crate::error::client_error::ClientError;
use crate::error::rejection::Rejection;

/// The return value of an event handler, which answers the client's acknowledgement.
///
/// `()` and `None` send no answer: the handler answers through [`Ack`](crate::extract::Ack), or not
/// at all. `Reply(())` sends an answer without arguments. If the client did not ask for an
/// acknowledgement, nothing is sent.
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
/// An error type that is also used in other kinds of handlers implements
/// [`ClientError`](crate::ClientError). It can also define the answer of event handlers only:
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
    note = "return `Reply(value)` to acknowledge the event with a value, or `()` for no answer",
    note = "`Reply<T>` needs `T: Serialize`: put `#[derive(serde::Serialize)]` on `T`",
    note = "`Result<T, E>` and `Option<T>` of such types work too; types of your crate can implement `IntoReply`, and errors `ClientError`",
    note = "a function that never returns, such as `async || panic!()`, needs a return type: `async || -> () {{ panic!() }}`"
)]
pub trait IntoReply {
    /// Returns the arguments of the answer, or `None` to send no answer. A tuple is several
    /// arguments, `()` none, and any other value one.
    fn into_reply(self) -> Option<impl Serialize>;

    /// Returns whether the handler failed, for [`Outcome::is_error_reply`](crate::Outcome::is_error_reply).
    ///
    /// It is `false` by default. `Err` of a `Result` is an error, whatever its type returns here.
    fn is_error(&self) -> bool {
        false
    }

    /// Returns the rejection that the handler has returned as its answer. A server fault is logged,
    /// because its answer hides the reason.
    fn rejection(&self) -> Option<Rejection> {
        None
    }
}

/// An answer to an event. A tuple is sent as several arguments, `()` as none, and any other value
/// as one.
///
/// `Reply((a, b))` calls the client's callback with two arguments. `Reply(((a, b),))` calls it with
/// one argument, an array of two elements.
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

/// Answers like a rejected event: `{"status":"Bad Request","error":"…"}`.
impl IntoReply for Rejection {
    fn into_reply(self) -> Option<impl Serialize> {
        Some(self)
    }

    fn is_error(&self) -> bool {
        true
    }

    fn rejection(&self) -> Option<Rejection> {
        Some(self.clone())
    }
}

/// Answers with the rejection of the error.
#[diagnostic::do_not_recommend]
impl<E> IntoReply for E
where
    E: ClientError,
{
    fn into_reply(self) -> Option<impl Serialize> {
        Some(self.to_rejection())
    }

    fn is_error(&self) -> bool {
        true
    }

    fn rejection(&self) -> Option<Rejection> {
        Some(self.to_rejection())
    }
}

impl<T> IntoReply for Option<T>
where
    T: IntoReply,
{
    fn into_reply(self) -> Option<impl Serialize> {
        self.and_then(T::into_reply)
    }

    fn is_error(&self) -> bool {
        self.as_ref().is_some_and(T::is_error)
    }

    fn rejection(&self) -> Option<Rejection> {
        self.as_ref()?.rejection()
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

    fn is_error(&self) -> bool {
        match self {
            Ok(value) => value.is_error(),
            Err(_) => true,
        }
    }

    fn rejection(&self) -> Option<Rejection> {
        match self {
            Ok(value) => value.rejection(),
            Err(error) => error.rejection(),
        }
    }
}

/// A value that serialises as its content, so that a tuple is still several arguments.
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
            Self::Ok(value) => serialize_arguments(value, serializer),
            Self::Err(error) => serialize_arguments(error, serializer),
        }
    }
}

/// Serialises the content of an `Either`, with `()` as no arguments.
///
/// serde writes `()` and `serde_json::Value::Null` alike. The serializer of arguments distinguishes
/// them by the size of the outermost value, which here is that of the `Either`.
fn serialize_arguments<T, S>(value: &T, serializer: S) -> Result<S::Ok, S::Error>
where
    T: Serialize,
    S: Serializer,
{
    if type_name::<T>() == type_name::<()>() {
        return serializer.serialize_tuple(0)?.end();
    }
    value.serialize(serializer)
}

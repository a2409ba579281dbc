//! The extractors of an event's arguments.

use std::convert::Infallible;

use serde::de::DeserializeOwned;
use socketio_proto::Args;

use super::{FromEvent, FromServerEvent};
use crate::context::{EventContext, ServerEventContext};
use crate::error::extractor_rejection::DataRejection;

/// An extractor of an event's arguments, deserialised.
///
/// | `T` | `socket.emit("e", …)` of the client |
/// |---|---|
/// | a tuple `(A, B)` or an array `[A; 2]` | several arguments: `a, b` |
/// | `()` | no argument |
/// | a `Vec<A>`, or a nested tuple `((A, B),)` | one argument that is an array: `[a, b]` |
/// | a struct with named fields | one argument: the object `{ a, b }`, or the array `[a, b]` |
/// | a tuple struct with several fields | one argument that is an array: `[a, b]` |
/// | a tuple struct with one field, and any other type | the first argument |
///
/// Additional arguments are ignored. A missing argument is `None` for an `Option`. `Bytes` at any
/// depth take a binary attachment. An unpaired surrogate, which JavaScript sends for half of an
/// emoji, becomes the replacement character U+FFFD.
///
/// # Structs and arrays
///
/// An object is not the only form of a struct with named fields: the derived `Deserialize` of serde
/// also accepts an array with the fields in their order. `Data<Message>` accepts
/// `socket.emit("message", ["…"])` like `socket.emit("message", { text: "…" })`. To refuse arrays,
/// let the struct have a flattened field, which serde reads from objects only:
///
/// ```
/// use std::collections::HashMap;
///
/// use serde::Deserialize;
/// use serde::de::IgnoredAny;
///
/// #[derive(Deserialize)]
/// struct Message {
///     text: String,
///     #[serde(flatten)]
///     _others: HashMap<String, IgnoredAny>,
/// }
///
/// assert!(serde_json::from_str::<Message>(r#"{"text":"…"}"#).is_ok());
/// assert!(serde_json::from_str::<Message>(r#"["…"]"#).is_err());
/// ```
///
/// `Option<Data<T>>` is `None` if the client sent no argument, or only `null`, which is what
/// `undefined` becomes in JSON. As axum's optional extractors, it rejects arguments of another type.
/// `Result<Data<T>, Rejection>` passes every rejection to the handler.
///
/// # Examples
///
/// ```
/// use serde::Deserialize;
/// use socketio::extract::Data;
///
/// #[derive(Deserialize)]
/// struct Message {
///     text: String,
/// }
///
/// // socket.emit("message", { text: "…" })
/// async fn message(Data(message): Data<Message>) {
///     println!("{}", message.text);
/// }
///
/// // socket.emit("move", 3, 4)
/// async fn moved(Data((x, y)): Data<(i32, i32)>) {
///     println!("{x} {y}");
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Data<T>(pub T);

impl<T, S> FromEvent<S> for Data<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = DataRejection;

    async fn from_event(cx: &mut EventContext, _: &S) -> Result<Self, Self::Rejection> {
        cx.args
            .deserialize()
            .map(Self)
            .map_err(|error| DataRejection::new(cx.event_name(), error))
    }
}

impl<T, S> FromServerEvent<S> for Data<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = DataRejection;

    async fn from_server_event(
        cx: &mut ServerEventContext,
        _: &S,
    ) -> Result<Self, Self::Rejection> {
        cx.args
            .deserialize()
            .map(Self)
            .map_err(|error| DataRejection::new(cx.event_name(), error))
    }
}

impl<T, S> FromEvent<S> for Option<Data<T>>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = DataRejection;

    async fn from_event(cx: &mut EventContext, state: &S) -> Result<Self, Self::Rejection> {
        if is_absent(&cx.args) {
            return Ok(None);
        }
        Data::from_event(cx, state).await.map(Some)
    }
}

impl<T, S> FromServerEvent<S> for Option<Data<T>>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = DataRejection;

    async fn from_server_event(
        cx: &mut ServerEventContext,
        state: &S,
    ) -> Result<Self, Self::Rejection> {
        if is_absent(&cx.args) {
            return Ok(None);
        }
        Data::from_server_event(cx, state).await.map(Some)
    }
}

/// Returns whether there is no argument but `null`.
fn is_absent(args: &Args) -> bool {
    args.is_empty() || (args.len() == 1 && args.get(0) == Some("null"))
}

/// Extracts the arguments without decoding them, for example to forward them.
impl<S> FromEvent<S> for Args
where
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_event(cx: &mut EventContext, _: &S) -> Result<Self, Self::Rejection> {
        Ok(cx.args.clone())
    }
}

impl<S> FromServerEvent<S> for Args
where
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_server_event(
        cx: &mut ServerEventContext,
        _: &S,
    ) -> Result<Self, Self::Rejection> {
        Ok(cx.args.clone())
    }
}

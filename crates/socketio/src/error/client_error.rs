//! The errors of an application that clients receive.

use crate::error::connect_error::{ConnectError, IntoConnectError};
use crate::error::refusal::{IntoRefusal, Refusal};
use crate::error::rejection::Rejection;

/// An error of the application that states once how clients receive it.
///
/// A type that implements this trait can be the error of every kind of handler:
///
/// | place | the client receives |
/// |---|---|
/// | event handlers | the serialised [`Rejection`] as the answer |
/// | [`event_middleware`](crate::Namespace::event_middleware), [`wrap`](crate::Namespace::wrap) | the same, unless [`on_rejection`](crate::Namespace::on_rejection) sends another answer |
/// | extractors of event handlers | the same |
/// | [`middleware`](crate::Namespace::middleware) and its extractors | `connect_error`, with status, code and data in `err.data` |
/// | [`allow_request`](crate::SocketIoBuilder::allow_request) | the text as the message of the HTTP response |
///
/// The trait replaces [`IntoReply`](crate::handler::IntoReply), [`IntoConnectError`] and
/// [`IntoRefusal`] for the type, and a conversion into [`Rejection`], so that `?` works in functions
/// that return `Rejection` too. Implement those traits instead if the places need different answers.
///
/// # Examples
///
/// ```
/// use std::fmt;
///
/// use http::StatusCode;
/// use serde_json::json;
/// use socketio::extract::Data;
/// use socketio::{ClientError, Rejection, Reply};
///
/// #[derive(Debug)]
/// enum AppError {
///     Database(std::io::Error),
///     SoldOut { left: u32 },
/// }
///
/// impl fmt::Display for AppError {
///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
///         match self {
///             Self::Database(error) => write!(f, "the database failed: {error}"),
///             Self::SoldOut { .. } => f.write_str("sold out"),
///         }
///     }
/// }
///
/// impl From<std::io::Error> for AppError {
///     fn from(error: std::io::Error) -> Self {
///         Self::Database(error)
///     }
/// }
///
/// impl ClientError for AppError {
///     fn to_rejection(&self) -> Rejection {
///         match self {
///             // Logged. The client only learns that the server failed.
///             Self::Database(_) => Rejection::internal(self.to_string()),
///             Self::SoldOut { left } => Rejection::with_status(StatusCode::CONFLICT, self.to_string())
///                 .with_code("sold_out")
///                 .with_data(json!({ "left": left })),
///         }
///     }
/// }
///
/// fn stock() -> Result<u32, std::io::Error> {
///     Ok(1)
/// }
///
/// async fn order(Data(count): Data<u32>) -> Result<Reply<u32>, AppError> {
///     let left = stock()?;
///     left.checked_sub(count).map(Reply).ok_or(AppError::SoldOut { left })
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not state how clients receive it",
    label = "not an error for clients",
    note = "implement `ClientError` for `{Self}`: it returns the `Rejection` with status, text, code and data"
)]
pub trait ClientError {
    /// Returns the status, text, code and data that clients receive.
    fn to_rejection(&self) -> Rejection;
}

#[diagnostic::do_not_recommend]
impl<E: ClientError> From<E> for Rejection {
    fn from(error: E) -> Self {
        error.to_rejection()
    }
}

#[diagnostic::do_not_recommend]
impl<E: ClientError> IntoConnectError for E {
    fn into_connect_error(self) -> ConnectError {
        self.to_rejection().into_connect_error()
    }
}

#[diagnostic::do_not_recommend]
impl<E: ClientError> IntoRefusal for E {
    fn into_refusal(self) -> Refusal {
        self.to_rejection().into_refusal()
    }
}

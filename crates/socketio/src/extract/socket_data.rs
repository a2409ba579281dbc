//! The extractor of a value that the application has stored with the socket.

use std::any::type_name;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;

use super::FromSocket;
use crate::error::connect_error::{ConnectError, IntoConnectError};
use crate::error::rejection::Rejection;
use crate::socket::Socket;

/// An extractor of a clone of a value that the application has stored with the socket (Node's
/// `socket.data`).
///
/// If there is no such value, the handler does not run. `Option<SocketData<T>>` accepts both.
///
/// # Examples
///
/// ```
/// use socketio::Socket;
/// use socketio::extract::SocketData;
///
/// #[derive(Clone)]
/// struct User {
///     name: String,
/// }
///
/// async fn authenticate(socket: Socket) -> Result<(), &'static str> {
///     socket.data().insert(User { name: "ada".to_owned() });
///     Ok(())
/// }
///
/// async fn message(SocketData(user): SocketData<User>) {
///     println!("{} has sent a message", user.name);
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SocketData<T>(pub T);

impl<T, S> FromSocket<S> for SocketData<T>
where
    T: Clone + Send + Sync + 'static,
    S: Send + Sync,
{
    type Rejection = MissingSocketData;

    async fn from_socket(socket: &Socket, _: &S) -> Result<Self, Self::Rejection> {
        socket.data().get().map(Self).ok_or(MissingSocketData {
            type_name: type_name::<T>(),
        })
    }
}

impl<T, S> FromSocket<S> for Option<SocketData<T>>
where
    T: Clone + Send + Sync + 'static,
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_socket(socket: &Socket, _: &S) -> Result<Self, Self::Rejection> {
        Ok(socket.data().get().map(SocketData))
    }
}

/// The rejection of [`SocketData`]: the socket has no value of the type. It is a server fault,
/// whose details the client does not receive.
#[derive(Clone, Debug)]
pub struct MissingSocketData {
    type_name: &'static str,
}

impl fmt::Display for MissingSocketData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the socket holds no `{}`; insert one with `socket.data().insert(..)` in a middleware \
             or a connect handler, or take `Option<SocketData<T>>`",
            self.type_name
        )
    }
}

impl Error for MissingSocketData {}

impl From<MissingSocketData> for Rejection {
    fn from(missing: MissingSocketData) -> Self {
        Self::fault(missing.to_string())
    }
}

impl IntoConnectError for MissingSocketData {
    fn into_connect_error(self) -> ConnectError {
        Rejection::from(self).into_connect_error()
    }
}

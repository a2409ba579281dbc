//! Extractors: types that a handler can take as arguments.
//!
//! The handlers of a socket belong to three phases. Middleware and connect handlers run while the
//! socket joins a namespace. Event middleware and event handlers run while it is connected.
//! Disconnect handlers run when it leaves.
//!
//! | argument | connect, middleware | event | disconnect |
//! |---|---|---|---|
//! | [`Socket`], [`Namespace`](crate::Namespace), [`SocketIo`](crate::SocketIo) | yes | yes | yes |
//! | axum's `State<T>`, `Query<T>`, `HeaderMap`, every [`FromRequestParts`](axum_core::extract::FromRequestParts) | yes | yes | yes |
//! | [`SocketData<T>`], every [`FromSocket`] of the application | yes | yes | yes |
//! | [`Auth<T>`]: the payload of the CONNECT packet | yes | | |
//! | [`Data<T>`]: the arguments of the event | | yes | |
//! | [`EventName`], [`Args`](crate::Args), [`Event`] | | yes | |
//! | [`Ack`], `Option<Ack>`: answers the event | | yes | |
//! | [`Rejection`] | | in `on_rejection` | |
//! | [`DisconnectReason`](crate::DisconnectReason) | | | yes |
//! | `Result<T, E>` of any extractor, `E` is its rejection or [`Rejection`] | yes | yes | yes |
//! | `Option<T>` of `Data`, `Auth`, `Ack`, `SocketData`, and of axum's optional extractors | as `T` | as `T` | as `T` |
//!
//! axum's extractors read the HTTP request that opened the connection. That request has not been
//! routed, so `Path` and `MatchedPath` have nothing to read. Extractors of the body are not
//! supported.
//!
//! Handlers of events reuse a copy of the request. An extractor that *replaces* an existing request
//! extension may thereby change the value for later events of the same connection; see
//! [`EventContext::parts_mut`].
//!
//! # Examples
//!
//! A custom extractor for all phases:
//!
//! ```
//! use axum::extract::FromRef;
//! use socketio::extract::FromSocket;
//! use socketio::{Rejection, Socket};
//!
//! #[derive(Clone)]
//! struct Users;
//!
//! struct User {
//!     name: String,
//! }
//!
//! impl<S> FromSocket<S> for User
//! where
//!     S: Send + Sync,
//!     Users: FromRef<S>,
//! {
//!     type Rejection = Rejection;
//!
//!     async fn from_socket(socket: &Socket, state: &S) -> Result<Self, Self::Rejection> {
//!         let _users = Users::from_ref(state);
//!         let handshake = socket.handshake();
//!         let name = handshake.headers().get("x-user").and_then(|name| name.to_str().ok());
//!         let name = name.ok_or("the header `x-user` is missing")?.to_owned();
//!         Ok(Self { name })
//!     }
//! }
//!
//! async fn message(user: User) {
//!     println!("{} has sent a message", user.name);
//! }
//! ```

mod ack;
#[cfg(feature = "test-util")]
mod ack_receiver;
mod auth;
mod captures;
mod cause;
mod data;
mod event;
mod event_name;
mod namespace_name;
mod parts;
mod server_ack;
mod socket;
mod socket_data;

use std::convert::Infallible;
use std::future::Future;

use crate::context::{
    ConnectContext, DisconnectContext, EventContext, NamespaceContext, ServerEventContext,
};
use crate::error::connect_error::IntoConnectError;
use crate::error::rejection::Rejection;
use crate::socket::Socket;

pub use self::ack::{Ack, MissingAck};
#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub use self::ack_receiver::AckReceiver;
pub use self::auth::Auth;
pub use self::captures::{Captures, CapturesRejection};
pub use self::data::Data;
pub use self::event::Event;
pub use self::event_name::EventName;
pub use self::namespace_name::NamespaceName;
pub use self::server_ack::ServerAck;
pub use self::socket_data::{MissingSocketData, SocketData};
pub use crate::error::extractor_rejection::{AuthRejection, DataRejection, PartsRejection};

/// Markers for the trait that extracts an argument, which keep the blanket implementations from
/// overlapping. The compiler infers them.
#[expect(unnameable_types, reason = "inferred, never named")]
mod via {
    use std::marker::PhantomData;

    /// Extracted through axum's `FromRequestParts`.
    #[derive(Debug)]
    pub enum Parts {}

    /// Extracted through `FromSocket`.
    #[derive(Debug)]
    pub enum Socket {}

    /// Extracted through the trait of the phase.
    #[derive(Debug)]
    pub enum Phase {}

    /// Extracted as a `Result` of an argument with the marker `M`.
    #[derive(Debug)]
    pub struct Result<M>(PhantomData<M>);
}

/// An extractor for all phases of a socket. Implement it for the types of your application.
///
/// A type must not also implement axum's `FromRequestParts`, because the compiler could not choose
/// between them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted from a socket with state `{S}`",
    label = "not an extractor",
    note = "implement `FromSocket<{S}>` for `{Self}`"
)]
pub trait FromSocket<S>: Sized {
    /// The reason why there is no value. The client receives it as a connect error, or as the
    /// answer to its event.
    type Rejection: IntoConnectError + Into<Rejection> + Send;

    /// Extracts the value.
    fn from_socket(
        socket: &Socket,
        state: &S,
    ) -> impl Future<Output = Result<Self, Self::Rejection>> + Send;
}

/// An argument of connect handlers and namespace middleware.
///
/// The compiler infers `M`. Implement [`FromSocket`] for the types of your application. If they
/// need the context of this phase, implement this trait with the default `M`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a connect handler or middleware with state `{S}`",
    label = "not an extractor for connect handlers",
    note = "arguments are `Socket`, `Auth<T>`, `State<T>`, any axum `FromRequestParts<S>`, and what implements `FromSocket<S>` or `FromConnect<S>`",
    note = "`State<T>` needs `T: FromRef<{S}>`: `T` is the type given to `with_state`, or a field of it with `#[derive(FromRef)]`",
    note = "`Data<T>`, `EventName` and `Ack` belong to events, `DisconnectReason` to disconnect handlers"
)]
pub trait FromConnect<S, M = via::Phase>: Sized {
    /// The reason why there is no value. The client receives it in `connect_error`.
    type Rejection: IntoConnectError + Send;

    /// Extracts the value.
    fn from_connect(
        cx: &mut ConnectContext,
        state: &S,
    ) -> impl Future<Output = Result<Self, Self::Rejection>> + Send;
}

/// An argument of namespace predicates.
///
/// The compiler infers `M`. Implementations for the types of your application use the default `M`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a namespace predicate with state `{S}`",
    label = "not an extractor for namespace predicates",
    note = "arguments are `NamespaceName`, `Auth<T>`, `Arc<Handshake>`, `SocketIo`, `State<T>`, any axum `FromRequestParts<S>`, and what implements `FromNamespace<S>`",
    note = "`State<T>` needs `T: FromRef<{S}>`: `T` is the type given to `with_state`, or a field of it with `#[derive(FromRef)]`",
    note = "there is no socket yet: use a namespace middleware for extractors that need one"
)]
pub trait FromNamespace<S, M = via::Phase>: Sized {
    /// The reason why there is no value. It is logged, and the namespace is not created.
    type Rejection: Into<Rejection> + Send;

    /// Extracts the value.
    fn from_namespace(
        cx: &mut NamespaceContext,
        state: &S,
    ) -> impl Future<Output = Result<Self, Self::Rejection>> + Send;
}

/// An argument of handlers for events of other servers.
///
/// The compiler infers `M`. Implementations for the types of your application use the default `M`.
/// axum's extractors read an empty request because events of other servers have no request.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a server event handler with state `{S}`",
    label = "not an extractor for server event handlers",
    note = "arguments are `Data<T>`, `Args`, `EventName`, `ServerAck`, `Namespace`, `SocketIo`, `State<T>`, and what implements `FromServerEvent<S>`",
    note = "`State<T>` needs `T: FromRef<{S}>`: `T` is the type given to `with_state`, or a field of it with `#[derive(FromRef)]`",
    note = "there is no socket: the event comes from another server"
)]
pub trait FromServerEvent<S, M = via::Phase>: Sized {
    /// The reason why there is no value. It is logged, and the handler does not run.
    type Rejection: Into<Rejection> + Send;

    /// Extracts the value.
    fn from_server_event(
        cx: &mut ServerEventContext,
        state: &S,
    ) -> impl Future<Output = Result<Self, Self::Rejection>> + Send;
}

/// An argument of event handlers and event middleware.
///
/// The compiler infers `M`. Implement [`FromSocket`] for the types of your application. If they
/// need the context of this phase, implement this trait with the default `M`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of an event handler with state `{S}`",
    label = "not an extractor for event handlers",
    note = "arguments are `Socket`, `Data<T>`, `Ack`, `EventName`, `State<T>`, any axum `FromRequestParts<S>`, and what implements `FromSocket<S>` or `FromEvent<S>`",
    note = "`State<T>` needs `T: FromRef<{S}>`: `T` is the type given to `with_state`, or a field of it with `#[derive(FromRef)]`",
    note = "extract what the client has sent with `Data<T>` where `T: Deserialize`; use a tuple for several arguments: `Data<(A, B)>`"
)]
pub trait FromEvent<S, M = via::Phase>: Sized {
    /// The reason why there is no value. It is logged, and a client that asked for an
    /// acknowledgement receives it as the answer.
    type Rejection: Into<Rejection> + Send;

    /// Extracts the value.
    fn from_event(
        cx: &mut EventContext,
        state: &S,
    ) -> impl Future<Output = Result<Self, Self::Rejection>> + Send;
}

/// An argument of disconnect handlers.
///
/// The compiler infers `M`. Implement [`FromSocket`] for the types of your application. If they
/// need the context of this phase, implement this trait with the default `M`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a disconnect handler with state `{S}`",
    label = "not an extractor for disconnect handlers",
    note = "arguments are `Socket`, `DisconnectReason`, `State<T>`, any axum `FromRequestParts<S>`, and what implements `FromSocket<S>` or `FromDisconnect<S>`",
    note = "`State<T>` needs `T: FromRef<{S}>`: `T` is the type given to `with_state`, or a field of it with `#[derive(FromRef)]`",
    note = "`Data<T>`, `EventName` and `Ack` belong to events, `Auth<T>` to connect handlers"
)]
pub trait FromDisconnect<S, M = via::Phase>: Sized {
    /// The reason why there is no value. It is logged, and the handler does not run.
    type Rejection: Into<Rejection> + Send;

    /// Extracts the value.
    fn from_disconnect(
        cx: &mut DisconnectContext,
        state: &S,
    ) -> impl Future<Output = Result<Self, Self::Rejection>> + Send;
}

// `Result<T, E>`: the handler itself handles the rejection, as `E` or as the rejection of `T`.
macro_rules! via_result {
    ($trait:ident, $method:ident, $context:ty) => {
        #[diagnostic::do_not_recommend]
        impl<T, E, S, M> $trait<S, via::Result<M>> for Result<T, E>
        where
            T: $trait<S, M>,
            T::Rejection: Into<E>,
            S: Send + Sync,
        {
            type Rejection = Infallible;

            async fn $method(cx: &mut $context, state: &S) -> Result<Self, Self::Rejection> {
                Ok(T::$method(cx, state).await.map_err(Into::into))
            }
        }
    };
}

via_result!(FromConnect, from_connect, ConnectContext);
via_result!(FromEvent, from_event, EventContext);
via_result!(FromDisconnect, from_disconnect, DisconnectContext);
via_result!(FromNamespace, from_namespace, NamespaceContext);
via_result!(FromServerEvent, from_server_event, ServerEventContext);

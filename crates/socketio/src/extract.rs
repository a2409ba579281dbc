//! Extractors: types that a handler can have as arguments.
//!
//! The handlers of a socket run in three phases: middleware and connect handlers while it joins a
//! namespace, event middleware and event handlers while it is there, disconnect handlers when it
//! leaves.
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
//! | `Result<T, T::Rejection>` for each of them | yes | yes | yes |
//!
//! axum's extractors read the HTTP request that opened the connection. Those that need the routing
//! of a request, `Path` and `MatchedPath`, have nothing to read. Extractors of the body do not
//! apply.
//!
//! # Examples
//!
//! An extractor of one's own, valid in every phase:
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
//!         let name = name.ok_or("who are you? Send the header `x-user`")?.to_owned();
//!         Ok(Self { name })
//!     }
//! }
//!
//! async fn message(user: User) {
//!     println!("a message of {}", user.name);
//! }
//! ```

mod ack;
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
pub use self::auth::{Auth, AuthRejection};
pub use self::captures::{Captures, CapturesRejection};
pub use self::data::{Data, DataRejection};
pub use self::event::Event;
pub use self::event_name::EventName;
pub use self::namespace_name::NamespaceName;
pub use self::parts::PartsRejection;
pub use self::server_ack::ServerAck;
pub use self::socket_data::{MissingSocketData, SocketData};

/// Tells by which trait an argument is extracted, so that the blanket implementations do not
/// overlap. The compiler infers it; nobody names it.
#[expect(unnameable_types, reason = "inferred, never named")]
mod via {
    use std::marker::PhantomData;

    /// Through axum's `FromRequestParts`.
    #[derive(Debug)]
    pub enum Parts {}

    /// Through `FromSocket`.
    #[derive(Debug)]
    pub enum Socket {}

    /// Through the trait of the phase itself.
    #[derive(Debug)]
    pub enum Phase {}

    /// As a `Result` of something that is extracted through `M`.
    #[derive(Debug)]
    pub struct Result<M>(PhantomData<M>);
}

/// Extractors that are valid in every phase: the one to implement for types of an application.
///
/// A type must not implement axum's `FromRequestParts` too, for then the compiler cannot know
/// which of the two is meant.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted from a socket with state `{S}`",
    label = "not an extractor",
    note = "implement `FromSocket<{S}>` for `{Self}`"
)]
pub trait FromSocket<S>: Sized {
    /// Why there is no such value: what the client is told, of a connection or of an event.
    type Rejection: IntoConnectError + Into<Rejection> + Send;

    /// Extracts the value.
    fn from_socket(
        socket: &Socket,
        state: &S,
    ) -> impl Future<Output = Result<Self, Self::Rejection>> + Send;
}

/// Arguments of connect handlers and of namespace middleware.
///
/// `M` is inferred. Types of an application implement [`FromSocket`] instead, or leave `M` at its
/// default where they need the context of this phase.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a connect handler or middleware with state `{S}`",
    label = "not an extractor for connect handlers",
    note = "arguments are `Socket`, `Auth<T>`, `State<T>`, any axum `FromRequestParts<S>`, and what implements `FromSocket<S>` or `FromConnect<S>`",
    note = "`State<T>` needs `T: FromRef<{S}>`: `T` is the type given to `with_state`, or a field of it with `#[derive(FromRef)]`",
    note = "`Data<T>`, `EventName` and `Ack` belong to events, `DisconnectReason` to disconnect handlers"
)]
pub trait FromConnect<S, M = via::Phase>: Sized {
    /// Why there is no such value: what the client is told in `connect_error`.
    type Rejection: IntoConnectError + Send;

    /// Extracts the value.
    fn from_connect(
        cx: &mut ConnectContext,
        state: &S,
    ) -> impl Future<Output = Result<Self, Self::Rejection>> + Send;
}

/// Arguments of functions that decide about namespaces.
///
/// `M` is inferred. Types of an application leave `M` at its default.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a namespace predicate with state `{S}`",
    label = "not an extractor for namespace predicates",
    note = "arguments are `NamespaceName`, `Auth<T>`, `Arc<Handshake>`, `SocketIo`, `State<T>`, any axum `FromRequestParts<S>`, and what implements `FromNamespace<S>`",
    note = "`State<T>` needs `T: FromRef<{S}>`: `T` is the type given to `with_state`, or a field of it with `#[derive(FromRef)]`",
    note = "there is no socket yet: what asks for one belongs into a middleware"
)]
pub trait FromNamespace<S, M = via::Phase>: Sized {
    /// Why there is no such value: logged, and the namespace is not made.
    type Rejection: Into<Rejection> + Send;

    /// Extracts the value.
    fn from_namespace(
        cx: &mut NamespaceContext,
        state: &S,
    ) -> impl Future<Output = Result<Self, Self::Rejection>> + Send;
}

/// Arguments of handlers of other servers' events.
///
/// `M` is inferred. Types of an application leave `M` at its default. axum's extractors read the
/// head of an empty request here, for such an event comes with none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a server event handler with state `{S}`",
    label = "not an extractor for server event handlers",
    note = "arguments are `Data<T>`, `Args`, `EventName`, `ServerAck`, `Namespace`, `SocketIo`, `State<T>`, and what implements `FromServerEvent<S>`",
    note = "`State<T>` needs `T: FromRef<{S}>`: `T` is the type given to `with_state`, or a field of it with `#[derive(FromRef)]`",
    note = "there is no socket: the event comes from another server"
)]
pub trait FromServerEvent<S, M = via::Phase>: Sized {
    /// Why there is no such value: logged, and the handler does not run.
    type Rejection: Into<Rejection> + Send;

    /// Extracts the value.
    fn from_server_event(
        cx: &mut ServerEventContext,
        state: &S,
    ) -> impl Future<Output = Result<Self, Self::Rejection>> + Send;
}

/// Arguments of event handlers.
///
/// `M` is inferred. Types of an application implement [`FromSocket`] instead, or leave `M` at its
/// default where they need the context of this phase.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of an event handler with state `{S}`",
    label = "not an extractor for event handlers",
    note = "arguments are `Socket`, `Data<T>`, `Ack`, `EventName`, `State<T>`, any axum `FromRequestParts<S>`, and what implements `FromSocket<S>` or `FromEvent<S>`",
    note = "`State<T>` needs `T: FromRef<{S}>`: `T` is the type given to `with_state`, or a field of it with `#[derive(FromRef)]`",
    note = "what the client has sent is `Data<T>` where `T: Deserialize`; several arguments are a tuple: `Data<(A, B)>`"
)]
pub trait FromEvent<S, M = via::Phase>: Sized {
    /// Why there is no such value: logged, and told to a client that asked for an acknowledgement.
    type Rejection: Into<Rejection> + Send;

    /// Extracts the value.
    fn from_event(
        cx: &mut EventContext,
        state: &S,
    ) -> impl Future<Output = Result<Self, Self::Rejection>> + Send;
}

/// Arguments of disconnect handlers.
///
/// `M` is inferred. Types of an application implement [`FromSocket`] instead, or leave `M` at its
/// default where they need the context of this phase.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a disconnect handler with state `{S}`",
    label = "not an extractor for disconnect handlers",
    note = "arguments are `Socket`, `DisconnectReason`, `State<T>`, any axum `FromRequestParts<S>`, and what implements `FromSocket<S>` or `FromDisconnect<S>`",
    note = "`State<T>` needs `T: FromRef<{S}>`: `T` is the type given to `with_state`, or a field of it with `#[derive(FromRef)]`",
    note = "`Data<T>`, `EventName` and `Ack` belong to events, `Auth<T>` to connect handlers"
)]
pub trait FromDisconnect<S, M = via::Phase>: Sized {
    /// Why there is no such value: logged.
    type Rejection: Into<Rejection> + Send;

    /// Extracts the value.
    fn from_disconnect(
        cx: &mut DisconnectContext,
        state: &S,
    ) -> impl Future<Output = Result<Self, Self::Rejection>> + Send;
}

// `Result<T, T::Rejection>`: the handler decides how it treats a failed extractor.
macro_rules! via_result {
    ($trait:ident, $method:ident, $context:ty) => {
        #[diagnostic::do_not_recommend]
        impl<T, S, M> $trait<S, via::Result<M>> for Result<T, T::Rejection>
        where
            T: $trait<S, M>,
            S: Send + Sync,
        {
            type Rejection = Infallible;

            async fn $method(cx: &mut $context, state: &S) -> Result<Self, Self::Rejection> {
                Ok(T::$method(cx, state).await)
            }
        }
    };
}

via_result!(FromConnect, from_connect, ConnectContext);
via_result!(FromEvent, from_event, EventContext);
via_result!(FromDisconnect, from_disconnect, DisconnectContext);
via_result!(FromNamespace, from_namespace, NamespaceContext);
via_result!(FromServerEvent, from_server_event, ServerEventContext);

//! Extraction of arguments through `FromSocket`, and of the socket and its handshake.

use std::convert::Infallible;
use std::sync::Arc;

use super::{FromConnect, FromDisconnect, FromEvent, FromNamespace, FromSocket, via};
use crate::context::{ConnectContext, DisconnectContext, EventContext, NamespaceContext};
use crate::handshake::Handshake;
use crate::socket::Socket;

impl<S> FromSocket<S> for Socket
where
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_socket(socket: &Socket, _: &S) -> Result<Self, Self::Rejection> {
        Ok(socket.clone())
    }
}

impl<S> FromNamespace<S> for Arc<Handshake>
where
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_namespace(cx: &mut NamespaceContext, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::clone(cx.handshake()))
    }
}

impl<S> FromSocket<S> for Arc<Handshake>
where
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_socket(socket: &Socket, _: &S) -> Result<Self, Self::Rejection> {
        Ok(socket.handshake())
    }
}

macro_rules! via_socket {
    ($trait:ident, $method:ident, $context:ty) => {
        #[diagnostic::do_not_recommend]
        impl<T, S> $trait<S, via::Socket> for T
        where
            T: FromSocket<S>,
            S: Send + Sync,
        {
            type Rejection = T::Rejection;

            async fn $method(cx: &mut $context, state: &S) -> Result<Self, Self::Rejection> {
                T::from_socket(cx.socket(), state).await
            }
        }
    };
}

via_socket!(FromConnect, from_connect, ConnectContext);
via_socket!(FromEvent, from_event, EventContext);
via_socket!(FromDisconnect, from_disconnect, DisconnectContext);

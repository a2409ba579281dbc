//! `Result<T, T::Rejection>`: the handler decides what a failed extractor means.

use std::convert::Infallible;

use super::{FromConnect, FromDisconnect, FromEvent, FromNamespace, FromServerEvent, via};
use crate::context::{
    ConnectContext, DisconnectContext, EventContext, NamespaceContext, ServerEventContext,
};

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

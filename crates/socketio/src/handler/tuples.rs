//! Implementations of the handler traits for functions with up to twelve arguments.

use std::future::Future;

use axum_core::extract::FromRequestParts;
use http::request::Parts;

use super::sealed::Seal;
use super::{
    ConnectHandler, ConnectOutput, DisconnectHandler, EventHandler, EventMiddleware,
    EventMiddlewareOutput, IntoReply, Middleware, MiddlewareOutput, NamespacePredicate,
    PredicateOutput, RequestHandler, ServerEventHandler,
};
use crate::context::{
    ConnectContext, DisconnectContext, EventContext, NamespaceContext, ServerEventContext,
};
use crate::error::connect_error::{ConnectError, IntoConnectError};
use crate::error::refusal::Refusal;
use crate::error::rejection::Rejection;
use crate::extract::{
    Event, FromConnect, FromDisconnect, FromEvent, FromNamespace, FromServerEvent,
};

macro_rules! impl_handlers {
    ($(($M:ident $T:ident))*) => {
        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, unused_variables)]
        impl<F, Fut, S, $($T,)*> RequestHandler<($($T,)*), S> for F
        where
            F: FnOnce($($T,)*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future + Send,
            S: Send + Sync + 'static,
            $( $T: FromRequestParts<S> + Send, )*
        {
            type Output = Fut::Output;

            async fn call(self, request: &mut Parts, state: &S, _: Seal) -> Result<Fut::Output, Refusal> {
                $(
                    let $T = $T::from_request_parts(request, state)
                        .await
                        .map_err(Refusal::by_extractor)?;
                )*
                Ok(self($($T,)*).await)
            }
        }

        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, unused_mut, unused_variables)]
        impl<F, Fut, S, $($M, $T,)*> ConnectHandler<($(($M, $T),)*), S> for F
        where
            F: FnOnce($($T,)*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output: ConnectOutput> + Send,
            S: Send + Sync + 'static,
            $( $T: FromConnect<S, $M> + Send, )*
        {
            async fn call(self, mut cx: ConnectContext, state: &S, _: Seal) -> Result<(), ConnectError> {
                $(
                    let $T = $T::from_connect(&mut cx, state)
                        .await
                        .map_err(IntoConnectError::into_connect_error)?;
                )*
                // Drops the rest of the context because the handler may run for a long time.
                let ConnectContext { socket, .. } = cx;
                self($($T,)*).await.log(&socket);
                Ok(())
            }
        }

        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, unused_variables)]
        impl<F, Fut, S, $($M, $T,)*> Middleware<($(($M, $T),)*), S> for F
        where
            F: FnOnce($($T,)*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output: MiddlewareOutput> + Send,
            S: Send + Sync + 'static,
            $( $T: FromConnect<S, $M> + Send, )*
        {
            async fn call(self, cx: &mut ConnectContext, state: &S, _: Seal) -> Result<(), ConnectError> {
                $(
                    let $T = $T::from_connect(cx, state)
                        .await
                        .map_err(IntoConnectError::into_connect_error)?;
                )*
                self($($T,)*).await.into_result()
            }
        }

        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, unused_variables)]
        impl<F, Fut, S, $($M, $T,)*> NamespacePredicate<($(($M, $T),)*), S> for F
        where
            F: FnOnce($($T,)*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output: PredicateOutput> + Send,
            S: Send + Sync + 'static,
            $( $T: FromNamespace<S, $M> + Send, )*
        {
            async fn call(self, cx: &mut NamespaceContext, state: &S, _: Seal) -> Result<bool, Rejection> {
                $( let $T = $T::from_namespace(cx, state).await.map_err(Into::into)?; )*
                self($($T,)*).await.into_result()
            }
        }

        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, unused_variables)]
        impl<F, Fut, S, $($M, $T,)*> EventHandler<($(($M, $T),)*), S> for F
        where
            F: FnOnce($($T,)*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output: IntoReply> + Send,
            S: Send + Sync + 'static,
            $( $T: FromEvent<S, $M> + Send, )*
        {
            async fn call(self, cx: &mut EventContext, state: &S, _: Seal) -> Result<(), Rejection> {
                $( let $T = $T::from_event(cx, state).await.map_err(Into::into)?; )*
                cx.finish_extraction();
                match self($($T,)*).await.into_reply() {
                    Some(reply) => cx.answer(&reply),
                    None => Ok(()),
                }
            }
        }

        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, unused_variables)]
        impl<F, Fut, S, $($M, $T,)*> EventMiddleware<($(($M, $T),)*), S> for F
        where
            F: FnOnce($($T,)*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output: EventMiddlewareOutput> + Send,
            S: Send + Sync + 'static,
            $( $T: FromEvent<S, $M> + Send, )*
        {
            async fn call(
                self,
                cx: &mut EventContext,
                state: &S,
                _: Seal,
            ) -> Result<Option<Event>, Rejection> {
                $( let $T = $T::from_event(cx, state).await.map_err(Into::into)?; )*
                self($($T,)*).await.into_result()
            }
        }

        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, unused_mut, unused_variables)]
        impl<F, Fut, S, $($M, $T,)*> ServerEventHandler<($(($M, $T),)*), S> for F
        where
            F: FnOnce($($T,)*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output: IntoReply> + Send,
            S: Send + Sync + 'static,
            $( $T: FromServerEvent<S, $M> + Send, )*
        {
            async fn call(self, mut cx: ServerEventContext, state: &S, _: Seal) -> Result<(), Rejection> {
                $( let $T = $T::from_server_event(&mut cx, state).await.map_err(Into::into)?; )*
                // Drops the rest of the context because the handler may run for a long time.
                let ServerEventContext { reply, .. } = cx;
                let answer = self($($T,)*).await.into_reply();
                if let (Some(reply), Some(answer)) = (reply, answer) {
                    reply.send(&answer)?;
                }
                Ok(())
            }
        }

        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, unused_mut, unused_variables)]
        impl<F, Fut, S, $($M, $T,)*> DisconnectHandler<($(($M, $T),)*), S> for F
        where
            F: FnOnce($($T,)*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = ()> + Send,
            S: Send + Sync + 'static,
            $( $T: FromDisconnect<S, $M> + Send, )*
        {
            async fn call(self, mut cx: DisconnectContext, state: &S, _: Seal) -> Result<(), Rejection> {
                $( let $T = $T::from_disconnect(&mut cx, state).await.map_err(Into::into)?; )*
                drop(cx);
                self($($T,)*).await;
                Ok(())
            }
        }
    };
}

all_the_tuples!(impl_handlers);

//! Implementations of the handler traits for functions.

use http::request::Parts;

use super::function::Function;
use super::sealed::Seal;
use super::{
    ConnectHandler, ConnectOutput, DisconnectHandler, EventHandler, EventMiddleware,
    EventMiddlewareOutput, IntoReply, Middleware, MiddlewareOutput, NamespacePredicate,
    PredicateOutput, RequestHandler, ServerEventHandler,
};
use crate::context::{
    ConnectContext, DisconnectContext, EventContext, NamespaceContext, ServerEventContext,
};
use crate::error::connect_error::ConnectError;
use crate::error::refusal::Refusal;
use crate::error::rejection::Rejection;
use crate::extract::Event;

#[diagnostic::do_not_recommend]
impl<F, S, T> RequestHandler<T, S> for F
where
    F: Function<Parts, S, T>,
    S: Send + Sync + 'static,
{
    type Output = F::Output;

    async fn call(self, request: &mut Parts, state: &S, _: Seal) -> Result<F::Output, Refusal> {
        Function::call(self, request, state, |_| ()).await
    }
}

#[diagnostic::do_not_recommend]
impl<F, S, T> ConnectHandler<T, S> for F
where
    F: Function<ConnectContext, S, T, Output: ConnectOutput>,
    S: Send + Sync + 'static,
{
    async fn call(self, mut cx: ConnectContext, state: &S, _: Seal) -> Result<(), ConnectError> {
        let output =
            Function::call(self, &mut cx, state, ConnectContext::finish_extraction).await?;
        output.log(&cx.socket);
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<F, S, T> Middleware<T, S> for F
where
    F: Function<ConnectContext, S, T, Output: MiddlewareOutput>,
    S: Send + Sync + 'static,
{
    async fn call(self, cx: &mut ConnectContext, state: &S, _: Seal) -> Result<(), ConnectError> {
        Function::call(self, cx, state, |_| ()).await?.into_result()
    }
}

#[diagnostic::do_not_recommend]
impl<F, S, T> NamespacePredicate<T, S> for F
where
    F: Function<NamespaceContext, S, T, Output: PredicateOutput>,
    S: Send + Sync + 'static,
{
    async fn call(self, cx: &mut NamespaceContext, state: &S, _: Seal) -> Result<bool, Rejection> {
        Function::call(self, cx, state, |_| ()).await?.into_result()
    }
}

#[diagnostic::do_not_recommend]
impl<F, S, T> EventHandler<T, S> for F
where
    F: Function<EventContext, S, T, Output: IntoReply>,
    S: Send + Sync + 'static,
{
    async fn call(self, cx: &mut EventContext, state: &S, _: Seal) -> Result<(), Rejection> {
        match Function::call(self, cx, state, EventContext::finish_extraction)
            .await?
            .into_reply()
        {
            Some(reply) => cx.answer(&reply),
            None => Ok(()),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<F, S, T> EventMiddleware<T, S> for F
where
    F: Function<EventContext, S, T, Output: EventMiddlewareOutput>,
    S: Send + Sync + 'static,
{
    async fn call(
        self,
        cx: &mut EventContext,
        state: &S,
        _: Seal,
    ) -> Result<Option<Event>, Rejection> {
        Function::call(self, cx, state, |_| ()).await?.into_result()
    }
}

#[diagnostic::do_not_recommend]
impl<F, S, T> ServerEventHandler<T, S> for F
where
    F: Function<ServerEventContext, S, T, Output: IntoReply>,
    S: Send + Sync + 'static,
{
    async fn call(self, mut cx: ServerEventContext, state: &S, _: Seal) -> Result<(), Rejection> {
        let answer = Function::call(self, &mut cx, state, ServerEventContext::finish_extraction)
            .await?
            .into_reply();
        if let (Some(reply), Some(answer)) = (cx.reply, answer) {
            reply.send(&answer)?;
        }
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<F, S, T> DisconnectHandler<T, S> for F
where
    F: Function<DisconnectContext, S, T, Output = ()>,
    S: Send + Sync + 'static,
{
    async fn call(self, mut cx: DisconnectContext, state: &S, _: Seal) -> Result<(), Rejection> {
        Function::call(self, &mut cx, state, DisconnectContext::finish_extraction).await
    }
}

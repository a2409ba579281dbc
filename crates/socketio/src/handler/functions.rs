//! Implementations of the handler traits for functions.

use http::request::Parts;

use super::arguments::{Arguments, Function};
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
impl<F, S, M, A> RequestHandler<(M, A), S> for F
where
    F: Function<A>,
    S: Send + Sync + 'static,
    A: Arguments<Parts, S, M>,
{
    type Output = F::Output;

    async fn call(self, request: &mut Parts, state: &S, _: Seal) -> Result<F::Output, Refusal> {
        let arguments = A::extract(request, state).await?;
        Ok(self.call(arguments).await)
    }
}

#[diagnostic::do_not_recommend]
impl<F, S, M, A> ConnectHandler<(M, A), S> for F
where
    F: Function<A, Output: ConnectOutput>,
    S: Send + Sync + 'static,
    A: Arguments<ConnectContext, S, M>,
{
    async fn call(self, mut cx: ConnectContext, state: &S, _: Seal) -> Result<(), ConnectError> {
        let arguments = A::extract(&mut cx, state).await?;
        // Drops the rest of the context because the handler may run for a long time.
        let ConnectContext { socket, .. } = cx;
        self.call(arguments).await.log(&socket);
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<F, S, M, A> Middleware<(M, A), S> for F
where
    F: Function<A, Output: MiddlewareOutput>,
    S: Send + Sync + 'static,
    A: Arguments<ConnectContext, S, M>,
{
    async fn call(self, cx: &mut ConnectContext, state: &S, _: Seal) -> Result<(), ConnectError> {
        let arguments = A::extract(cx, state).await?;
        self.call(arguments).await.into_result()
    }
}

#[diagnostic::do_not_recommend]
impl<F, S, M, A> NamespacePredicate<(M, A), S> for F
where
    F: Function<A, Output: PredicateOutput>,
    S: Send + Sync + 'static,
    A: Arguments<NamespaceContext, S, M>,
{
    async fn call(self, cx: &mut NamespaceContext, state: &S, _: Seal) -> Result<bool, Rejection> {
        let arguments = A::extract(cx, state).await?;
        self.call(arguments).await.into_result()
    }
}

#[diagnostic::do_not_recommend]
impl<F, S, M, A> EventHandler<(M, A), S> for F
where
    F: Function<A, Output: IntoReply>,
    S: Send + Sync + 'static,
    A: Arguments<EventContext, S, M>,
{
    async fn call(self, cx: &mut EventContext, state: &S, _: Seal) -> Result<(), Rejection> {
        let arguments = A::extract(cx, state).await?;
        cx.finish_extraction();
        match self.call(arguments).await.into_reply() {
            Some(reply) => cx.answer(&reply),
            None => Ok(()),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<F, S, M, A> EventMiddleware<(M, A), S> for F
where
    F: Function<A, Output: EventMiddlewareOutput>,
    S: Send + Sync + 'static,
    A: Arguments<EventContext, S, M>,
{
    async fn call(
        self,
        cx: &mut EventContext,
        state: &S,
        _: Seal,
    ) -> Result<Option<Event>, Rejection> {
        let arguments = A::extract(cx, state).await?;
        self.call(arguments).await.into_result()
    }
}

#[diagnostic::do_not_recommend]
impl<F, S, M, A> ServerEventHandler<(M, A), S> for F
where
    F: Function<A, Output: IntoReply>,
    S: Send + Sync + 'static,
    A: Arguments<ServerEventContext, S, M>,
{
    async fn call(self, mut cx: ServerEventContext, state: &S, _: Seal) -> Result<(), Rejection> {
        let arguments = A::extract(&mut cx, state).await?;
        // Drops the rest of the context because the handler may run for a long time.
        let ServerEventContext { reply, .. } = cx;
        let answer = self.call(arguments).await.into_reply();
        if let (Some(reply), Some(answer)) = (reply, answer) {
            reply.send(&answer)?;
        }
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<F, S, M, A> DisconnectHandler<(M, A), S> for F
where
    F: Function<A, Output = ()>,
    S: Send + Sync + 'static,
    A: Arguments<DisconnectContext, S, M>,
{
    async fn call(self, mut cx: DisconnectContext, state: &S, _: Seal) -> Result<(), Rejection> {
        let arguments = A::extract(&mut cx, state).await?;
        drop(cx);
        self.call(arguments).await;
        Ok(())
    }
}

//! The two halves of a handler call: extracting the arguments, and calling the function with them.
//!
//! Only these two traits are implemented once per number of arguments. The kinds of handlers build
//! on them, so that a further kind adds one implementation instead of thirteen.

use std::future::Future;

use axum_core::extract::FromRequestParts;
use http::request::Parts;

use crate::context::{
    ConnectContext, DisconnectContext, EventContext, NamespaceContext, ServerEventContext,
};
use crate::error::connect_error::{ConnectError, IntoConnectError};
use crate::error::refusal::Refusal;
use crate::error::rejection::Rejection;
use crate::extract::{FromConnect, FromDisconnect, FromEvent, FromNamespace, FromServerEvent};

/// An asynchronous function whose arguments are the elements of the tuple `A`.
pub trait Function<A>: Clone + Send + Sized + Sync + 'static {
    /// The return value of the function.
    type Output;

    /// Calls the function.
    fn call(self, arguments: A) -> impl Future<Output = Self::Output> + Send;
}

/// A context from which arguments are extracted.
pub trait Context {
    /// The reason why an argument could not be extracted.
    type Refusal;
}

/// An argument that is extracted from the context `C`.
pub trait Argument<C: Context, S, M>: Sized + Send {
    /// Extracts the argument.
    fn extract(cx: &mut C, state: &S) -> impl Future<Output = Result<Self, C::Refusal>> + Send;
}

/// A tuple of arguments that are extracted from the context `C`, from first to last.
pub trait Arguments<C: Context, S, M>: Sized + Send {
    /// Extracts all arguments.
    fn extract(cx: &mut C, state: &S) -> impl Future<Output = Result<Self, C::Refusal>> + Send;
}

macro_rules! argument {
    ($context:ty, $refusal:ty, $trait:ident, $method:ident, $convert:expr) => {
        impl Context for $context {
            type Refusal = $refusal;
        }

        #[diagnostic::do_not_recommend]
        impl<T, S, M> Argument<$context, S, M> for T
        where
            T: $trait<S, M> + Send,
            S: Sync,
        {
            #[inline]
            async fn extract(cx: &mut $context, state: &S) -> Result<Self, $refusal> {
                T::$method(cx, state).await.map_err($convert)
            }
        }
    };
}

argument!(
    ConnectContext,
    ConnectError,
    FromConnect,
    from_connect,
    IntoConnectError::into_connect_error
);
argument!(EventContext, Rejection, FromEvent, from_event, Into::into);
argument!(
    DisconnectContext,
    Rejection,
    FromDisconnect,
    from_disconnect,
    Into::into
);
argument!(
    NamespaceContext,
    Rejection,
    FromNamespace,
    from_namespace,
    Into::into
);
argument!(
    ServerEventContext,
    Rejection,
    FromServerEvent,
    from_server_event,
    Into::into
);

impl Context for Parts {
    type Refusal = Refusal;
}

#[diagnostic::do_not_recommend]
impl<T, S> Argument<Parts, S, ()> for T
where
    T: FromRequestParts<S> + Send,
    S: Send + Sync,
{
    async fn extract(cx: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let extracted = T::from_request_parts(cx, state).await;
        extracted.map_err(Refusal::by_extractor)
    }
}

macro_rules! impl_arguments {
    ($(($M:ident $T:ident))*) => {
        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case)]
        impl<F, Fut, $($T,)*> Function<($($T,)*)> for F
        where
            F: FnOnce($($T,)*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future + Send,
        {
            type Output = Fut::Output;

            #[inline]
            fn call(self, ($($T,)*): ($($T,)*)) -> impl Future<Output = Fut::Output> + Send {
                self($($T,)*)
            }
        }

        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, unused_variables)]
        impl<C, S, $($M, $T,)*> Arguments<C, S, ($($M,)*)> for ($($T,)*)
        where
            C: Context + Send,
            C::Refusal: Send,
            S: Sync,
            $( $T: Argument<C, S, $M>, )*
        {
            #[inline]
            async fn extract(cx: &mut C, state: &S) -> Result<Self, C::Refusal> {
                $( let $T = $T::extract(cx, state).await?; )*
                Ok(($($T,)*))
            }
        }
    };
}

all_the_tuples!(impl_arguments);

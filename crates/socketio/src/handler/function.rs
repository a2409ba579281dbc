//! Calls of functions with extracted arguments, which all kinds of handlers share.
//!
//! [`Function`] and [`WrapFunction`] are the only traits with one implementation per number of
//! arguments. A kind of handler is one implementation on top of them.

use std::future::Future;

use axum_core::extract::FromRequestParts;
use http::request::Parts;

use super::next::Next;
use crate::context::{
    ConnectContext, DisconnectContext, EventContext, NamespaceContext, ServerEventContext,
};
use crate::error::connect_error::{ConnectError, IntoConnectError};
use crate::error::refusal::Refusal;
use crate::error::rejection::Rejection;
use crate::extract::{FromConnect, FromDisconnect, FromEvent, FromNamespace, FromServerEvent};

/// A context from which arguments are extracted.
pub trait Context: Send {
    /// The reason why an argument could not be extracted.
    type Refusal: Send;
}

/// An argument that is extracted from the context `C`.
pub trait Argument<C: Context, S, M>: Sized + Send {
    /// The reason why there is no value.
    type Rejection;

    /// Extracts the value.
    fn extract(cx: &mut C, state: &S)
    -> impl Future<Output = Result<Self, Self::Rejection>> + Send;

    /// Converts the rejection.
    fn refuse(rejection: Self::Rejection) -> C::Refusal;
}

/// An asynchronous function whose arguments are extracted from the context `C`.
///
/// `T` is the list of arguments, each with the marker of its extractor.
pub trait Function<C: Context, S, T>: Clone + Send + Sized + Sync + 'static {
    /// The return value of the function.
    type Output;

    /// Extracts the arguments from first to last, calls `extracted`, and then the function.
    fn call(
        self,
        cx: &mut C,
        state: &S,
        extracted: impl FnOnce(&mut C) + Send,
    ) -> impl Future<Output = Result<Self::Output, C::Refusal>> + Send;
}

/// An asynchronous function with extracted arguments, which are followed by [`Next`].
///
/// `T` is the list of arguments before `Next`, each with the marker of its extractor.
pub trait WrapFunction<S, T>: Clone + Send + Sized + Sync + 'static {
    /// The return value of the function.
    type Output;

    /// Extracts the arguments from first to last, and calls the function.
    fn call(
        self,
        cx: &mut EventContext,
        next: Next,
        state: &S,
    ) -> impl Future<Output = Result<Self::Output, Rejection>> + Send;
}

macro_rules! context {
    ($context:ty, $refusal:ty, $trait:ident, $method:ident, $refuse:expr) => {
        impl Context for $context {
            type Refusal = $refusal;
        }

        #[diagnostic::do_not_recommend]
        impl<T, S, M> Argument<$context, S, M> for T
        where
            T: $trait<S, M> + Send,
            S: Sync,
        {
            type Rejection = T::Rejection;

            #[inline]
            fn extract(
                cx: &mut $context,
                state: &S,
            ) -> impl Future<Output = Result<Self, T::Rejection>> + Send {
                T::$method(cx, state)
            }

            #[inline]
            fn refuse(rejection: T::Rejection) -> $refusal {
                $refuse(rejection)
            }
        }
    };
}

context!(
    ConnectContext,
    ConnectError,
    FromConnect,
    from_connect,
    IntoConnectError::into_connect_error
);
context!(EventContext, Rejection, FromEvent, from_event, Into::into);
context!(
    DisconnectContext,
    Rejection,
    FromDisconnect,
    from_disconnect,
    Into::into
);
context!(
    NamespaceContext,
    Rejection,
    FromNamespace,
    from_namespace,
    Into::into
);
context!(
    ServerEventContext,
    Rejection,
    FromServerEvent,
    from_server_event,
    Into::into
);

/// The request that opens a connection.
impl Context for Parts {
    type Refusal = Refusal;
}

#[diagnostic::do_not_recommend]
impl<T, S> Argument<Parts, S, ()> for T
where
    T: FromRequestParts<S> + Send,
    S: Send + Sync,
{
    type Rejection = T::Rejection;

    fn extract(
        cx: &mut Parts,
        state: &S,
    ) -> impl Future<Output = Result<Self, T::Rejection>> + Send {
        T::from_request_parts(cx, state)
    }

    fn refuse(rejection: T::Rejection) -> Refusal {
        Refusal::by_extractor::<T>(rejection)
    }
}

macro_rules! impl_function {
    ($(($M:ident $T:ident))*) => {
        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, unused_variables)]
        impl<F, Fut, C, S, $($M, $T,)*> Function<C, S, ($(($M, $T),)*)> for F
        where
            F: FnOnce($($T,)*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future + Send,
            C: Context,
            S: Sync,
            $( $T: Argument<C, S, $M>, )*
        {
            type Output = Fut::Output;

            #[inline]
            async fn call(
                self,
                cx: &mut C,
                state: &S,
                extracted: impl FnOnce(&mut C) + Send,
            ) -> Result<Fut::Output, C::Refusal> {
                $( let $T = $T::extract(cx, state).await.map_err($T::refuse)?; )*
                extracted(cx);
                Ok(self($($T,)*).await)
            }
        }
    };
}

all_the_tuples!(impl_function);

macro_rules! impl_wrap_function {
    ($(($M:ident $T:ident))*) => {
        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, unused_variables)]
        impl<F, Fut, S, $($M, $T,)*> WrapFunction<S, ($(($M, $T),)*)> for F
        where
            F: FnOnce($($T,)* Next) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future + Send,
            S: Sync,
            $( $T: Argument<EventContext, S, $M>, )*
        {
            type Output = Fut::Output;

            #[inline]
            async fn call(
                self,
                cx: &mut EventContext,
                next: Next,
                state: &S,
            ) -> Result<Fut::Output, Rejection> {
                $(
                    let $T = $T::extract(cx, state).await;
                    let $T = $T.map_err(<$T as Argument<EventContext, S, $M>>::refuse)?;
                )*
                cx.finish_extraction();
                Ok(self($($T,)* next).await)
            }
        }
    };
}

all_the_tuples!(impl_wrap_function);

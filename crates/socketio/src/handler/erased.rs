//! Registered handlers with erased types: their arguments and state are hidden behind trait
//! objects.

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use futures_core::future::BoxFuture;

use super::handler_type::HasHandlerType;
use super::sealed::Seal;
use super::{
    ConnectHandler, DisconnectHandler, EventMiddleware, Middleware, NamespacePredicate,
    ServerEventHandler,
};
use crate::context::{
    ConnectContext, DisconnectContext, EventContext, NamespaceContext, ServerEventContext,
};
use crate::error::connect_error::ConnectError;
use crate::error::rejection::Rejection;
use crate::extract::Event;

/// A handler together with the state that it was registered with.
pub(super) struct Registered<H, T, S> {
    pub(super) handler: H,
    pub(super) state: S,
    arguments: PhantomData<fn() -> T>,
}

impl<H, T, S> Registered<H, T, S> {
    pub(super) fn new(handler: H, state: S) -> Arc<Self> {
        Arc::new(Self {
            handler,
            state,
            arguments: PhantomData,
        })
    }
}

impl<H: 'static, T, S> HasHandlerType for Registered<H, T, S> {
    fn handler_type(&self) -> TypeId {
        TypeId::of::<H>()
    }
}

macro_rules! listener {
    (
        $(#[$doc:meta])*
        $listener:ident, $erased:ident, $handler:ident, $context:ty, $error:ty
    ) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub(crate) struct $listener(Arc<dyn $erased>);

        trait $erased: HasHandlerType + Send + Sync {
            fn call(self: Arc<Self>, cx: $context) -> BoxFuture<'static, Result<(), $error>>;
        }

        impl<H, T, S> $erased for Registered<H, T, S>
        where
            H: $handler<T, S>,
            S: Send + Sync + 'static,
            T: 'static,
        {
            fn call(self: Arc<Self>, cx: $context) -> BoxFuture<'static, Result<(), $error>> {
                // The future owns the registration, and thus the state that it borrows.
                Box::pin(async move { self.handler.clone().call(cx, &self.state, Seal).await })
            }
        }

        impl $listener {
            pub(crate) fn new<H, T, S>(handler: H, state: S) -> Self
            where
                H: $handler<T, S>,
                S: Send + Sync + 'static,
                T: 'static,
            {
                Self(Registered::new(handler, state))
            }

            /// Extracts the arguments and runs the handler.
            pub(crate) fn call(&self, cx: $context) -> BoxFuture<'static, Result<(), $error>> {
                Arc::clone(&self.0).call(cx)
            }
        }

        impl HasHandlerType for $listener {
            fn handler_type(&self) -> TypeId {
                self.0.handler_type()
            }
        }

        impl fmt::Debug for $listener {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($listener)).finish_non_exhaustive()
            }
        }
    };
}

listener! {
    /// A registered connect handler.
    ConnectListener, ErasedConnect, ConnectHandler, ConnectContext, ConnectError
}
listener! {
    /// A registered disconnect handler.
    DisconnectListener, ErasedDisconnect, DisconnectHandler, DisconnectContext, Rejection
}

listener! {
    /// A registered handler for events of other servers.
    ServerEventListener, ErasedServerEvent, ServerEventHandler, ServerEventContext, Rejection
}

macro_rules! decision_listener {
    (
        $(#[$doc:meta])*
        $listener:ident, $erased:ident, $handler:ident, $context:ty, $result:ty
    ) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub(crate) struct $listener(Arc<dyn $erased>);

        trait $erased: HasHandlerType + Send + Sync {
            fn call<'a>(&'a self, cx: &'a mut $context) -> BoxFuture<'a, $result>;
        }

        impl<H, T, S> $erased for Registered<H, T, S>
        where
            H: $handler<T, S>,
            S: Send + Sync + 'static,
            T: 'static,
        {
            fn call<'a>(&'a self, cx: &'a mut $context) -> BoxFuture<'a, $result> {
                Box::pin(self.handler.clone().call(cx, &self.state, Seal))
            }
        }

        impl $listener {
            pub(crate) fn new<H, T, S>(handler: H, state: S) -> Self
            where
                H: $handler<T, S>,
                S: Send + Sync + 'static,
                T: 'static,
            {
                Self(Registered::new(handler, state))
            }

            /// Extracts the arguments and runs the handler.
            pub(crate) fn call<'a>(&'a self, cx: &'a mut $context) -> BoxFuture<'a, $result> {
                self.0.call(cx)
            }
        }

        impl HasHandlerType for $listener {
            fn handler_type(&self) -> TypeId {
                self.0.handler_type()
            }
        }

        impl fmt::Debug for $listener {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($listener)).finish_non_exhaustive()
            }
        }
    };
}

decision_listener! {
    /// A registered middleware. All middleware of a namespace runs on one context.
    MiddlewareListener, ErasedMiddleware, Middleware, ConnectContext, Result<(), ConnectError>
}
decision_listener! {
    /// A registered event middleware. All event middleware runs on one context.
    EventMiddlewareListener, ErasedEventMiddleware, EventMiddleware, EventContext,
    Result<Option<Event>, Rejection>
}
decision_listener! {
    /// A registered namespace predicate. All predicates run on one context.
    PredicateListener, ErasedNamespace, NamespacePredicate, NamespaceContext, Result<bool, Rejection>
}

//! Why a socket has left, or why an event was rejected.

use std::convert::Infallible;

use super::{FromDisconnect, FromEvent};
use crate::context::{DisconnectContext, EventContext};
use crate::error::rejection::Rejection;
use crate::wire::disconnect_reason::DisconnectReason;

impl<S> FromDisconnect<S> for DisconnectReason
where
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_disconnect(cx: &mut DisconnectContext, _: &S) -> Result<Self, Self::Rejection> {
        Ok(cx.reason)
    }
}

/// For `on_rejection` handlers. There is none in other handlers, and they do not run.
impl<S> FromEvent<S> for Rejection
where
    S: Send + Sync,
{
    type Rejection = Self;

    async fn from_event(cx: &mut EventContext, _: &S) -> Result<Self, Self::Rejection> {
        cx.rejection.clone().ok_or_else(|| {
            Self::internal(format!(
                "the handler of `{}` takes a `Rejection`, and nothing was rejected; \
                 register it with `on_rejection`",
                cx.event_name()
            ))
        })
    }
}

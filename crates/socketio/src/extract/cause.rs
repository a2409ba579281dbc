//! Extractors of the reasons for a disconnect and a rejection.

use std::convert::Infallible;

use engineio::log::Escaped;

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

/// Extracts the rejection in `on_rejection` handlers. Other handlers that take it are rejected and
/// do not run.
impl<S> FromEvent<S> for Rejection
where
    S: Send + Sync,
{
    type Rejection = Self;

    async fn from_event(cx: &mut EventContext, _: &S) -> Result<Self, Self::Rejection> {
        cx.rejection.clone().ok_or_else(|| {
            Self::fault(format!(
                "the handler of `{}` takes a `Rejection`, and nothing was rejected; \
                 register it with `on_rejection`",
                Escaped(cx.event_name())
            ))
        })
    }
}

//! Why another handler did not run.

use super::FromEvent;
use crate::context::EventContext;
use crate::error::rejection::Rejection;

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

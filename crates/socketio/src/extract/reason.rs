//! Why a socket leaves.

use std::convert::Infallible;

use super::FromDisconnect;
use crate::context::DisconnectContext;
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

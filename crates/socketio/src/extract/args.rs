use std::convert::Infallible;

use socketio_proto::Args;

use super::{FromEvent, FromServerEvent};
use crate::context::{EventContext, ServerEventContext};

/// The arguments of the event, still encoded: for relays that send on what they do not know.
impl<S> FromEvent<S> for Args
where
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_event(cx: &mut EventContext, _: &S) -> Result<Self, Self::Rejection> {
        Ok(cx.args.clone())
    }
}

impl<S> FromServerEvent<S> for Args
where
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_server_event(
        cx: &mut ServerEventContext,
        _: &S,
    ) -> Result<Self, Self::Rejection> {
        Ok(cx.args.clone())
    }
}

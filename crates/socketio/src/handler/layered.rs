//! tower layers around the handlers of events.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use engineio::BoxError;
use engineio::log::Escaped;
use http::StatusCode;
use socketio_proto::Args;
use tower_service::Service;

use super::next::Next;
use crate::context::Outcome;
use crate::error::boxed::RedactedChain;
use crate::error::rejection::Rejection;
use crate::extract::EventName;
use crate::socket::Socket;

/// An event, as the request of a tower service, see [`Namespace::layer`](crate::Namespace::layer).
pub struct EventCall {
    pub(crate) name: EventName,
    pub(crate) socket: Socket,
    pub(crate) args: Args,
    pub(crate) next: Next,
}

impl EventCall {
    /// Returns the name of the event.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// Returns the socket that has sent the event.
    #[must_use]
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Returns the arguments of the event, still encoded.
    #[must_use]
    pub fn args(&self) -> &Args {
        &self.args
    }

    /// Returns the part of the chain that the innermost service runs, for services that do not call
    /// an inner service.
    pub fn into_next(self) -> Next {
        self.next
    }
}

impl fmt::Debug for EventCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventCall")
            .field("name", &self.name)
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}

/// The innermost service of [`Namespace::layer`](crate::Namespace::layer): it runs the handlers of
/// the event, and everything else that is registered after the layer.
///
/// It is always ready and never fails.
#[derive(Clone, Debug)]
pub struct InnerEvents {
    _private: (),
}

impl InnerEvents {
    pub(crate) fn new() -> Self {
        Self { _private: () }
    }
}

impl Service<EventCall> for InnerEvents {
    type Response = Outcome;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Outcome, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: EventCall) -> Self::Future {
        Box::pin(async move { Ok(call.next.run().await) })
    }
}

/// Converts the error of a tower service. A [`Rejection`] is used as it is, and any other error
/// becomes "Service Unavailable" with its text.
pub(crate) fn rejection_of_service(error: impl Into<BoxError>) -> Rejection {
    match error.into().downcast::<Rejection>() {
        Ok(rejection) => *rejection,
        Err(error) => Rejection::quoting(
            StatusCode::SERVICE_UNAVAILABLE,
            error.to_string(),
            Escaped(RedactedChain(&*error)).to_string(),
        ),
    }
}

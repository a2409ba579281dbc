//! Events that are sent to the other servers of a cluster.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use engineio::log::{Chain, Escaped};
use futures_core::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use socketio_adapter::AdapterError;
use socketio_proto::{Args, ArgsError};

use crate::broadcast::BroadcastOperator;
use crate::error::emit_error::EmitError;

/// Returns whether Node's servers reserve the name for their own events.
pub(crate) fn is_reserved(event: &str) -> bool {
    matches!(event, "connect" | "connection" | "new_namespace")
}

/// The common implementation of server-side events for `Namespace` and `SocketIo`.
impl BroadcastOperator {
    /// Sends an event to the other servers of the namespace.
    pub(crate) fn server_side_emit<T>(&self, event: &str, args: &T) -> Result<(), EmitError>
    where
        T: Serialize + ?Sized,
    {
        self.scope()
            .adapter()
            .server_side_emit(encode(event, args)?);
        Ok(())
    }

    /// Sends an event to the other servers of the namespace, and returns the future of their
    /// answers.
    pub(crate) fn server_side_emit_with_ack<T>(
        &self,
        event: &str,
        args: &(impl Serialize + ?Sized),
    ) -> ServerSideAck<T> {
        let (adapter, event) = (Arc::clone(self.scope().adapter()), encode(event, args));
        ServerSideAck {
            answers: Box::pin(async move {
                let answers = adapter.server_side_emit_with_ack(event?).await;
                answers.map_err(Failure::Adapter)
            }),
            answer: PhantomData,
        }
    }
}

/// The future of the answers of other servers, returned by
/// [`Namespace::server_side_emit_with_ack`](crate::Namespace::server_side_emit_with_ack).
#[must_use = "the event is not sent unless the future is awaited"]
pub struct ServerSideAck<T> {
    answers: BoxFuture<'static, Result<Vec<Args>, Failure>>,
    answer: PhantomData<fn() -> T>,
}

enum Failure {
    Adapter(AdapterError),
    Emit(EmitError),
}

impl From<EmitError> for Failure {
    fn from(error: EmitError) -> Self {
        Self::Emit(error)
    }
}

impl<T: DeserializeOwned> Future for ServerSideAck<T> {
    type Output = Result<Vec<T>, ServerSideEmitError<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.answers.as_mut().poll(cx).map(collect_answers)
    }
}

impl<T> fmt::Debug for ServerSideAck<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerSideAck").finish_non_exhaustive()
    }
}

fn collect_answers<T: DeserializeOwned>(
    answers: Result<Vec<Args>, Failure>,
) -> Result<Vec<T>, ServerSideEmitError<T>> {
    let (answered, adapter_error) = match answers {
        Ok(answered) => (answered, None),
        Err(Failure::Adapter(mut error)) => (error.take_answers(), Some(error)),
        Err(Failure::Emit(error)) => {
            return Err(ServerSideEmitError::new(Vec::new(), Cause::Emit(error)));
        }
    };
    let (mut answers, mut data_error) = (Vec::with_capacity(answered.len()), None);
    for answer in &answered {
        match answer.deserialize() {
            Ok(answer) => answers.push(answer),
            Err(error) => data_error = data_error.or(Some(error)),
        }
    }
    let answered = answered.len();
    let adapter = adapter_error.map(|error| Cause::Adapter { error, answered });
    match adapter.or(data_error.map(Cause::Data)) {
        None => Ok(answers),
        Some(cause) => Err(ServerSideEmitError::new(answers, cause)),
    }
}

fn encode<T>(event: &str, args: &T) -> Result<Args, EmitError>
where
    T: Serialize + ?Sized,
{
    if is_reserved(event) {
        return Err(EmitError::ReservedEvent(event.to_owned()));
    }
    Ok(Args::from_serialize(Some(event), args)?)
}

/// Logs the error of an event that could not be sent.
pub(crate) fn log_emit_error(event: &str, error: &EmitError) {
    engineio::log_limited!(
        error,
        None,
        "the event was not sent to the other servers",
        event = ?Escaped(event),
        error = %Escaped(Chain(error)),
    );
}

/// The error of a server-side event whose answers are missing or of another type.
#[derive(Debug)]
pub struct ServerSideEmitError<T> {
    answers: Vec<T>,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Adapter {
        error: AdapterError,
        /// The number of servers that have answered, with a value of any type.
        answered: usize,
    },
    Data(ArgsError),
    Emit(EmitError),
}

impl<T> ServerSideEmitError<T> {
    fn new(answers: Vec<T>, cause: Cause) -> Self {
        Self { answers, cause }
    }

    /// Returns the answers of the requested type, in the order of their arrival.
    #[must_use]
    pub fn answers(&self) -> &[T] {
        &self.answers
    }

    /// Converts the error into the answers of the requested type.
    #[must_use]
    pub fn into_answers(self) -> Vec<T> {
        self.answers
    }

    /// Returns whether servers have not answered in time.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(&self.cause, Cause::Adapter { error, .. } if error.is_timeout())
    }
}

impl<T> fmt::Display for ServerSideEmitError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Adapter { error, answered } => match error.missing() {
                // The text of Node's adapters.
                Some(missing) => write!(
                    f,
                    "timeout reached: only {answered} responses received out of {}; use those, \
                     and let a handler of every server answer",
                    answered.saturating_add(missing.servers())
                ),
                None => f.write_str("the other servers could not be asked"),
            },
            Cause::Data(_) => f.write_str(
                "a server has answered with another type: let all servers answer with the same type",
            ),
            Cause::Emit(_) => f.write_str("the event could not be sent"),
        }
    }
}

impl<T: fmt::Debug> Error for ServerSideEmitError<T> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            Cause::Adapter { error, .. } if error.is_timeout() => None,
            Cause::Adapter { error, .. } => Some(error),
            Cause::Data(error) => Some(error),
            Cause::Emit(error) => Some(error),
        }
    }
}

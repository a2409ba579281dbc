//! Listeners, which answer the events of a server.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use socketio_proto::Args;

use crate::event::ReceivedEvent;

type Answer = dyn Fn(&ReceivedEvent) -> Result<Args, String> + Send + Sync;

/// A listener of an event. A clone shares the function.
#[derive(Clone)]
pub(super) struct Listener(Arc<Answer>);

impl Listener {
    pub(super) fn new<T, R>(listener: impl Fn(T) -> R + Send + Sync + 'static) -> Self
    where
        T: DeserializeOwned,
        R: Serialize,
    {
        Self(Arc::new(move |event| {
            let data = event.deserialize()?;
            let reply = listener(data);
            Args::from_serialize(None, &reply).map_err(|error| {
                format!("the answer to {event} is not JSON: {error}. Return another type from the listener")
            })
        }))
    }

    /// Calls the listener. Returns the arguments of the acknowledgement, or the text of a failure.
    ///
    /// A panic is caught: in the task of the connection it would be an unexplained end of the
    /// connection.
    pub(super) fn call(&self, event: &ReceivedEvent) -> Result<Args, String> {
        catch_unwind(AssertUnwindSafe(|| (self.0)(event))).unwrap_or_else(|panic| {
            Err(format!(
                "the listener of {event} panicked: {}. Correct the listener, or what the server \
                 sends",
                message(&*panic)
            ))
        })
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}

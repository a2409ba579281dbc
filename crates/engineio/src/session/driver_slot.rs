//! Where the driver of a session is that polls.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use tokio::runtime;

/// What does the work of a session.
pub(crate) type Driver = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where the driver of a session is.
#[derive(Default)]
pub(crate) enum Place {
    /// With the task, as it is while that runs it, and for good once the client polls no more.
    #[default]
    Task,
    /// Here, and it does nothing at the moment.
    Here(Driver, runtime::Id),
    /// With a request, after which those are woken who have been meanwhile.
    Request {
        /// Whether the task is one of them.
        woken: bool,
        /// Whether the pending poll is. There are clients that stop to send when they are answered by the
        /// poll before they hear that their request has arrived.
        poll_due: bool,
    },
    /// It has ended with a request: the task is to end too.
    Ended,
}

impl Place {
    /// Whether the pending poll is to wait until a request has run the driver. It is noted that it does.
    pub(crate) fn holds_poll(&mut self) -> bool {
        match self {
            Self::Request { poll_due, .. } => {
                *poll_due = true;
                true
            }
            _ => false,
        }
    }

    /// Whether nothing would be lost with it.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Task)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Task => "Task",
            Self::Here(..) => "Here",
            Self::Request { .. } => "Request",
            Self::Ended => "Ended",
        })
    }
}

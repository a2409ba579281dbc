//! Where the driver of a session is that polls.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use tokio::runtime;

/// What does the work of a session.
pub(super) type Driver = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where the driver of a session is.
#[derive(Default)]
pub(super) enum Place {
    /// With the task, as it is while that runs it, and for good once the client polls no more.
    #[default]
    Task,
    /// Here, and it does nothing at the moment.
    Here(Driver, runtime::Id),
    /// With a request. The task is to be woken afterwards if it has been woken meanwhile.
    Request { woken: bool },
    /// It has ended with a request: the task is to end too.
    Ended,
}

impl Place {
    /// Whether nothing would be lost with it.
    pub(super) fn is_empty(&self) -> bool {
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

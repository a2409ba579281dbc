//! The type of all tasks that the engine spawns.

use std::future::Future;
use std::pin::Pin;

use tokio::runtime::Handle;

/// A task: the driver of a session, or a task that helps drivers.
///
/// All tasks have this type because tokio's code of a task is compiled again for each type of
/// future, and for each scheduler.
pub(crate) type BoxedTask = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Spawns a task on a runtime.
pub(crate) fn spawn_on(runtime: &Handle, task: BoxedTask) {
    runtime.spawn(task);
}

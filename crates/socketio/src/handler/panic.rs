//! Panics of handlers.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project::pin_project;

/// Turns a panic of the future into an error.
///
/// The future must not be polled after that, as with any future that has completed.
pub(crate) fn catch<F: Future>(future: F) -> Catch<F> {
    Catch { future }
}

/// Turns a panic of the call into an error.
pub(crate) fn catch_call<R>(call: impl FnOnce() -> R) -> Result<R, Panic> {
    // As in `Catch`.
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| Panic::new(&*payload))
}

/// The future of [`catch`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
#[pin_project]
pub(crate) struct Catch<F> {
    #[pin]
    future: F,
}

impl<F: Future> Future for Catch<F> {
    type Output = Result<F::Output, Panic>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.project().future;
        // What the handler shares with others may be left half-done, as it would be by a panic in
        // a task of its own. The project's own state is not touched while a handler is polled.
        match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => Poll::Ready(Err(Panic::new(&*payload))),
        }
    }
}

/// What a handler panicked with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Panic {
    message: String,
}

impl Panic {
    fn new(payload: &(dyn Any + Send)) -> Self {
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("a value that is no text");
        Self {
            message: message.to_owned(),
        }
    }

    /// The text of the panic, for the log.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn a_future_without_panic_is_left_as_it_is() {
        assert_eq!(catch(ready(1)).now_or_never(), Some(Ok(1)));
        assert_eq!(catch(std::future::pending::<()>()).now_or_never(), None);
    }

    #[test]
    fn texts_of_panics_are_kept() {
        fn message(future: impl Future<Output = ()>) -> String {
            let result = catch(future).now_or_never().expect("it is ready");
            result.expect_err("it panics").message().to_owned()
        }
        assert_eq!(message(async { panic!("static") }), "static");
        assert_eq!(message(async { panic!("number {}", 7) }), "number 7");
        assert_eq!(
            message(async { std::panic::panic_any(7) }),
            "a value that is no text"
        );
    }
}

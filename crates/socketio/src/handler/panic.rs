//! Conversion of handler panics into errors.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use engineio::log::panic_message;
use pin_project::pin_project;

/// Converts a panic of the future into an error.
///
/// The future must not be polled after a panic, as after its completion.
pub(crate) fn catch<F: Future>(future: F) -> Catch<F> {
    Catch { future }
}

/// Calls a function and converts a panic into an error.
pub(crate) fn catch_call<R>(call: impl FnOnce() -> R) -> Result<R, Panic> {
    // Unwind safety as in `Catch`.
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
        // A panic may leave the handler's shared state inconsistent, as a panic in a separate task
        // would. The state of this crate is not modified while a handler is polled.
        match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => Poll::Ready(Err(Panic::new(&*payload))),
        }
    }
}

/// The message of a handler panic.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Panic {
    message: String,
}

impl Panic {
    fn new(payload: &(dyn Any + Send)) -> Self {
        Self {
            message: panic_message(payload).to_owned(),
        }
    }

    /// Returns the message, for the log.
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
    fn a_future_that_does_not_panic_is_unchanged() {
        assert_eq!(catch(ready(1)).now_or_never(), Some(Ok(1)));
        assert_eq!(catch(std::future::pending::<()>()).now_or_never(), None);
    }

    #[test]
    fn panic_messages_are_preserved() {
        fn message(future: impl Future<Output = ()>) -> String {
            let result = catch(future).now_or_never().expect("the future is ready");
            result.expect_err("the future panics").message().to_owned()
        }
        assert_eq!(message(async { panic!("static") }), "static");
        assert_eq!(message(async { panic!("number {}", 7) }), "number 7");
        assert_eq!(
            message(async { std::panic::panic_any(7) }),
            "a value that is not a string"
        );
    }
}

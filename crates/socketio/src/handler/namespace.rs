//! Functions that decide whether a namespace is created for a client.

use std::fmt::Display;
use std::future::Future;

use super::function::Function;
use super::sealed::{Seal, Sealed};
use crate::context::NamespaceContext;
use crate::error::rejection::Rejection;

/// A function that decides whether a namespace is created for a client that requests it (Node's
/// `io.of` with a function).
#[diagnostic::on_unimplemented(
    message = "this is not a namespace predicate for the state `{S}`",
    label = "not a namespace predicate",
    note = "it is an `async fn` that returns `bool` or `Result<bool, E>` with `E: Display`",
    note = "it has at most 12 arguments; it, its captures and its future are `Send` and `'static`: no `Rc`, no lock guard across an `.await`, no borrowed capture (write `async move`)",
    note = "each argument implements `FromNamespace<{S}>`, such as `NamespaceName`, `Auth<T>`, or `State<T>` with `T: FromRef<{S}>`; closures annotate their argument types",
    note = "there is no socket yet: use a namespace middleware for extractors that need one"
)]
pub trait NamespacePredicate<T, S>: Clone + Send + Sized + Sync + 'static {
    /// Extracts the arguments and runs the function.
    fn call(
        self,
        cx: &mut NamespaceContext,
        state: &S,
        _: Seal,
    ) -> impl Future<Output = Result<bool, Rejection>> + Send;
}

// Without `do_not_recommend`, the compiler reports a wrong return type as such.
impl<F, S, T> NamespacePredicate<T, S> for F
where
    F: Function<NamespaceContext, S, T, Output: PredicateOutput>,
    S: Send + Sync + 'static,
{
    async fn call(self, cx: &mut NamespaceContext, state: &S, _: Seal) -> Result<bool, Rejection> {
        Function::call(self, cx, state, |_| ()).await?.into_result()
    }
}

/// The return value of a namespace predicate.
#[diagnostic::on_unimplemented(
    message = "a namespace predicate cannot return `{Self}`",
    label = "wrong return type",
    note = "return `bool`, or `Result<bool, E>` with `E: Display`",
    note = "an error refuses the client as `false` does, and is logged"
)]
pub trait PredicateOutput: Sealed {
    /// Returns whether the namespace is created.
    ///
    /// # Errors
    ///
    /// Returns the error to log if the function failed.
    fn into_result(self) -> Result<bool, Rejection>;
}

impl PredicateOutput for bool {
    fn into_result(self) -> Result<bool, Rejection> {
        Ok(self)
    }
}

impl<E> PredicateOutput for Result<bool, E>
where
    E: Display,
{
    fn into_result(self) -> Result<bool, Rejection> {
        self.map_err(|error| Rejection::new(error.to_string()))
    }
}

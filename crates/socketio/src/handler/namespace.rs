//! Functions that decide about namespaces.

use std::fmt::Display;
use std::future::Future;

use super::sealed::{Seal, Sealed};
use crate::context::NamespaceContext;
use crate::error::rejection::Rejection;

/// Decides whether a namespace is made for a client that asks for it: the function form of Node's
/// `io.of`.
#[diagnostic::on_unimplemented(
    message = "this does not decide about namespaces for the state `{S}`",
    label = "not a namespace predicate",
    note = "it is an `async fn` that returns `bool` or `Result<bool, E>` with `E: Display`; it and its future are `Send`",
    note = "each argument implements `FromNamespace<{S}>`, such as `NamespaceName`, `Auth<T>`, or `State<T>` with `T: FromRef<{S}>`; closures name their types",
    note = "there is no socket yet: what asks for one belongs into a middleware"
)]
pub trait NamespacePredicate<T, S>: Clone + Send + Sized + Sync + 'static {
    /// Extracts the arguments and decides.
    fn call(
        self,
        cx: &mut NamespaceContext,
        state: &S,
        _: Seal,
    ) -> impl Future<Output = Result<bool, Rejection>> + Send;
}

/// What a namespace predicate may return.
#[diagnostic::on_unimplemented(
    message = "a namespace predicate cannot return `{Self}`",
    label = "wrong return type",
    note = "return `bool`, or `Result<bool, E>` with `E: Display`",
    note = "an error refuses the client as `false` does, and is logged"
)]
pub trait PredicateOutput: Sealed {
    /// Says whether the namespace is made.
    ///
    /// # Errors
    ///
    /// Fails with what is logged if that could not be decided.
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

//! The arguments of [`SocketIo::of`](crate::SocketIo::of): names, patterns and predicates.

use std::borrow::Cow;
use std::fmt;

use socketio_proto::Namespace as Name;

use crate::handler::sealed::Seal;
use crate::handler::{NamespacePredicate, PredicateListener};
use crate::registry::parent::Pattern;

/// Markers that let the compiler infer the kind of an argument.
#[expect(unnameable_types, reason = "inferred, never named")]
mod by {
    use std::marker::PhantomData;

    /// A name.
    #[derive(Debug)]
    pub enum Name {}

    /// A regular expression.
    #[cfg(any(feature = "regex", feature = "regex-lite"))]
    #[derive(Debug)]
    pub enum Regex {}

    /// A function with the arguments `T`.
    #[derive(Debug)]
    pub struct Predicate<T>(PhantomData<T>);
}

/// The selected namespaces: one by name, or all that match a pattern.
pub struct NamespaceSelector(pub(crate) Selected);

pub(crate) enum Selected {
    Name(Name),
    Pattern(Pattern),
}

impl fmt::Debug for NamespaceSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Selected::Name(name) => f.debug_tuple("NamespaceSelector").field(name).finish(),
            Selected::Pattern(_) => f.debug_struct("NamespaceSelector").finish_non_exhaustive(),
        }
    }
}

/// An argument of [`SocketIo::of`](crate::SocketIo::of): a name, a regular expression, or a
/// predicate, see [`NamespacePredicate`].
///
/// A regular expression is a [`Regex`](crate::Regex) of the crate `regex-lite` (feature
/// `regex-lite`, on by default) or of the crate `regex` (feature `regex`).
///
/// `T` is inferred. This trait is sealed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no namespace for the state `{S}`",
    label = "not a name, a `Regex`, or a function that decides",
    note = "a name is a `&str` or a `String`",
    note = "a function that decides is an `async fn` that returns `bool` or `Result<bool, E>`; its arguments implement `FromNamespace<{S}>`, such as `NamespaceName`, `Auth<T>`, or `State<T>` with `T: FromRef<{S}>`"
)]
pub trait IntoNamespace<T, S> {
    /// Converts the argument. Predicates extract from `state`.
    fn into_namespace(self, state: &S, _: Seal) -> NamespaceSelector;
}

/// Returns the name with a leading `/`.
pub(crate) fn with_slash(name: &str) -> Cow<'_, str> {
    if name.starts_with('/') {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(format!("/{name}"))
    }
}

impl<S> IntoNamespace<by::Name, S> for &str {
    fn into_namespace(self, _: &S, _: Seal) -> NamespaceSelector {
        let name = Name::new(with_slash(self)).unwrap_or_else(|error| panic!("{error}"));
        NamespaceSelector(Selected::Name(name))
    }
}

impl<S> IntoNamespace<by::Name, S> for String {
    fn into_namespace(self, state: &S, _: Seal) -> NamespaceSelector {
        self.as_str().into_namespace(state, Seal)
    }
}

impl<S> IntoNamespace<by::Name, S> for &String {
    fn into_namespace(self, state: &S, _: Seal) -> NamespaceSelector {
        self.as_str().into_namespace(state, Seal)
    }
}

#[cfg(feature = "regex")]
impl<S> IntoNamespace<by::Regex, S> for regex::Regex {
    fn into_namespace(self, _: &S, _: Seal) -> NamespaceSelector {
        NamespaceSelector(Selected::Pattern(Pattern::Regex(Box::new(self))))
    }
}

#[cfg(feature = "regex-lite")]
impl<S> IntoNamespace<by::Regex, S> for regex_lite::Regex {
    fn into_namespace(self, _: &S, _: Seal) -> NamespaceSelector {
        NamespaceSelector(Selected::Pattern(Pattern::Regex(Box::new(self))))
    }
}

#[diagnostic::do_not_recommend]
impl<F, T, S> IntoNamespace<by::Predicate<T>, S> for F
where
    F: NamespacePredicate<T, S>,
    S: Clone + Send + Sync + 'static,
    T: 'static,
{
    fn into_namespace(self, state: &S, _: Seal) -> NamespaceSelector {
        let listener = PredicateListener::new(self, state.clone());
        NamespaceSelector(Selected::Pattern(Pattern::Predicate(listener)))
    }
}

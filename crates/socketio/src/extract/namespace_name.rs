//! The extractor of a namespace's name.

use std::borrow::Borrow;
use std::convert::Infallible;
use std::fmt;
use std::ops::Deref;

use smol_str::SmolStr;

use super::{FromNamespace, FromServerEvent, FromSocket};
use crate::context::{NamespaceContext, ServerEventContext};
use crate::socket::Socket;

/// An extractor of the name of the namespace that a client requests or has joined, which begins
/// with `/`.
///
/// # Examples
///
/// ```
/// use socketio::SocketIo;
/// use socketio::extract::NamespaceName;
///
/// fn configure(io: &SocketIo) {
///     io.of(async |name: NamespaceName| name.starts_with("/tenant-"));
/// }
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NamespaceName(SmolStr);

impl NamespaceName {
    /// Creates the name of a namespace, for a test that calls a handler.
    ///
    /// # Panics
    ///
    /// Panics if the name does not begin with `/` or contains a comma: no handler receives such a
    /// name.
    #[cfg(feature = "test-util")]
    #[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
    #[must_use]
    #[track_caller]
    pub fn new(name: &str) -> Self {
        match socketio_proto::Namespace::new(name) {
            Ok(name) => Self(name.as_str().into()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Returns the name as a string slice.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<S> FromNamespace<S> for NamespaceName
where
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_namespace(cx: &mut NamespaceContext, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(cx.name().into()))
    }
}

impl<S> FromSocket<S> for NamespaceName
where
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_socket(socket: &Socket, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(socket.namespace_shared().name().as_str().into()))
    }
}

impl<S> FromServerEvent<S> for NamespaceName
where
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_server_event(
        cx: &mut ServerEventContext,
        _: &S,
    ) -> Result<Self, Self::Rejection> {
        Ok(Self(cx.namespace_name().into()))
    }
}

impl AsRef<str> for NamespaceName {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for NamespaceName {
    fn borrow(&self) -> &str {
        self
    }
}

impl Deref for NamespaceName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NamespaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

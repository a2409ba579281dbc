use std::any::Any;
use std::sync::Weak;

/// The server, for what it holds itself: that must not keep it alive. The modules above know what
/// it is.
#[derive(Clone)]
pub(crate) struct WeakServer(pub(crate) Weak<dyn Any + Send + Sync>);

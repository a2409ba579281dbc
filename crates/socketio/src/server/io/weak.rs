//! The weak handle to a server.

use std::fmt;
use std::sync::{Arc, Weak};

use engineio::Engine;

use super::SocketIo;
use crate::server::app::App;

/// A weak handle to the server, for values that the server owns: the state of its handlers and the
/// captures of its listeners.
///
/// Created by [`SocketIo::downgrade`]. Cheap to clone.
///
/// # Examples
///
/// ```
/// use axum::extract::State;
/// use socketio::{SocketIoLayer, WeakSocketIo};
///
/// #[derive(Clone)]
/// struct Notifier {
///     io: WeakSocketIo,
/// }
///
/// async fn alarm(State(notifier): State<Notifier>) {
///     if let Some(io) = notifier.io.upgrade() {
///         io.to("watchers").emit("alarm", &());
///     }
/// }
///
/// let io = SocketIoLayer::new().io();
/// let notifier = Notifier { io: io.downgrade() };
/// io.with_state(notifier).of("/").on("alarm", alarm);
/// ```
pub struct WeakSocketIo<S = ()> {
    engine: Weak<Engine<App>>,
    state: S,
}

impl<S> SocketIo<S> {
    /// Returns a weak handle, which does not keep the server alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakSocketIo<S>
    where
        S: Clone,
    {
        WeakSocketIo {
            engine: Arc::downgrade(&self.engine),
            state: self.state.clone(),
        }
    }
}

impl<S> WeakSocketIo<S> {
    /// Returns a handle to the server, or `None` if it was dropped.
    ///
    /// The server is dropped with the last [`SocketIo`], layer, service and request in progress.
    #[must_use]
    pub fn upgrade(&self) -> Option<SocketIo<S>>
    where
        S: Clone,
    {
        let engine = self.engine.upgrade()?;
        Some(SocketIo::new(engine, self.state.clone()))
    }
}

impl<S: Clone> Clone for WeakSocketIo<S> {
    fn clone(&self) -> Self {
        Self {
            engine: Weak::clone(&self.engine),
            state: self.state.clone(),
        }
    }
}

impl<S> fmt::Debug for WeakSocketIo<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSocketIo").finish_non_exhaustive()
    }
}

//! The tower layer.

use std::fmt;
use std::sync::Arc;

use engineio::{Engine, NotFound};
use tower_layer::Layer;

use crate::server::app::App;
use crate::server::io::SocketIo;
use crate::server::service::SocketIoService;

/// A tower layer that adds a Socket.IO server to a service.
///
/// The server handles requests below `/socket.io/` and passes all others to the wrapped service.
/// Add the layer to the outermost router, after the routes whose handlers use [`SocketIo`]. All
/// services wrapped by one layer value, or by its clones, share one server.
///
/// # Examples
///
/// ```
/// use axum::Router;
/// use socketio::{Socket, SocketIoLayer};
///
/// let layer = SocketIoLayer::new();
/// layer.io().of("/").on_connect(async |socket: Socket| socket.emit("hello", "world"));
///
/// let app: Router = Router::new().layer(layer);
/// ```
pub struct SocketIoLayer<S = ()> {
    engine: Arc<Engine<App>>,
    state: S,
}

impl<S> SocketIoLayer<S> {
    pub(crate) fn from_engine(engine: Arc<Engine<App>>, state: S) -> Self {
        Self { engine, state }
    }

    /// Returns a handle to the server, to register handlers with.
    #[must_use]
    pub fn io(&self) -> SocketIo<S>
    where
        S: Clone,
    {
        SocketIo::new(Arc::clone(&self.engine), self.state.clone())
    }

    /// Returns the server as a service that responds with `404 Not Found` outside of its path.
    #[must_use]
    pub fn into_service(self) -> SocketIoService<NotFound> {
        SocketIoService::standalone(self.engine)
    }
}

impl<S: Clone> Clone for SocketIoLayer<S> {
    fn clone(&self) -> Self {
        Self::from_engine(Arc::clone(&self.engine), self.state.clone())
    }
}

impl<S> fmt::Debug for SocketIoLayer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketIoLayer").finish_non_exhaustive()
    }
}

impl<I, S> Layer<I> for SocketIoLayer<S> {
    type Service = SocketIoService<I>;

    fn layer(&self, inner: I) -> Self::Service {
        SocketIoService::new(inner, Arc::clone(&self.engine))
    }
}

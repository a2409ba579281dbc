use std::fmt;
use std::sync::Arc;

use engineio::{Engine, NotFound};
use tower_layer::Layer;

use crate::server::app::App;
use crate::server::io::SocketIo;
use crate::server::service::SocketIoService;

/// Puts a Socket.IO server in front of the wrapped service.
///
/// It answers what is below `/socket.io/` and passes everything else on. Add it to the outermost
/// router, after the routes whose handlers use [`SocketIo`]. Everything that one layer value wraps
/// is one server; clones are the same server.
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

    /// A handle to the server, with which handlers are registered.
    #[must_use]
    pub fn io(&self) -> SocketIo<S>
    where
        S: Clone,
    {
        SocketIo::new(Arc::clone(&self.engine), self.state.clone())
    }

    /// The server as a service of its own: it answers `404 Not Found` to what is not below its
    /// path.
    #[must_use]
    pub fn into_service(self) -> SocketIoService<NotFound> {
        self.layer(NotFound)
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

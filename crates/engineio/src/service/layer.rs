use std::fmt;
use std::sync::Arc;

use tower_layer::Layer;

use crate::config::Config;
use crate::engine::Engine;
use crate::engine::application::Application;
use crate::service::EngineIoService;

/// Puts an Engine.IO server in front of the wrapped service.
///
/// Every service that one layer value makes, and those of its clones, share one table of
/// sessions: axum calls [`Layer::layer`] once per route.
pub struct EngineIoLayer<A: Application> {
    engine: Arc<Engine<A>>,
}

impl<A: Application> EngineIoLayer<A> {
    /// A layer with its own table of sessions.
    pub fn new(config: Config, application: A) -> Self {
        Self::from_engine(Arc::new(Engine::new(config, application)))
    }

    /// A layer that serves an engine that exists already.
    pub fn from_engine(engine: Arc<Engine<A>>) -> Self {
        Self { engine }
    }

    /// The engine behind this layer.
    pub fn engine(&self) -> &Arc<Engine<A>> {
        &self.engine
    }
}

impl<A: Application> Clone for EngineIoLayer<A> {
    fn clone(&self) -> Self {
        Self::from_engine(Arc::clone(&self.engine))
    }
}

impl<A: Application> fmt::Debug for EngineIoLayer<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineIoLayer").finish_non_exhaustive()
    }
}

impl<I, A: Application> Layer<I> for EngineIoLayer<A> {
    type Service = EngineIoService<I, A>;

    fn layer(&self, inner: I) -> Self::Service {
        EngineIoService::new(inner, Arc::clone(&self.engine))
    }
}

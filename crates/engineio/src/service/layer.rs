//! The tower layer.

use std::fmt;
use std::sync::Arc;

use tower_layer::Layer;

use crate::config::Config;
use crate::engine::Engine;
use crate::engine::application::Application;
use crate::service::EngineIoService;

/// A layer that adds an Engine.IO server to the inner service.
///
/// All services created by one layer value and its clones share one set of sessions, because axum
/// calls [`Layer::layer`] once per route.
pub struct EngineIoLayer<A: Application> {
    engine: Arc<Engine<A>>,
}

impl<A: Application> EngineIoLayer<A> {
    /// Creates a layer with its own engine.
    #[must_use]
    pub fn new(config: Config, application: A) -> Self {
        Self::from_engine(Arc::new(Engine::new(config, application)))
    }

    /// Creates a layer for an existing engine.
    #[must_use]
    pub fn from_engine(engine: Arc<Engine<A>>) -> Self {
        Self { engine }
    }

    /// Returns the engine.
    #[must_use]
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

//! The service under test, with its types erased.

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use axum_core::body::Body;
use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::{Request, Response};
use parking_lot::Mutex;
use tower_service::Service;

/// Any error.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// The service under test. A clone shares it.
#[derive(Clone)]
pub(crate) struct SharedService(Arc<dyn Fn(Request<Body>) -> Answer + Send + Sync>);

/// The response to a request, as soon as the service has it.
pub(crate) type Answer = BoxFuture<'static, Result<Response<Body>, BoxError>>;

impl SharedService {
    pub(crate) fn new<S, B>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        // The lock makes services `Sync` that are not; it is held for the clone only.
        let service = Mutex::new(service);
        Self(Arc::new(move |request| {
            let mut service = service.lock().clone();
            Box::pin(async move {
                poll_fn(|cx| service.poll_ready(cx))
                    .await
                    .map_err(Into::into)?;
                let response = service.call(request).await.map_err(Into::into)?;
                Ok(response.map(Body::new))
            })
        }))
    }

    /// Calls the service.
    pub(crate) fn call(&self, request: Request<Body>) -> Answer {
        (self.0)(request)
    }
}

impl fmt::Debug for SharedService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedService")
    }
}

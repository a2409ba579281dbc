//! Registration of wraps and tower layers around the handlers of events.

use std::future::poll_fn;

use engineio::BoxError;
use socketio_proto::Args;
use tower_layer::Layer;
use tower_service::Service;

use super::Namespace;
use super::registration::Registration;
use crate::context::Outcome;
use crate::extract::EventName;
use crate::handler::{
    EventCall, EventWrap, EventWrapListener, InnerEvents, Next, rejection_of_service,
};
use crate::registry::event_steps::EventStep;
use crate::socket::Socket;

impl<S> Namespace<S>
where
    S: Clone + Send + Sync + 'static,
{
    /// Adds a wrap: a middleware around the handlers of each event. Node has no counterpart.
    ///
    /// It is an `async fn` whose last argument is [`Next`]. `next.run().await` runs everything
    /// inside the wrap and returns the [`Outcome`] when all handlers of the event have finished.
    /// The wrap can measure, limit, repeat for another event or replace that, and it can change the
    /// answer. Its other arguments are extractors of event handlers.
    ///
    /// Wraps and [`event_middleware`](Self::event_middleware) are one list in the order of
    /// registration. The first one is the outermost, as in tower's `ServiceBuilder`. Middleware of
    /// a socket is inside all wraps. Listeners of [`on_any`](Self::on_any) are outside, and other
    /// kinds of handlers are not wrapped.
    ///
    /// The answer is sent when the outermost wrap has returned. That includes an answer through
    /// [`Ack`](crate::extract::Ack) that is sent before. An `Ack` that is sent later is sent at
    /// once.
    ///
    /// If a wrap returns an error or panics, the answer so far is discarded and the event is
    /// [rejected](crate::Rejection), as if a handler had panicked.
    ///
    /// An event with wraps counts once towards
    /// [`max_pending_events`](crate::SocketIoBuilder::max_pending_events), until the outermost wrap
    /// has returned. In an [`ordered`](Self::ordered) namespace, the next event waits for it.
    ///
    /// Wraps of a pattern apply to all its namespaces. Wraps cannot be removed. An event that has
    /// started keeps the wraps that it started with. The guide has examples in
    /// [`wrapping`](crate::guide::wrapping).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use http::StatusCode;
    /// use socketio::{Next, Outcome, Rejection, SocketIoLayer};
    ///
    /// /// Answers after two seconds at the latest.
    /// async fn limited(next: Next) -> Result<Outcome, Rejection> {
    ///     tokio::time::timeout(Duration::from_secs(2), next.run())
    ///         .await
    ///         .map_err(|_| Rejection::with_status(StatusCode::GATEWAY_TIMEOUT, "too slow"))
    /// }
    ///
    /// SocketIoLayer::new().io().of("/").wrap(limited);
    /// ```
    pub fn wrap<H, T>(self, wrap: H) -> Self
    where
        H: EventWrap<T, S>,
        T: 'static,
    {
        self.add_wrap("wrap", wrap)
    }

    /// Adds a tower layer around the handlers of each event, such as tower's `TimeoutLayer`,
    /// `ConcurrencyLimitLayer` or `LoadShedLayer`.
    ///
    /// The layer is a [`wrap`](Self::wrap). Its service is created once and cloned for each event,
    /// so a limit applies to all clients together, and for a pattern to all its namespaces. An
    /// event that waits for a service to be ready counts towards
    /// [`max_pending_events`](crate::SocketIoBuilder::max_pending_events).
    ///
    /// An error of the service rejects the event with the status "Service Unavailable" and the text
    /// of the error, which the client receives. A [`Rejection`](crate::Rejection) is used as it is.
    ///
    /// Services that are not `Clone` or not `Sync` need a `BufferLayer` around them. Layers for HTTP
    /// and `RetryLayer` cannot be used: an event is handled once.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use socketio::SocketIoLayer;
    /// use tower::ServiceBuilder;
    ///
    /// let limits = ServiceBuilder::new()
    ///     .load_shed()
    ///     .concurrency_limit(100)
    ///     .timeout(Duration::from_secs(3));
    /// SocketIoLayer::new().io().of("/").layer(limits);
    /// ```
    pub fn layer<L>(self, layer: L) -> Self
    where
        L: Layer<InnerEvents>,
        L::Service: Service<EventCall, Response = Outcome> + Clone + Send + Sync + 'static,
        <L::Service as Service<EventCall>>::Error: Into<BoxError>,
        <L::Service as Service<EventCall>>::Future: Send,
    {
        let service = layer.layer(InnerEvents::new());
        let wrap = move |name: EventName, socket: Socket, args: Args, next: Next| {
            let mut service = service;
            async move {
                let ready = poll_fn(|cx| service.poll_ready(cx)).await;
                ready.map_err(rejection_of_service)?;
                let call = EventCall {
                    name,
                    socket,
                    args,
                    next,
                };
                service.call(call).await.map_err(rejection_of_service)
            }
        };
        self.add_wrap("layer", wrap)
    }

    fn add_wrap<H, T>(self, method: &'static str, wrap: H) -> Self
    where
        H: EventWrap<T, S>,
        T: 'static,
    {
        let listener = EventWrapListener::new(wrap, self.state.clone());
        let registration = Registration::new::<H>(method, None);
        self.add(
            &registration,
            &|handler, handlers| handler.count(handlers.event_steps.iter()),
            &|handlers| handlers.event_steps.push(EventStep::Wrap(listener.clone())),
        )
    }
}

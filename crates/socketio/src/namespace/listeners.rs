//! Event middleware, catch-all listeners and the removal of handlers of a namespace.

use std::any::TypeId;
use std::sync::Arc;

use socketio_proto::Args;

use super::registration::Registration;
use super::{Namespace, Selection};
use crate::handler::{EventHandler, EventListener, EventMiddleware, EventMiddlewareListener};
use crate::namespace::socket_listeners::assert_not_reserved;
use crate::registry::event_steps::EventStep;
use crate::registry::handlers::{HandlerEntry, Handlers, OutgoingHandler};
use crate::registry::namespace_inner::NamespaceInner;
use crate::socket::Socket;
use crate::socket_state::listeners::ListenerId;
use crate::socket_state::listeners::Position;

impl<S> Namespace<S>
where
    S: Clone + Send + Sync + 'static,
{
    /// Adds a middleware for the events of all sockets (Node's `socket.use`).
    ///
    /// It runs before the handlers of each event, in the order of registration, even if the event
    /// has no handler. It has the extractors of event handlers. Its return value decides about the
    /// event: `()` passes it on, an [`Event`](crate::extract::Event) replaces it (a new name
    /// selects other handlers), and an error rejects it, see
    /// [`EventMiddlewareOutput`](crate::handler::EventMiddlewareOutput). A rejected event is
    /// logged, passed to [`on_rejection`](Self::on_rejection) (Node emits `error`), and answered if
    /// the client requested an acknowledgement. A panic or a failed extractor rejects the event
    /// too.
    ///
    /// A middleware that waits delays its event but not the next one, unless the namespace is
    /// [`ordered`](Self::ordered). Waiting events count towards
    /// [`max_pending_events`](crate::SocketIoBuilder::max_pending_events).
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio::extract::{EventName, SocketData};
    /// use socketio::{Rejection, SocketIoLayer};
    ///
    /// #[derive(Clone)]
    /// struct User {
    ///     is_admin: bool,
    /// }
    ///
    /// async fn authorize(
    ///     event: EventName,
    ///     SocketData(user): SocketData<User>,
    /// ) -> Result<(), Rejection> {
    ///     if event.starts_with("admin:") && !user.is_admin {
    ///         return Err(Rejection::new("this is for administrators"));
    ///     }
    ///     Ok(())
    /// }
    ///
    /// SocketIoLayer::new().io().of("/").event_middleware(authorize);
    /// ```
    #[doc(alias = "use")]
    pub fn event_middleware<H, T>(self, middleware: H) -> Self
    where
        H: EventMiddleware<T, S>,
        T: 'static,
    {
        let listener = EventMiddlewareListener::new(middleware, self.state.clone());
        let registration = Registration::new::<H>("event_middleware", None);
        self.add(
            &registration,
            &|handler, handlers| handler.count(handlers.event_steps.iter()),
            &|handlers| {
                let step = EventStep::Middleware(listener.clone());
                handlers.event_steps.push(step);
            },
        )
    }

    /// Adds a handler in front of the existing handlers of the event (Node's `prependListener`).
    ///
    /// # Panics
    ///
    /// Panics if the name is reserved, see [`on`](Self::on).
    #[doc(alias = "prependListener")]
    pub fn prepend<H, T>(self, event: &str, handler: H) -> Self
    where
        H: EventHandler<T, S>,
        T: 'static,
    {
        self.add_event(event, Position::First, handler)
    }

    /// Adds a listener for every event of all clients, whether it has a handler or not (Node's
    /// `onAny`).
    ///
    /// The listener is an event handler that starts before the middleware: it sees the event as the
    /// client sent it, including events that middleware rejects. Leave the acknowledgement to the
    /// handlers, because the first answer counts. A rejection or panic of the listener is logged
    /// and not answered.
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio::extract::EventName;
    /// use socketio::{Socket, SocketIoLayer};
    ///
    /// SocketIoLayer::new().io().of("/").on_any(async |socket: Socket, event: EventName| {
    ///     println!("{} has sent {event}", socket.id());
    /// });
    /// ```
    #[doc(alias = "onAny")]
    pub fn on_any<H, T>(self, handler: H) -> Self
    where
        H: EventHandler<T, S>,
        T: 'static,
    {
        self.add_any(Position::Last, handler)
    }

    /// Adds a listener in front of those of [`on_any`](Self::on_any) (Node's `prependAny`).
    #[doc(alias = "prependAny")]
    pub fn prepend_any<H, T>(self, handler: H) -> Self
    where
        H: EventHandler<T, S>,
        T: 'static,
    {
        self.add_any(Position::First, handler)
    }

    pub(super) fn add_event<H, T>(self, event: &str, position: Position, handler: H) -> Self
    where
        H: EventHandler<T, S>,
        T: 'static,
    {
        assert_not_reserved(event);
        let listener = HandlerEntry::new(EventListener::new(handler, self.state.clone()));
        let registration = Registration::new::<H>("on", Some(event));
        self.add(
            &registration,
            &|handler, handlers| handler.count(handlers.events.get(event).into_iter().flatten()),
            &|handlers| handlers.add_event(event, listener.clone(), position),
        )
    }

    fn add_any<H, T>(self, position: Position, handler: H) -> Self
    where
        H: EventHandler<T, S>,
        T: 'static,
    {
        let listener = HandlerEntry::new(EventListener::new(handler, self.state.clone()));
        let registration = Registration::new::<H>("on_any", None);
        self.add(
            &registration,
            &|handler, handlers| handler.count(&handlers.any),
            &|handlers| handlers.add_any(listener.clone(), position),
        )
    }
}

impl<S> Namespace<S> {
    /// Adds a listener for every event that is sent to a socket of this server (Node's
    /// `onAnyOutgoing`).
    ///
    /// It is called with the socket, and for a broadcast once for each receiving socket. It runs
    /// before the listeners of the socket, see [`Socket::on_any_outgoing`].
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio::SocketIoLayer;
    ///
    /// SocketIoLayer::new().io().of("/").on_any_outgoing(|socket, event, args| {
    ///     println!("{} gets {event} with {} arguments", socket.id(), args.len());
    /// });
    /// ```
    #[doc(alias = "onAnyOutgoing")]
    pub fn on_any_outgoing<F>(self, listener: F) -> Self
    where
        F: Fn(&Socket, &str, &Args) + Send + Sync + 'static,
    {
        self.add_outgoing(Position::Last, listener)
    }

    /// Adds a listener in front of those of [`on_any_outgoing`](Self::on_any_outgoing) (Node's
    /// `prependAnyOutgoing`).
    #[doc(alias = "prependAnyOutgoing")]
    pub fn prepend_any_outgoing<F>(self, listener: F) -> Self
    where
        F: Fn(&Socket, &str, &Args) + Send + Sync + 'static,
    {
        self.add_outgoing(Position::First, listener)
    }

    /// Removes an event handler by its id, see [`listeners`](Self::listeners). Returns whether it
    /// existed.
    ///
    /// Handlers that are running continue. Listeners of single sockets are not affected.
    pub fn off(&self, id: ListenerId) -> bool {
        self.remove_handlers(&|handlers| handlers.remove_event(id))
    }

    /// Removes one catch-all listener. Returns whether it existed.
    #[doc(alias = "offAny")]
    pub fn off_any(&self, id: ListenerId) -> bool {
        self.remove_handlers(&|handlers| remove(&mut handlers.any, id))
    }

    /// Removes all catch-all listeners (Node's `offAny()`).
    #[doc(alias = "offAny")]
    pub fn off_all_any(&self) {
        self.remove_handlers(&|handlers| !std::mem::take(&mut handlers.any).is_empty());
    }

    /// Removes one listener of outgoing events. Returns whether it existed.
    #[doc(alias = "offAnyOutgoing")]
    pub fn off_any_outgoing(&self, id: ListenerId) -> bool {
        self.remove_handlers(&|handlers| remove(&mut handlers.outgoing, id))
    }

    /// Removes all listeners of outgoing events (Node's `offAnyOutgoing()`).
    #[doc(alias = "offAnyOutgoing")]
    pub fn off_all_any_outgoing(&self) {
        self.remove_handlers(&|handlers| !std::mem::take(&mut handlers.outgoing).is_empty());
    }

    /// Removes the handlers of an event (Node's `removeAllListeners(event)`).
    #[doc(alias = "removeAllListeners")]
    pub fn remove_listeners(&self, event: &str) {
        self.remove_handlers(&|handlers| handlers.events.remove(event).is_some());
    }

    /// Removes the handlers of all events (Node's `removeAllListeners()`).
    ///
    /// Middleware, the listeners of [`on_any`](Self::on_any) and
    /// [`on_any_outgoing`](Self::on_any_outgoing), connect and disconnect handlers, and the
    /// listeners of single sockets are kept.
    #[doc(alias = "removeAllListeners")]
    pub fn remove_all_listeners(&self) {
        self.remove_handlers(&|handlers| !std::mem::take(&mut handlers.events).is_empty());
    }

    /// Returns the sorted names of events that have handlers (Node's `eventNames`).
    #[doc(alias = "eventNames")]
    pub fn event_names(&self) -> Vec<String> {
        let mut names = self.read(|handlers| {
            let names = handlers.events.keys();
            names.map(ToString::to_string).collect::<Vec<_>>()
        });
        names.sort_unstable();
        names
    }

    /// Returns the handlers of an event in the order in which they are called (Node's `listeners`).
    pub fn listeners(&self, event: &str) -> Vec<ListenerId> {
        self.read(|handlers| handlers.events.get(event).map(|list| ids(list)))
            .unwrap_or_default()
    }

    /// Returns the number of handlers of an event (Node's `listenerCount`).
    #[doc(alias = "listenerCount")]
    pub fn listener_count(&self, event: &str) -> usize {
        self.listeners(event).len()
    }

    /// Returns the catch-all listeners in the order in which they are called (Node's
    /// `listenersAny`).
    #[doc(alias = "listenersAny")]
    pub fn listeners_any(&self) -> Vec<ListenerId> {
        self.read(|handlers| ids(&handlers.any))
    }

    /// Returns the listeners of outgoing events in the order in which they are called (Node's
    /// `listenersAnyOutgoing`).
    #[doc(alias = "listenersAnyOutgoing")]
    pub fn listeners_any_outgoing(&self) -> Vec<ListenerId> {
        self.read(|handlers| ids(&handlers.outgoing))
    }

    fn add_outgoing<F>(self, position: Position, listener: F) -> Self
    where
        F: Fn(&Socket, &str, &Args) + Send + Sync + 'static,
    {
        let listener = HandlerEntry::new(OutgoingHandler {
            listener: Arc::new(listener),
            handler_type: TypeId::of::<F>(),
        });
        let registration = Registration::new::<F>("on_any_outgoing", None);
        self.add(
            &registration,
            &|handler, handlers| handler.count(&handlers.outgoing),
            &|handlers| handlers.add_outgoing(listener.clone(), position),
        )
    }

    /// Removes handlers. Returns whether any existed, in the namespace or in any child of the
    /// pattern.
    fn remove_handlers(&self, remove_handlers: &dyn Fn(&mut Handlers) -> bool) -> bool {
        match &self.selection {
            Selection::Children(parent) => parent.remove_handlers(remove_handlers),
            Selection::One(shared) => match shared.owner::<NamespaceInner>() {
                Some(core) => core.remove_handlers(remove_handlers),
                None => false,
            },
        }
    }

    /// Reads the handler table, which is empty if the namespace was removed.
    fn read<R>(&self, read: impl FnOnce(&Handlers) -> R) -> R {
        match &self.selection {
            Selection::Children(parent) => read(&parent.handlers()),
            Selection::One(shared) => match shared.owner::<NamespaceInner>() {
                Some(core) => read(&core.handlers()),
                None => read(&Handlers::default()),
            },
        }
    }
}

/// Removes the listener with this id. Returns whether it existed.
fn remove<H>(listeners: &mut Vec<HandlerEntry<H>>, id: ListenerId) -> bool {
    let before = listeners.len();
    listeners.retain(|listener| listener.id != id);
    listeners.len() < before
}

fn ids<H>(listeners: &[HandlerEntry<H>]) -> Vec<ListenerId> {
    listeners.iter().map(|listener| listener.id).collect()
}

#[cfg(test)]
mod tests {
    use crate::server::layer::SocketIoLayer;

    use super::*;

    /// Removed listeners must leave no cost behind.
    #[tokio::test]
    async fn removed_outgoing_listeners_leave_no_cost() {
        let layer = SocketIoLayer::new();
        let namespace = layer.io().of("/");
        let Selection::One(shared) = namespace.selection.clone() else {
            panic!("expected a namespace, not a pattern");
        };
        let has_listeners = || shared.local.outgoing.has_listeners();
        assert!(!has_listeners());
        let namespace = namespace
            .on_any_outgoing(|_, _, _| ())
            .on("event", async || {})
            .on_any_outgoing(|_, _, _| ());
        assert!(has_listeners());
        let first = *namespace.listeners_any_outgoing().first().expect("two");
        assert!(namespace.off_any_outgoing(first));
        assert!(has_listeners());
        namespace.off_all_any_outgoing();
        assert!(!has_listeners());
    }
}

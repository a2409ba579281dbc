//! What a namespace hears of all events, and which of its handlers are taken out again.

use std::sync::Arc;

use socketio_proto::Args;

use super::{Namespace, Selection};
use crate::handler::{EventHandler, EventListener, EventMiddleware, EventMiddlewareListener};
use crate::namespace::socket_listeners::assert_not_reserved;
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
    /// It runs before the handlers of each event, also of those that nothing handles, in the order
    /// of registration. It takes what event handlers take. What it returns lets the event pass
    /// (`()`), changes it ([`Event`](crate::extract::Event): another name is for other handlers)
    /// or refuses it (an error, see
    /// [`EventMiddlewareOutput`](crate::handler::EventMiddlewareOutput)). A refused event is
    /// [rejected](crate::Rejection): logged, given to [`on_rejection`](Self::on_rejection), where
    /// Node's server emits `error`, and answered if the client asked for an acknowledgement. So is
    /// one whose middleware panics, or cannot extract its arguments.
    ///
    /// An event whose middleware waits for something does not hold up the next, unless the
    /// namespace is [`ordered`](Self::ordered); the others keep their order. It counts among the
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
    pub fn event_middleware<H, T>(self, middleware: H) -> Self
    where
        H: EventMiddleware<T, S>,
        T: 'static,
    {
        let listener = EventMiddlewareListener::new(middleware, self.state.clone());
        self.register(|handlers| handlers.event_middleware.push(listener.clone()))
    }

    /// Adds a handler as [`on`](Self::on) does, before those that the event has (Node's
    /// `prependListener`).
    ///
    /// # Panics
    ///
    /// If the name is reserved, see [`on`](Self::on).
    pub fn prepend<H, T>(self, event: &str, handler: H) -> Self
    where
        H: EventHandler<T, S>,
        T: 'static,
    {
        self.add_event(event, Position::First, handler)
    }

    /// Adds a listener that hears every event of all clients, whether it is handled or not (Node's
    /// `onAny`).
    ///
    /// It is an event handler and started before the middleware: it hears the event as the client
    /// has sent it, and what is refused as well. It should look on and leave the answer to the
    /// handlers, though the first answer counts, also its own. If it is rejected or panics, that is
    /// logged and nobody is answered.
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
    pub fn on_any<H, T>(self, handler: H) -> Self
    where
        H: EventHandler<T, S>,
        T: 'static,
    {
        self.add_any(Position::Last, handler)
    }

    /// Adds a listener as [`on_any`](Self::on_any) does, before those that are there.
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
        self.register(|handlers| handlers.add_event(event, listener.clone(), position))
    }

    fn add_any<H, T>(self, position: Position, handler: H) -> Self
    where
        H: EventHandler<T, S>,
        T: 'static,
    {
        let listener = HandlerEntry::new(EventListener::new(handler, self.state.clone()));
        self.register(|handlers| handlers.add_any(listener.clone(), position))
    }
}

impl<S> Namespace<S> {
    /// Adds a listener that hears every event that is sent to a socket of this server (Node's
    /// `onAnyOutgoing`), and is called with that socket. A broadcast is heard once for each socket
    /// that receives it.
    ///
    /// See [`Socket::on_any_outgoing`]; this one is called before those of the socket.
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
    pub fn on_any_outgoing<F>(self, listener: F) -> Self
    where
        F: Fn(&Socket, &str, &Args) + Send + Sync + 'static,
    {
        self.add_outgoing(Position::Last, listener)
    }

    /// Adds a listener as [`on_any_outgoing`](Self::on_any_outgoing) does, before those that are
    /// there.
    pub fn prepend_any_outgoing<F>(self, listener: F) -> Self
    where
        F: Fn(&Socket, &str, &Args) + Send + Sync + 'static,
    {
        self.add_outgoing(Position::First, listener)
    }

    /// Takes one handler of an event out, by the id that [`listeners`](Self::listeners) tells.
    /// Returns whether it was there.
    ///
    /// Handlers that have been started go on; those of single sockets stay.
    pub fn off(&self, id: ListenerId) -> bool {
        self.remove_handlers(|handlers| handlers.remove_event(id))
    }

    /// Takes out one listener of every event. Returns whether it was there.
    pub fn off_any(&self, id: ListenerId) -> bool {
        self.remove_handlers(|handlers| remove(&mut handlers.any, id))
    }

    /// Takes out all listeners of every event.
    pub fn off_all_any(&self) {
        self.remove_handlers(|handlers| !std::mem::take(&mut handlers.any).is_empty());
    }

    /// Takes out one listener of what is sent. Returns whether it was there.
    pub fn off_any_outgoing(&self, id: ListenerId) -> bool {
        self.remove_handlers(|handlers| remove(&mut handlers.outgoing, id))
    }

    /// Takes out all listeners of what is sent.
    pub fn off_all_any_outgoing(&self) {
        self.remove_handlers(|handlers| !std::mem::take(&mut handlers.outgoing).is_empty());
    }

    /// Takes out the handlers of an event (Node's `removeAllListeners(event)`).
    pub fn remove_listeners(&self, event: &str) {
        self.remove_handlers(|handlers| handlers.events.remove(event).is_some());
    }

    /// Takes out the handlers of all events (Node's `removeAllListeners()`).
    ///
    /// All else stays: middleware, the listeners of [`on_any`](Self::on_any) and
    /// [`on_any_outgoing`](Self::on_any_outgoing), connect and disconnect handlers, and the
    /// listeners of single sockets.
    pub fn remove_all_listeners(&self) {
        self.remove_handlers(|handlers| !std::mem::take(&mut handlers.events).is_empty());
    }

    /// The events that have handlers, sorted (Node's `eventNames`).
    pub fn event_names(&self) -> Vec<String> {
        let mut names = self.read(|handlers| {
            let names = handlers.events.keys();
            names.map(ToString::to_string).collect::<Vec<_>>()
        });
        names.sort_unstable();
        names
    }

    /// The handlers of an event, in the order in which they are called (Node's `listeners`).
    pub fn listeners(&self, event: &str) -> Vec<ListenerId> {
        self.read(|handlers| handlers.events.get(event).map(|list| ids(list)))
            .unwrap_or_default()
    }

    /// How many handlers an event has (Node's `listenerCount`).
    pub fn listener_count(&self, event: &str) -> usize {
        self.listeners(event).len()
    }

    /// The listeners of every event, in the order in which they are called.
    pub fn listeners_any(&self) -> Vec<ListenerId> {
        self.read(|handlers| ids(&handlers.any))
    }

    /// The listeners of what is sent, in the order in which they are called.
    pub fn listeners_any_outgoing(&self) -> Vec<ListenerId> {
        self.read(|handlers| ids(&handlers.outgoing))
    }

    fn add_outgoing<F>(self, position: Position, listener: F) -> Self
    where
        F: Fn(&Socket, &str, &Args) + Send + Sync + 'static,
    {
        let listener = HandlerEntry::new(OutgoingHandler(Arc::new(listener)));
        self.register(|handlers| handlers.add_outgoing(listener.clone(), position))
    }

    /// Takes handlers out. Returns whether one was there, in the namespace or in any of those that
    /// were made after the pattern.
    fn remove_handlers(&self, remove_handlers: impl Fn(&mut Handlers) -> bool) -> bool {
        match &self.selection {
            Selection::Children(parent) => parent.remove_handlers(remove_handlers),
            Selection::One(shared) => match shared.owner::<NamespaceInner>() {
                Some(core) => core.remove_handlers(remove_handlers),
                None => false,
            },
        }
    }

    /// Reads the table of handlers, which is empty if the namespace has gone.
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

/// Takes the listener of this id out. Tells whether there was one.
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

    /// Guards against costs that stay when the listeners have gone.
    #[tokio::test]
    async fn a_namespace_is_heard_while_one_of_its_listeners_is_there() {
        let layer = SocketIoLayer::new();
        let namespace = layer.io().of("/");
        let Selection::One(shared) = namespace.selection.clone() else {
            panic!("a name is no pattern");
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

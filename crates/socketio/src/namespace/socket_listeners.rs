//! Listeners of one socket, in addition to the handlers of its namespace.

use socketio_proto::Args;

use crate::handler::{
    DisconnectHandler, DisconnectListener, EventHandler, EventListener, EventMiddleware,
    EventMiddlewareListener,
};
use crate::socket::Socket;
use crate::socket_state::listeners::{ListenerId, Position, Role};

/// # Listeners of one socket
///
/// Handlers usually belong to the namespace. These listeners belong to one socket: they run after
/// those of the namespace and are dropped when the socket is disconnected, even if they own the
/// socket. They have no [`State`](crate::guide::state); a closure captures what it needs.
///
/// Listeners that a connect handler adds before its first `.await` receive every event of the
/// client. In an [`ordered`](crate::Namespace::ordered) namespace, this holds for all listeners
/// that a connect handler adds.
impl Socket {
    /// Adds a handler for an event of this client (Node's `socket.on`).
    ///
    /// # Panics
    ///
    /// Panics if the name is reserved: `connect`, `connect_error`, `disconnect`, `disconnecting`,
    /// `newListener`, `removeListener`.
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio::extract::Data;
    /// use socketio::{Namespace, Reply, Socket};
    ///
    /// async fn connected(socket: Socket) {
    ///     let secret = rand_number();
    ///     socket.on("guess", move |Data(guess): Data<u8>| async move { Reply(guess == secret) });
    ///     let greeting = socket.once("hello", async |socket: Socket| socket.emit("welcome", ""));
    ///     socket.off(greeting);
    /// }
    /// # fn rand_number() -> u8 { 4 }
    /// ```
    pub fn on<H, T>(&self, event: &str, handler: H) -> ListenerId
    where
        H: EventHandler<T, ()>,
        T: 'static,
    {
        self.add_event(event, false, Position::Last, handler)
    }

    /// Adds a handler for the next event with this name (Node's `once`).
    ///
    /// It is called once, even if several such events arrive together. An event that middleware
    /// rejects does not count.
    ///
    /// # Panics
    ///
    /// Panics if the name is reserved, see [`on`](Self::on).
    pub fn once<H, T>(&self, event: &str, handler: H) -> ListenerId
    where
        H: EventHandler<T, ()>,
        T: 'static,
    {
        self.add_event(event, true, Position::Last, handler)
    }

    /// Adds a handler in front of the existing handlers of the socket (Node's `prependListener`).
    ///
    /// # Panics
    ///
    /// Panics if the name is reserved, see [`on`](Self::on).
    #[doc(alias = "prependListener")]
    pub fn prepend<H, T>(&self, event: &str, handler: H) -> ListenerId
    where
        H: EventHandler<T, ()>,
        T: 'static,
    {
        self.add_event(event, false, Position::First, handler)
    }

    /// Adds a handler for the next event with this name in front of the existing handlers of the
    /// socket (Node's `prependOnceListener`).
    ///
    /// # Panics
    ///
    /// Panics if the name is reserved, see [`on`](Self::on).
    #[doc(alias = "prependOnceListener")]
    pub fn prepend_once<H, T>(&self, event: &str, handler: H) -> ListenerId
    where
        H: EventHandler<T, ()>,
        T: 'static,
    {
        self.add_event(event, true, Position::First, handler)
    }

    /// Adds a handler that runs when this socket is about to leave and is still in its rooms
    /// (Node's event `disconnecting`).
    pub fn on_disconnecting<H, T>(&self, handler: H) -> ListenerId
    where
        H: DisconnectHandler<T, ()>,
        T: 'static,
    {
        let listener = DisconnectListener::new(handler, ());
        let listeners = &self.state().listeners;
        listeners.add(Role::Disconnecting, Position::Last, listener)
    }

    /// Adds a handler that runs when this socket has left its rooms and the namespace (Node's event
    /// `disconnect`).
    pub fn on_disconnect<H, T>(&self, handler: H) -> ListenerId
    where
        H: DisconnectHandler<T, ()>,
        T: 'static,
    {
        let listener = DisconnectListener::new(handler, ());
        let listeners = &self.state().listeners;
        listeners.add(Role::Disconnect, Position::Last, listener)
    }

    /// Adds a middleware for the events of this client (Node's `socket.use`), see
    /// [`Namespace::event_middleware`](crate::Namespace::event_middleware).
    ///
    /// It runs after the middleware of the namespace. [`off`](Self::off) removes it.
    #[doc(alias = "use")]
    pub fn event_middleware<H, T>(&self, middleware: H) -> ListenerId
    where
        H: EventMiddleware<T, ()>,
        T: 'static,
    {
        let listener = EventMiddlewareListener::new(middleware, ());
        let listeners = &self.state().listeners;
        listeners.add(Role::Middleware, Position::Last, listener)
    }

    /// Adds a listener for every event of this client (Node's `onAny`), see
    /// [`Namespace::on_any`](crate::Namespace::on_any).
    #[doc(alias = "onAny")]
    pub fn on_any<H, T>(&self, handler: H) -> ListenerId
    where
        H: EventHandler<T, ()>,
        T: 'static,
    {
        self.add_any(Position::Last, handler)
    }

    /// Adds a listener in front of those of [`on_any`](Self::on_any) (Node's `prependAny`).
    #[doc(alias = "prependAny")]
    pub fn prepend_any<H, T>(&self, handler: H) -> ListenerId
    where
        H: EventHandler<T, ()>,
        T: 'static,
    {
        self.add_any(Position::First, handler)
    }

    /// Adds a listener for every event that is sent to this client (Node's `onAnyOutgoing`).
    ///
    /// It is called by the sender, with the name and the arguments, before the event is sent. Keep
    /// it short. It receives broadcasts of this and of other servers, but no acknowledgements. A
    /// volatile event that is then dropped is included, as in Node.
    ///
    /// While a socket has such a listener, each event to a socket of the namespace costs slightly
    /// more.
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio::Socket;
    ///
    /// async fn connected(socket: Socket) {
    ///     let id = socket.id().clone();
    ///     socket.on_any_outgoing(move |event, args| println!("{id} gets {event}: {args:?}"));
    /// }
    /// ```
    #[doc(alias = "onAnyOutgoing")]
    pub fn on_any_outgoing<F>(&self, listener: F) -> ListenerId
    where
        F: Fn(&str, &Args) + Send + Sync + 'static,
    {
        self.add_outgoing(Position::Last, listener)
    }

    /// Adds a listener in front of those of [`on_any_outgoing`](Self::on_any_outgoing) (Node's
    /// `prependAnyOutgoing`).
    #[doc(alias = "prependAnyOutgoing")]
    pub fn prepend_any_outgoing<F>(&self, listener: F) -> ListenerId
    where
        F: Fn(&str, &Args) + Send + Sync + 'static,
    {
        self.add_outgoing(Position::First, listener)
    }

    /// Removes a listener of this socket, of any kind. Returns whether it existed.
    ///
    /// Handlers that are running continue.
    pub fn off(&self, id: ListenerId) -> bool {
        self.remove(&|other, _| other == id)
    }

    /// Removes one catch-all listener. Returns whether it existed.
    #[doc(alias = "offAny")]
    pub fn off_any(&self, id: ListenerId) -> bool {
        self.remove(&|other, role| other == id && *role == Role::Any)
    }

    /// Removes all catch-all listeners (Node's `offAny()`).
    #[doc(alias = "offAny")]
    pub fn off_all_any(&self) {
        self.remove(&|_, role| *role == Role::Any);
    }

    /// Removes one listener of outgoing events. Returns whether it existed.
    #[doc(alias = "offAnyOutgoing")]
    pub fn off_any_outgoing(&self, id: ListenerId) -> bool {
        self.remove(&|other, role| other == id && *role == Role::Outgoing)
    }

    /// Removes all listeners of outgoing events (Node's `offAnyOutgoing()`).
    #[doc(alias = "offAnyOutgoing")]
    pub fn off_all_any_outgoing(&self) {
        self.remove(&|_, role| *role == Role::Outgoing);
    }

    /// Removes the handlers of an event, including `disconnecting` and `disconnect` (Node's
    /// `removeAllListeners(event)`).
    #[doc(alias = "removeAllListeners")]
    pub fn remove_listeners(&self, event: &str) {
        self.remove(&|_, role| role.event() == Some(event));
    }

    /// Removes the handlers of all events, including `disconnecting` and `disconnect` (Node's
    /// `removeAllListeners()`).
    ///
    /// Middleware and the listeners of [`on_any`](Self::on_any) and
    /// [`on_any_outgoing`](Self::on_any_outgoing) are kept.
    #[doc(alias = "removeAllListeners")]
    pub fn remove_all_listeners(&self) {
        self.remove(&|_, role| role.event().is_some());
    }

    /// Returns the names of events for which this socket has handlers, in the order in which they
    /// are called (Node's `eventNames`).
    #[must_use]
    #[doc(alias = "eventNames")]
    pub fn event_names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        self.state().listeners.for_each(&mut |_, role| {
            if let Some(event) = role.event()
                && !names.iter().any(|name| name == event)
            {
                names.push(event.to_owned());
            }
        });
        names
    }

    /// Returns the handlers of this socket for an event, in the order in which they are called
    /// (Node's `listeners`).
    #[must_use]
    pub fn listeners(&self, event: &str) -> Vec<ListenerId> {
        self.ids(&|role| role.event() == Some(event))
    }

    /// Returns the number of handlers of this socket for an event (Node's `listenerCount`).
    #[must_use]
    #[doc(alias = "listenerCount")]
    pub fn listener_count(&self, event: &str) -> usize {
        self.listeners(event).len()
    }

    /// Returns the catch-all listeners of this socket, in the order in which they are called
    /// (Node's `listenersAny`).
    #[must_use]
    #[doc(alias = "listenersAny")]
    pub fn listeners_any(&self) -> Vec<ListenerId> {
        self.ids(&|role| *role == Role::Any)
    }

    /// Returns the listeners of outgoing events of this socket, in the order in which they are
    /// called (Node's `listenersAnyOutgoing`).
    #[must_use]
    #[doc(alias = "listenersAnyOutgoing")]
    pub fn listeners_any_outgoing(&self) -> Vec<ListenerId> {
        self.ids(&|role| *role == Role::Outgoing)
    }

    fn add_event<H, T>(&self, event: &str, once: bool, position: Position, handler: H) -> ListenerId
    where
        H: EventHandler<T, ()>,
        T: 'static,
    {
        assert_not_reserved(event);
        let role = Role::Event {
            name: event.into(),
            once,
        };
        let listener = EventListener::new(handler, ());
        self.state().listeners.add(role, position, listener)
    }

    fn add_any<H, T>(&self, position: Position, handler: H) -> ListenerId
    where
        H: EventHandler<T, ()>,
        T: 'static,
    {
        let listener = EventListener::new(handler, ());
        self.state().listeners.add(Role::Any, position, listener)
    }

    fn add_outgoing<F>(&self, position: Position, listener: F) -> ListenerId
    where
        F: Fn(&str, &Args) + Send + Sync + 'static,
    {
        let listener = self.namespace_shared().local.outgoing.listener(listener);
        let listeners = &self.state().listeners;
        listeners.add(Role::Outgoing, position, listener)
    }

    fn remove(&self, is_meant: &dyn Fn(ListenerId, &Role) -> bool) -> bool {
        self.state().listeners.remove(is_meant) > 0
    }

    fn ids(&self, is_meant: &dyn Fn(&Role) -> bool) -> Vec<ListenerId> {
        let mut ids = Vec::new();
        self.state().listeners.for_each(&mut |id, role| {
            if is_meant(role) {
                ids.push(id);
            }
        });
        ids
    }
}

/// Listeners to call for an event.
impl Socket {
    pub(crate) fn any_listeners(&self) -> Vec<EventListener> {
        let listeners = &self.state().listeners;
        listeners.select(&|role| *role == Role::Any)
    }

    pub(crate) fn own_middleware(&self) -> Vec<EventMiddlewareListener> {
        let listeners = &self.state().listeners;
        listeners.select(&|role| *role == Role::Middleware)
    }

    /// Returns the handlers of an event and removes one-time handlers.
    pub(crate) fn listeners_of(&self, event: &str) -> Vec<EventListener> {
        let listeners = &self.state().listeners;
        listeners.select(&|role| matches!(role, Role::Event { name, .. } if name == event))
    }

    pub(crate) fn own_disconnecting(&self) -> Vec<DisconnectListener> {
        let listeners = &self.state().listeners;
        listeners.select(&|role| *role == Role::Disconnecting)
    }

    pub(crate) fn own_disconnect(&self) -> Vec<DisconnectListener> {
        let listeners = &self.state().listeners;
        listeners.select(&|role| *role == Role::Disconnect)
    }
}

/// Checks the name of an event that clients send.
///
/// # Panics
///
/// Panics if the name is reserved by the protocol.
#[track_caller]
pub(crate) fn assert_not_reserved(event: &str) {
    assert!(
        !socketio_proto::is_reserved(event),
        "{event:?} is a reserved event name: use `on_connect` of the namespace, \
         `on_disconnecting` or `on_disconnect`, or choose another name"
    );
}

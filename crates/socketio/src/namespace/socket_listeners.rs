//! What a socket listens to on its own, beside the handlers of its namespace.

use socketio_proto::Args;

use crate::handler::{
    DisconnectHandler, DisconnectListener, EventHandler, EventListener, EventMiddleware,
    EventMiddlewareListener,
};
use crate::socket::Socket;
use crate::socket_state::listeners::ListenerId;
use crate::socket_state::listeners::{Position, Role, Selected};

/// # Listeners of one socket
///
/// Handlers belong to the namespace as a rule. These are for what concerns one socket alone: they
/// run after those of the namespace, and go when the socket is disconnected. They have no
/// [`State`](crate::guide::state): a closure captures what it needs. One that holds the socket
/// itself keeps it no longer than it is connected.
///
/// Those that a connect handler adds before its first `.await` hear every event of the client, and
/// so do all that a connect handler adds in an [`ordered`](crate::Namespace::ordered) namespace.
impl Socket {
    /// Adds a handler for an event of this client.
    ///
    /// # Panics
    ///
    /// If the name is reserved: `connect`, `connect_error`, `disconnect`, `disconnecting`,
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

    /// Adds a handler for the next event of this name.
    ///
    /// It is called once, however many events come at the same time. An event that middleware
    /// refuses does not count.
    ///
    /// # Panics
    ///
    /// If the name is reserved, see [`on`](Self::on).
    pub fn once<H, T>(&self, event: &str, handler: H) -> ListenerId
    where
        H: EventHandler<T, ()>,
        T: 'static,
    {
        self.add_event(event, true, Position::Last, handler)
    }

    /// Adds a handler as [`on`](Self::on) does, before those that the socket has (Node's
    /// `prependListener`).
    ///
    /// # Panics
    ///
    /// If the name is reserved, see [`on`](Self::on).
    pub fn prepend<H, T>(&self, event: &str, handler: H) -> ListenerId
    where
        H: EventHandler<T, ()>,
        T: 'static,
    {
        self.add_event(event, false, Position::First, handler)
    }

    /// Adds a handler as [`once`](Self::once) does, before those that the socket has (Node's
    /// `prependOnceListener`).
    ///
    /// # Panics
    ///
    /// If the name is reserved, see [`on`](Self::on).
    pub fn prepend_once<H, T>(&self, event: &str, handler: H) -> ListenerId
    where
        H: EventHandler<T, ()>,
        T: 'static,
    {
        self.add_event(event, true, Position::First, handler)
    }

    /// Adds a handler that runs when this socket is about to leave: it is still in its rooms.
    pub fn on_disconnecting<H, T>(&self, handler: H) -> ListenerId
    where
        H: DisconnectHandler<T, ()>,
        T: 'static,
    {
        let listener = DisconnectListener::new(handler, ());
        let listeners = &self.state().listeners;
        listeners.add(Role::Disconnecting, Position::Last, listener)
    }

    /// Adds a handler that runs when this socket has left its rooms and the namespace.
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
    /// It runs after that of the namespace. [`off`](Self::off) takes it out.
    pub fn event_middleware<H, T>(&self, middleware: H) -> ListenerId
    where
        H: EventMiddleware<T, ()>,
        T: 'static,
    {
        let listener = EventMiddlewareListener::new(middleware, ());
        let listeners = &self.state().listeners;
        listeners.add(Role::Middleware, Position::Last, listener)
    }

    /// Adds a listener that hears every event of this client (Node's `onAny`), see
    /// [`Namespace::on_any`](crate::Namespace::on_any).
    pub fn on_any<H, T>(&self, handler: H) -> ListenerId
    where
        H: EventHandler<T, ()>,
        T: 'static,
    {
        self.add_any(Position::Last, handler)
    }

    /// Adds a listener as [`on_any`](Self::on_any) does, before those that the socket has.
    pub fn prepend_any<H, T>(&self, handler: H) -> ListenerId
    where
        H: EventHandler<T, ()>,
        T: 'static,
    {
        self.add_any(Position::First, handler)
    }

    /// Adds a listener that hears every event that is sent to this client (Node's
    /// `onAnyOutgoing`).
    ///
    /// It is called with the name and the arguments of the event before that is sent, by whoever
    /// sends it: it should be short. Broadcasts of this and of other servers are heard too,
    /// acknowledgements are not. A volatile event is heard also if the transport does not take it
    /// then, as in Node's server.
    ///
    /// While one listens, each event to anybody in the namespace costs a little more.
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
    pub fn on_any_outgoing<F>(&self, listener: F) -> ListenerId
    where
        F: Fn(&str, &Args) + Send + Sync + 'static,
    {
        self.add_outgoing(Position::Last, listener)
    }

    /// Adds a listener as [`on_any_outgoing`](Self::on_any_outgoing) does, before those that the
    /// socket has.
    pub fn prepend_any_outgoing<F>(&self, listener: F) -> ListenerId
    where
        F: Fn(&str, &Args) + Send + Sync + 'static,
    {
        self.add_outgoing(Position::First, listener)
    }

    /// Takes out a listener of this socket, of whatever kind. Returns whether it was there.
    ///
    /// Handlers that have been started go on.
    pub fn off(&self, id: ListenerId) -> bool {
        self.remove(|other, _| other == id)
    }

    /// Takes out one listener of every event. Returns whether it was there.
    pub fn off_any(&self, id: ListenerId) -> bool {
        self.remove(|other, role| other == id && *role == Role::Any)
    }

    /// Takes out all listeners of every event.
    pub fn off_all_any(&self) {
        self.remove(|_, role| *role == Role::Any);
    }

    /// Takes out one listener of what is sent. Returns whether it was there.
    pub fn off_any_outgoing(&self, id: ListenerId) -> bool {
        self.remove(|other, role| other == id && *role == Role::Outgoing)
    }

    /// Takes out all listeners of what is sent.
    pub fn off_all_any_outgoing(&self) {
        self.remove(|_, role| *role == Role::Outgoing);
    }

    /// Takes out the handlers of an event; `disconnecting` and `disconnect` are events here too
    /// (Node's `removeAllListeners(event)`).
    pub fn remove_listeners(&self, event: &str) {
        self.remove(|_, role| role.event() == Some(event));
    }

    /// Takes out the handlers of all events, `disconnecting` and `disconnect` among them (Node's
    /// `removeAllListeners()`).
    ///
    /// Middleware and the listeners of [`on_any`](Self::on_any) and
    /// [`on_any_outgoing`](Self::on_any_outgoing) stay.
    pub fn remove_all_listeners(&self) {
        self.remove(|_, role| role.event().is_some());
    }

    /// The events that this socket has handlers of its own for, in the order in which they are
    /// called (Node's `eventNames`).
    #[must_use]
    pub fn event_names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        self.state().listeners.for_each(|_, role| {
            if let Some(event) = role.event()
                && !names.iter().any(|name| name == event)
            {
                names.push(event.to_owned());
            }
        });
        names
    }

    /// The handlers that this socket has of its own for an event, in the order in which they are
    /// called (Node's `listeners`).
    #[must_use]
    pub fn listeners(&self, event: &str) -> Vec<ListenerId> {
        self.ids(|role| role.event() == Some(event))
    }

    /// How many handlers this socket has of its own for an event (Node's `listenerCount`).
    #[must_use]
    pub fn listener_count(&self, event: &str) -> usize {
        self.listeners(event).len()
    }

    /// The listeners that this socket has of its own for every event, in the order in which they
    /// are called.
    #[must_use]
    pub fn listeners_any(&self) -> Vec<ListenerId> {
        self.ids(|role| *role == Role::Any)
    }

    /// The listeners that this socket has of its own for what is sent, in the order in which they
    /// are called.
    #[must_use]
    pub fn listeners_any_outgoing(&self) -> Vec<ListenerId> {
        self.ids(|role| *role == Role::Outgoing)
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

    fn remove(&self, is_meant: impl Fn(ListenerId, &Role) -> bool) -> bool {
        self.state().listeners.remove(is_meant) > 0
    }

    fn ids(&self, is_meant: impl Fn(&Role) -> bool) -> Vec<ListenerId> {
        let mut ids = Vec::new();
        self.state().listeners.for_each(|id, role| {
            if is_meant(role) {
                ids.push(id);
            }
        });
        ids
    }
}

/// What is to be called now.
impl Socket {
    pub(crate) fn any_listeners(&self) -> Selected<EventListener> {
        let listeners = &self.state().listeners;
        listeners.select(|role| *role == Role::Any)
    }

    pub(crate) fn own_middleware(&self) -> Selected<EventMiddlewareListener> {
        let listeners = &self.state().listeners;
        listeners.select(|role| *role == Role::Middleware)
    }

    /// The handlers of an event. Those that are called once are taken out.
    pub(crate) fn listeners_of(&self, event: &str) -> Selected<EventListener> {
        let listeners = &self.state().listeners;
        listeners.select(|role| matches!(role, Role::Event { name, .. } if name == event))
    }

    pub(crate) fn own_disconnecting(&self) -> Selected<DisconnectListener> {
        let listeners = &self.state().listeners;
        listeners.select(|role| *role == Role::Disconnecting)
    }

    pub(crate) fn own_disconnect(&self) -> Selected<DisconnectListener> {
        let listeners = &self.state().listeners;
        listeners.select(|role| *role == Role::Disconnect)
    }
}

/// # Panics
///
/// If clients cannot send an event of this name, because the protocol keeps it for itself.
#[track_caller]
pub(crate) fn assert_not_reserved(event: &str) {
    assert!(
        !socketio_proto::is_reserved(event),
        "{event:?} is a reserved event name: use `on_connect` of the namespace, \
         `on_disconnecting` or `on_disconnect`, or choose another name"
    );
}

//! The contexts from which the arguments of handlers are extracted.

mod held_ack;
pub(crate) mod lazy_parts;
mod outcome;
mod server_event;
mod shared_ack;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use engineio::log::LogClient;
use http::request::Parts;
use serde::Serialize;
use socketio_proto::{Args, Namespace as Name};

use crate::context::lazy_parts::LazyParts;
use crate::error::rejection::Rejection;
use crate::handshake::Handshake;
use crate::socket::Socket;
use crate::wire::backlink::ServerLink;
use crate::wire::disconnect_reason::DisconnectReason;

use self::held_ack::HeldAck;
pub use self::outcome::Outcome;
pub(crate) use self::server_event::PendingReply;
pub use self::server_event::ServerEventContext;
use self::shared_ack::EventAck;
pub(crate) use self::shared_ack::{AnswerHold, SharedAck};

/// The context of a call of a connect handler or namespace middleware.
pub struct ConnectContext {
    pub(crate) socket: Socket,
    /// The payload of the CONNECT packet: one argument or none.
    pub(crate) auth: Args,
    parts: LazyParts<false>,
}

impl ConnectContext {
    /// Creates the context of a client that joins. `auth` is the payload of its CONNECT packet.
    pub(crate) fn new(socket: Socket, auth: Args) -> Self {
        Self {
            socket,
            auth,
            parts: LazyParts::new(),
        }
    }

    /// Releases what only extractors need. The handler may run for a long time.
    pub(crate) fn finish_extraction(&mut self) {
        self.auth = Args::default();
        self.parts.give_back();
    }
}

/// The context of a call of an event handler.
pub struct EventContext {
    pub(crate) socket: Socket,
    /// The arguments, including the name of the event.
    pub(crate) args: Args,
    /// The acknowledgement, if the client asked for one. It stays in the context when the handler
    /// extracts it, so that a handler that fails is answered too.
    ack: Option<EventAck>,
    /// The reason why another handler did not run, for an `on_rejection` handler.
    pub(crate) rejection: Option<Rejection>,
    parts: LazyParts<true>,
}

impl EventContext {
    /// Creates the context of an event. `ack` is the id under which the client waits for an answer.
    pub(crate) fn new(socket: Socket, args: Args, ack: Option<u64>) -> Self {
        Self {
            socket,
            args,
            ack: ack.map(EventAck::new),
            rejection: None,
            parts: LazyParts::new(),
        }
    }

    /// Creates a context of the same event for another handler. Together they can send one answer.
    pub(crate) fn fork(&mut self) -> Self {
        let Self { ack, socket, .. } = self;
        let ack = ack.as_mut().and_then(|ack| ack.fork(socket));
        self.with_ack(ack)
    }

    /// Creates a context of the same event for a catch-all listener. Unlike that of a
    /// [`fork`](Self::fork), its outcome is not noted.
    pub(crate) fn fork_for_observer(&mut self) -> Self {
        let ack = self.share_ack().map(EventAck::Shared);
        self.with_ack(ack)
    }

    fn with_ack(&self, ack: Option<EventAck>) -> Self {
        Self {
            ack,
            socket: self.socket.clone(),
            args: self.args.clone(),
            rejection: None,
            parts: LazyParts::new(),
        }
    }

    /// Holds the answer until all wraps of the event have returned, and notes its outcome.
    ///
    /// Call it before the context is forked, so that there is one acknowledgement.
    pub(crate) fn hold(&mut self) -> AnswerHold {
        let id = match &self.ack {
            Some(EventAck::Unique { id, .. }) => Some(*id),
            Some(EventAck::Held(shared) | EventAck::Shared(shared)) => shared.id(),
            None => None,
        };
        let held = SharedAck::held(&self.socket, id);
        self.ack = Some(EventAck::Held(Arc::clone(&held)));
        AnswerHold::first(held)
    }

    /// Holds the answer for another wrap of an event that is wrapped.
    pub(crate) fn hold_again(&self) -> AnswerHold {
        AnswerHold::another(self.held_ack())
    }

    /// Returns a handle to the outcome of the event, if it is wrapped.
    pub(crate) fn held_ack(&self) -> Option<Arc<SharedAck>> {
        match &self.ack {
            Some(EventAck::Held(held)) => Some(Arc::clone(held)),
            Some(EventAck::Shared(_) | EventAck::Unique { .. }) | None => None,
        }
    }

    /// Notes that the event was rejected, if it is wrapped.
    pub(crate) fn note_rejection(&self, rejection: &Rejection) {
        self.note(|held| held.note_rejection(rejection));
    }

    /// Notes that a handler returned an error, if the event is wrapped.
    pub(crate) fn note_error_reply(&self) {
        self.note(HeldAck::note_error_reply);
    }

    /// Notes the number of handlers that are started, if the event is wrapped.
    pub(crate) fn note_handlers(&self, handlers: usize) {
        self.note(|held| held.note_handlers(handlers));
    }

    fn note(&self, note: impl FnOnce(&HeldAck)) {
        if let Some(EventAck::Held(shared)) = &self.ack
            && let Some(held) = shared.as_held()
        {
            note(held);
        }
    }

    /// Returns the name of the event.
    pub fn event_name(&self) -> Cow<'_, str> {
        self.args.event_name().unwrap_or_default()
    }

    /// Converts the context into that of an `on_rejection` handler.
    pub(crate) fn with_rejection(mut self, rejection: Rejection) -> Self {
        self.rejection = Some(rejection);
        self
    }

    /// Returns a handle with which to answer later, if the client asked for an acknowledgement.
    pub(crate) fn share_ack(&mut self) -> Option<Arc<SharedAck>> {
        let Self { ack, socket, .. } = self;
        ack.as_mut().and_then(|ack| ack.share(socket))
    }

    /// Sends the answer if the client asked for one. A second answer is logged and dropped.
    ///
    /// # Errors
    ///
    /// Returns an error if `args` cannot be serialised. Nothing was sent then, and another answer
    /// can be sent.
    pub(crate) fn answer<T>(&mut self, args: &T) -> Result<(), Rejection>
    where
        T: Serialize + ?Sized,
    {
        let Self { ack, socket, .. } = self;
        ack.as_mut().map_or(Ok(()), |ack| ack.answer(socket, args))
    }

    /// Answers that the event was rejected, unless the client asked for no answer or has received
    /// one.
    pub(crate) fn answer_rejection(&mut self, rejection: &Rejection) {
        let Self { ack, socket, .. } = self;
        if let Some(ack) = ack {
            ack.reject(socket, rejection);
        }
    }

    /// Returns whether an extractor has used the request.
    #[cfg(test)]
    pub(crate) fn has_parts(&self) -> bool {
        self.parts.is_used()
    }

    /// Releases the request, which only extractors need. The handler may run for a long time.
    pub(crate) fn finish_extraction(&mut self) {
        self.parts.give_back();
    }
}

/// The context of a call of a disconnect handler.
pub struct DisconnectContext {
    pub(crate) socket: Socket,
    pub(crate) reason: DisconnectReason,
    parts: LazyParts<false>,
}

impl DisconnectContext {
    /// Creates the context of a socket that leaves.
    pub(crate) fn new(socket: Socket, reason: DisconnectReason) -> Self {
        Self {
            socket,
            reason,
            parts: LazyParts::new(),
        }
    }

    /// Releases the request, which only extractors need. The handler may run for a long time.
    pub(crate) fn finish_extraction(&mut self) {
        self.parts.give_back();
    }
}

/// The context of a call of the function that decides whether a client may create a namespace.
pub struct NamespaceContext {
    name: Name,
    /// The payload of the CONNECT packet: one argument or none.
    pub(crate) auth: Args,
    pub(crate) handshake: Arc<Handshake>,
    pub(crate) server: ServerLink,
    pub(crate) client: Option<LogClient>,
    parts: LazyParts<false>,
}

impl NamespaceContext {
    /// Creates the context of a client that requests the namespace `name`.
    pub(crate) fn new(
        name: Name,
        auth: Args,
        handshake: Arc<Handshake>,
        server: ServerLink,
        client: Option<LogClient>,
    ) -> Self {
        Self {
            name,
            auth,
            handshake,
            server,
            client,
            parts: LazyParts::new(),
        }
    }

    /// Returns the name of the namespace, which begins with `/`. The client has chosen it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the request with which the client opened its connection.
    #[must_use]
    pub fn handshake(&self) -> &Arc<Handshake> {
        &self.handshake
    }

    /// Returns a copy of the request that opened the connection, for extractors that read requests.
    ///
    /// Later arguments of the same call see changes of the copy. See [`EventContext::parts_mut`]
    /// for the extensions that event handlers can replace.
    pub fn parts_mut(&mut self) -> &mut Parts {
        let io = self.io();
        self.parts.get_mut(
            || Arc::clone(&self.handshake),
            |parts| {
                parts.extensions.insert(io);
            },
        )
    }
}

impl fmt::Debug for NamespaceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamespaceContext")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

macro_rules! impl_socket_context {
    ($context:ident) => {
        impl $context {
            /// Returns the socket that the handler is called for.
            #[must_use]
            pub fn socket(&self) -> &Socket {
                &self.socket
            }

            /// Returns a copy of the request that opened the connection, for extractors that read
            /// requests.
            ///
            /// Later arguments of the same call see changes of the copy. If the request was dropped
            /// with [`Client::drop_request`](crate::Client::drop_request), only the path remains.
            ///
            /// Later calls do not see changes, with one exception. Event handlers reuse a copy
            /// whose method, version, URI, headers and number of extensions are unchanged.
            /// Extensions are not compared by value. If an extractor of an event handler replaces
            /// or modifies an existing extension, later calls for the same connection may therefore
            /// see the new value. To avoid this, add an extension of a new type, with which the
            /// copy is discarded.
            pub fn parts_mut(&mut self) -> &mut Parts {
                let Self { parts, socket, .. } = self;
                parts.get_mut(
                    || socket.handshake(),
                    |parts| {
                        parts.extensions.insert(socket.io());
                    },
                )
            }
        }

        impl fmt::Debug for $context {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($context))
                    .field("socket", &self.socket)
                    .finish_non_exhaustive()
            }
        }
    };
}

impl_socket_context!(ConnectContext);
impl_socket_context!(EventContext);
impl_socket_context!(DisconnectContext);

//! What a handler's arguments are extracted from.

pub(crate) mod lazy_parts;
mod pending_ack;
mod server_event;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use serde::Serialize;
use socketio_proto::{Args, Namespace as Name};

use crate::context::lazy_parts::LazyParts;
use crate::error::rejection::Rejection;
use crate::handshake::Handshake;
use crate::socket::Socket;
use crate::wire::backlink::ServerLink;
use crate::wire::disconnect_reason::DisconnectReason;

use self::pending_ack::Awaited;
pub(crate) use self::pending_ack::PendingAck;
pub(crate) use self::server_event::PendingReply;
pub use self::server_event::ServerEventContext;

/// What the arguments of a connect handler or a namespace middleware are extracted from.
pub struct ConnectContext {
    pub(crate) socket: Socket,
    /// The payload of the CONNECT packet: one argument, or none.
    pub(crate) auth: Args,
    parts: LazyParts<false>,
}

impl ConnectContext {
    /// A client that joins. `auth` is the payload of its CONNECT packet.
    pub(crate) fn new(socket: Socket, auth: Args) -> Self {
        Self {
            socket,
            auth,
            parts: LazyParts::new(),
        }
    }
}

/// What the arguments of an event handler are extracted from.
pub struct EventContext {
    pub(crate) socket: Socket,
    /// The arguments, and the name of the event with them.
    pub(crate) args: Args,
    /// The acknowledgement, if the client asked for one. It stays here when the handler takes it,
    /// so that there is an answer whatever becomes of the handler.
    ack: Option<Awaited>,
    /// Why another handler did not run, for an `on_rejection` handler.
    pub(crate) rejection: Option<Rejection>,
    parts: LazyParts<true>,
}

impl EventContext {
    /// An event of `socket`. `ack` is the id under which the client awaits an answer.
    pub(crate) fn new(socket: Socket, args: Args, ack: Option<u64>) -> Self {
        Self {
            socket,
            args,
            ack: ack.map(Awaited::new),
            rejection: None,
            parts: LazyParts::new(),
        }
    }

    /// The same event, with the same single answer, for another handler.
    pub(crate) fn fork(&mut self) -> Self {
        Self {
            ack: self.share_ack().map(Awaited::Shared),
            socket: self.socket.clone(),
            args: self.args.clone(),
            rejection: None,
            parts: LazyParts::new(),
        }
    }

    /// The name of the event.
    pub fn event_name(&self) -> Cow<'_, str> {
        self.args.event_name().unwrap_or_default()
    }

    /// The context of an `on_rejection` handler.
    pub(crate) fn with_rejection(mut self, rejection: Rejection) -> Self {
        self.rejection = Some(rejection);
        self
    }

    /// The acknowledgement, if the client asked for one, for whoever wants to answer later.
    pub(crate) fn share_ack(&mut self) -> Option<Arc<PendingAck>> {
        let Self { ack, socket, .. } = self;
        ack.as_mut().map(|ack| ack.share(socket))
    }

    /// Answers, if the client asked for it. A second answer is logged and dropped.
    ///
    /// # Errors
    ///
    /// Fails if `args` does not serialise. Nothing was sent then, and another answer may be.
    pub(crate) fn answer<T>(&mut self, args: &T) -> Result<(), Rejection>
    where
        T: Serialize + ?Sized,
    {
        let Self { ack, socket, .. } = self;
        ack.as_mut().map_or(Ok(()), |ack| ack.answer(socket, args))
    }

    /// Answers that the event was rejected, if the client asked for an answer and got none.
    pub(crate) fn answer_rejection(&mut self, rejection: &Rejection) {
        let Self { ack, socket, .. } = self;
        if let Some(ack) = ack {
            ack.reject(socket, rejection);
        }
    }

    /// Whether an extractor has asked for the request.
    #[cfg(test)]
    pub(crate) fn has_parts(&self) -> bool {
        self.parts.is_copied()
    }

    /// Gives back what only extractors need: the handler may run for long.
    pub(crate) fn extracted(&mut self) {
        self.parts.give_back();
    }
}

/// What the arguments of a disconnect handler are extracted from.
pub struct DisconnectContext {
    pub(crate) socket: Socket,
    pub(crate) reason: DisconnectReason,
    parts: LazyParts<false>,
}

impl DisconnectContext {
    /// A socket that leaves.
    pub(crate) fn new(socket: Socket, reason: DisconnectReason) -> Self {
        Self {
            socket,
            reason,
            parts: LazyParts::new(),
        }
    }
}

/// What the arguments of a function are extracted from that decides whether a namespace is made
/// for a client.
pub struct NamespaceContext {
    name: Name,
    /// The payload of the CONNECT packet: one argument, or none.
    pub(crate) auth: Args,
    pub(crate) handshake: Arc<Handshake>,
    pub(crate) server: ServerLink,
    parts: LazyParts<false>,
}

impl NamespaceContext {
    /// A client that asks for the namespace `name`.
    pub(crate) fn new(
        name: Name,
        auth: Args,
        handshake: Arc<Handshake>,
        server: ServerLink,
    ) -> Self {
        Self {
            name,
            auth,
            handshake,
            server,
            parts: LazyParts::new(),
        }
    }

    /// The name of the namespace, which begins with `/`. The client has chosen it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the client sent when it opened its connection.
    pub fn handshake(&self) -> &Arc<Handshake> {
        &self.handshake
    }

    /// The request that opened the connection, for extractors that read requests.
    ///
    /// It is a copy; changes are seen by the later arguments of the same call only.
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

macro_rules! shared {
    ($context:ident) => {
        impl $context {
            /// The socket that the handler is called for.
            pub fn socket(&self) -> &Socket {
                &self.socket
            }

            /// The request that opened the connection, for extractors that read requests.
            ///
            /// It is a copy; changes are seen by the later arguments of the same call only. It is
            /// empty but for its path if the request was dropped
            /// ([`Client::drop_request`](crate::Client::drop_request)).
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

shared!(ConnectContext);
shared!(EventContext);
shared!(DisconnectContext);

//! What the arguments of a handler of other servers' events are extracted from.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::Request;
use http::request::Parts;
use parking_lot::Mutex;
use serde::Serialize;
use socketio_adapter::ServerSideReply;
use socketio_proto::Args;

use crate::error::rejection::Rejection;
use crate::membership::namespace_shared::NamespaceShared;

/// What the arguments of a handler of other servers' events are extracted from.
pub struct ServerEventContext {
    pub(crate) shared: Arc<NamespaceShared>,
    /// The arguments, and the name of the event with them.
    pub(crate) args: Args,
    /// The acknowledgement, if the other server wants one.
    pub(crate) reply: Option<Arc<PendingReply>>,
    /// Made when the first extractor asks.
    parts: Option<Box<Parts>>,
}

impl ServerEventContext {
    /// An event that another server has emitted in a namespace.
    pub(crate) fn new(
        shared: Arc<NamespaceShared>,
        args: Args,
        reply: Option<ServerSideReply>,
    ) -> Self {
        Self {
            shared,
            args,
            reply: reply.map(|reply| Arc::new(PendingReply(Mutex::new(Some(reply))))),
            parts: None,
        }
    }

    /// The same event, with the same single answer, for another handler.
    pub(crate) fn fork(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            args: self.args.clone(),
            reply: self.reply.clone(),
            parts: None,
        }
    }

    /// The name of the event.
    pub fn event_name(&self) -> Cow<'_, str> {
        self.args.event_name().unwrap_or_default()
    }

    /// The name of the namespace, which begins with `/`.
    pub fn namespace_name(&self) -> &str {
        self.shared.name()
    }

    /// The head of an empty request, for extractors such as `State<T>` that read nothing of it.
    ///
    /// There is none that the event has come with. Changes are seen by the later arguments of the
    /// same call only.
    pub fn parts_mut(&mut self) -> &mut Parts {
        let io = self.io();
        self.parts.get_or_insert_with(|| {
            let (mut parts, ()) = Request::new(()).into_parts();
            parts.extensions.insert(io);
            Box::new(parts)
        })
    }
}

impl fmt::Debug for ServerEventContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerEventContext")
            .field("namespace", &self.namespace_name())
            .field("event", &self.event_name())
            .finish_non_exhaustive()
    }
}

/// An acknowledgement that another server awaits. However many hold it, one answer is sent at most.
pub(crate) struct PendingReply(Mutex<Option<ServerSideReply>>);

impl PendingReply {
    /// Answers; a second answer is logged and dropped.
    ///
    /// # Errors
    ///
    /// Fails if `args` does not serialise. Nothing was sent then, and another answer may be.
    pub(crate) fn send<T>(&self, args: &T) -> Result<(), Rejection>
    where
        T: Serialize + ?Sized,
    {
        let answer = Args::from_serialize(None, args).map_err(Rejection::reply)?;
        let reply = self.0.lock().take();
        match reply {
            Some(reply) => reply.send(answer),
            None => tracing::warn!(
                "an event of another server was answered already and this answer is dropped: let \
                 one handler answer, and once"
            ),
        }
        Ok(())
    }
}

impl fmt::Debug for PendingReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingReply").finish_non_exhaustive()
    }
}

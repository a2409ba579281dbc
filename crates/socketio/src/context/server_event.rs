//! The context of a handler for events of other servers.

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

/// The context of a call of a handler for events of other servers.
pub struct ServerEventContext {
    pub(crate) shared: Arc<NamespaceShared>,
    /// The arguments, including the name of the event.
    pub(crate) args: Args,
    /// The acknowledgement, if the other server asked for one.
    pub(crate) reply: Option<Arc<PendingReply>>,
    /// Created when the first extractor asks for it.
    parts: Option<Box<Parts>>,
}

impl ServerEventContext {
    /// Creates the context of an event that another server has sent to a namespace.
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

    /// Creates a context of the same event for another handler. Together they can send one answer.
    pub(crate) fn fork(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            args: self.args.clone(),
            reply: self.reply.clone(),
            parts: None,
        }
    }

    /// Releases what only extractors need. The handler may run for a long time.
    pub(crate) fn finish_extraction(&mut self) {
        self.args = Args::default();
        self.parts = None;
    }

    /// Returns the name of the event.
    pub fn event_name(&self) -> Cow<'_, str> {
        self.args.event_name().unwrap_or_default()
    }

    /// Returns the name of the namespace, which begins with `/`.
    #[must_use]
    pub fn namespace_name(&self) -> &str {
        self.shared.name()
    }

    /// Returns the parts of an empty request, for extractors such as `State<T>` that do not read
    /// the request.
    ///
    /// The events of other servers have no request. Changes are visible to the later arguments of
    /// the same call only.
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

/// The acknowledgement that another server waits for. Its holders can send one answer together.
pub(crate) struct PendingReply(Mutex<Option<ServerSideReply>>);

impl PendingReply {
    /// Sends the answer. A second answer is logged and dropped.
    ///
    /// # Errors
    ///
    /// Returns an error if `args` cannot be serialised. Nothing was sent then, and another answer
    /// can be sent.
    pub(crate) fn send<T>(&self, args: &T) -> Result<(), Rejection>
    where
        T: Serialize + ?Sized,
    {
        let answer = Args::from_serialize(None, args).map_err(Rejection::reply)?;
        let reply = self.0.lock().take();
        match reply {
            Some(reply) => reply.send(answer),
            None => engineio::log_limited!(
                warn,
                None,
                "an event of another server was already answered and this answer is dropped; \
                 let only one handler answer, and only once",
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

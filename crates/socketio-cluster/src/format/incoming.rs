//! Messages whose events and answers are still encoded.

use socketio_adapter::{BroadcastOptions, SocketId, Target};
use socketio_proto::envelope::EnvelopeValue;
use socketio_proto::{Namespace, is_reserved};

use super::error::DecodeError;
use super::limits::FormatLimits;
use super::read;
use crate::message::{Body, Message, RequestId, ServerId};

/// A message of the bus whose outer part has been decoded, see
/// [`Format::decode_header`](crate::Format::decode_header).
///
/// Look at its sender, namespace, target and request first. If the message concerns this server, decode
/// the rest with [`into_message`](Self::into_message).
#[derive(Clone, Debug)]
pub struct Incoming<'m> {
    sender: Option<ServerId>,
    namespace: Namespace,
    content: Content<'m>,
    limits: &'m FormatLimits,
}

/// The contents of a message.
#[derive(Clone, Debug)]
pub(super) enum Content<'m> {
    Complete(Body),
    Broadcast {
        event: EnvelopeValue<'m>,
        options: BroadcastOptions,
        request: Option<RequestId>,
        accepts_no_answer: bool,
    },
    ServerSideEvent {
        event: EnvelopeValue<'m>,
        request: Option<RequestId>,
    },
    Answer {
        request: RequestId,
        answer: Answer<'m>,
    },
}

/// The contents of an answer to a request.
#[derive(Clone, Debug)]
pub(super) enum Answer<'m> {
    Ack {
        answer: Option<EnvelopeValue<'m>>,
        has_left: bool,
        socket: Option<SocketId>,
    },
    Count(usize),
    Rooms(EnvelopeValue<'m>),
    ServerSide(Option<EnvelopeValue<'m>>),
    Sockets(EnvelopeValue<'m>),
}

impl<'m> Incoming<'m> {
    pub(super) fn new(
        sender: Option<ServerId>,
        namespace: Namespace,
        content: Content<'m>,
        limits: &'m FormatLimits,
    ) -> Self {
        Self {
            sender,
            namespace,
            content,
            limits,
        }
    }

    /// Returns the sender, see [`Message::sender`](crate::Message#structfield.sender).
    #[must_use]
    pub fn sender(&self) -> Option<&ServerId> {
        self.sender.as_ref()
    }

    /// Returns the namespace. It may differ from that of the format, because the channels of two
    /// namespaces can have the same name.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// Returns the targeted sockets if the message is an event for sockets that asks for no
    /// acknowledgement. A server without such a socket can ignore the message.
    #[must_use]
    pub fn broadcast_target(&self) -> Option<&Target> {
        match &self.content {
            Content::Broadcast {
                options,
                request: None,
                ..
            } => Some(&options.target),
            _ => None,
        }
    }

    /// Returns the request that the message answers. A server that has not sent the request can ignore
    /// the message.
    #[must_use]
    pub fn answered_request(&self) -> Option<&RequestId> {
        match &self.content {
            Content::Answer { request, .. } => Some(request),
            _ => None,
        }
    }

    /// Decodes the rest of the message.
    ///
    /// # Errors
    ///
    /// If the rest is malformed or exceeds the limits.
    pub fn into_message(self) -> Result<Message, DecodeError> {
        let limits = self.limits;
        let body = match self.content {
            Content::Complete(body) => body,
            Content::Broadcast {
                event,
                options,
                request,
                accepts_no_answer,
            } => Body::Broadcast {
                event: event.event(&limits.arguments, is_reserved)?,
                options,
                request,
                accepts_no_answer,
            },
            Content::ServerSideEvent { event, request } => Body::ServerSideEvent {
                event: event.event(&limits.arguments, read::is_reserved_by_servers)?,
                request,
            },
            Content::Answer { request, answer } => read_answer(request, answer, limits)?,
        };
        Ok(Message::new(self.sender, self.namespace, body))
    }
}

fn read_answer(
    request: RequestId,
    answer: Answer<'_>,
    limits: &FormatLimits,
) -> Result<Body, DecodeError> {
    Ok(match answer {
        Answer::Ack {
            answer: None,
            has_left: true,
            socket,
        } => Body::Ack {
            request,
            answer: None,
            socket,
        },
        Answer::Ack { answer, socket, .. } => Body::Ack {
            request,
            answer: Some(read::answer(answer, limits)?),
            socket,
        },
        Answer::Count(sockets) => Body::Count { request, sockets },
        Answer::Rooms(rooms) => Body::Rooms {
            request,
            rooms: read::rooms(Some(rooms), "rooms", limits)?
                .into_iter()
                .collect(),
        },
        Answer::ServerSide(answer) => Body::ServerSideAnswer {
            request,
            answer: read::answer(answer, limits)?,
        },
        Answer::Sockets(sockets) => read::sockets(request, sockets, limits)?,
    })
}

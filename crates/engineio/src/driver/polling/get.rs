//! The GET of a polling session, by which the server sends.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use engineio_proto::{CloseReason, PayloadEncoder, PollError, Transport};
use http::StatusCode;
use http::request::Parts;

use super::outcome::{Outcome, store_waker};
use crate::http::compression::{Encoding, HttpCompression};
use crate::http::connection_failure::{FailureContext, Refusal};
use crate::http::response::Told;
use crate::session::{Locked, SessionEvent, Shared, is_heartbeat, now};
use crate::transport::jsonp::Jsonp;

/// Answers a GET with the next packets, as soon as there are any.
pub(crate) async fn poll(
    session: &Shared,
    request: &Parts,
    jsonp: Option<&Jsonp>,
    compression: Option<&HttpCompression>,
) -> Result<Outcome, Refusal> {
    let pending = PendingPoll {
        session,
        text: jsonp.is_some(),
        phase: Phase::Arriving,
    };
    let Some(answer) = pending.await? else {
        return Ok(Outcome::Status(StatusCode::BAD_REQUEST));
    };
    let compressed = match payload(answer, jsonp, request, compression) {
        Ok(packets) => return Ok(Outcome::Told(packets)),
        // Boxed, so that not every poll is as large as those whose answers are compressed.
        Err(uncompressed) => Box::pin(uncompressed.compress()),
    };
    let unsent = UnsentAnswer(Some(session));
    let packets = compressed.await;
    unsent.finish();
    Ok(Outcome::Told(packets))
}

/// What a client is told, or what is still to be compressed because the client wants it so and it is
/// worth it.
pub(crate) fn payload<'a>(
    answer: Answer,
    jsonp: Option<&Jsonp>,
    request: &Parts,
    compression: Option<&'a HttpCompression>,
) -> Result<Told, Uncompressed<'a>> {
    let engineio_proto::Payload { body, binary, .. } = answer.payload;
    let body = match jsonp {
        Some(jsonp) => jsonp.script(&String::from_utf8_lossy(&body)),
        None => body,
    };
    let encoding = compression
        .filter(|_| answer.compress)
        .and_then(|compression| compression.encoding(&request.headers, body.len()));
    match compression.zip(encoding) {
        Some((compression, encoding)) => Err(Uncompressed {
            body,
            binary,
            compression,
            encoding,
        }),
        None => Ok(Told::payload(body, binary, None)),
    }
}

/// An answer that is to be compressed.
pub(crate) struct Uncompressed<'a> {
    body: Bytes,
    binary: bool,
    compression: &'a HttpCompression,
    encoding: Encoding,
}

impl Uncompressed<'_> {
    pub(crate) async fn compress(self) -> Told {
        let Self {
            body,
            binary,
            compression,
            encoding,
        } = self;
        match compression.encode(encoding, &body).await {
            Ok(encoded) => Told::payload(encoded, binary, Some(encoding)),
            Err(error) => {
                tracing::error!(?error, "an answer is sent uncompressed: zlib has failed");
                Told::payload(body, binary, None)
            }
        }
    }
}

/// The packets of an answer.
pub(crate) struct Answer {
    pub(crate) payload: engineio_proto::Payload,
    /// Whether it may be compressed.
    pub(crate) compress: bool,
}

/// Packets that have left the queue and are not in an answer yet. Dropped before they are, their
/// client has gone, and the session cannot go on without them.
struct UnsentAnswer<'a>(Option<&'a Shared>);

impl UnsentAnswer<'_> {
    fn finish(mut self) {
        self.0 = None;
    }
}

impl Drop for UnsentAnswer<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.0 {
            session.abort(CloseReason::TransportError);
        }
    }
}

/// A GET that waits for packets. Dropped before it is answered, its client has gone.
struct PendingPoll<'a> {
    session: &'a Shared,
    /// Whether the answer has to be text, whatever the session says.
    text: bool,
    phase: Phase,
}

#[derive(PartialEq, Eq)]
enum Phase {
    /// The session does not know of it yet.
    Arriving,
    Waiting,
    /// It has its answer, or has been refused.
    Over,
}

impl PendingPoll<'_> {
    /// Tells the session of the poll. `Some` is the answer to one that there must not be.
    fn arrive(&mut self, state: &mut Locked<'_>) -> Option<Result<Option<Answer>, Refusal>> {
        self.phase = Phase::Over;
        match state.proto.handle_poll(now()) {
            Ok(()) => {}
            Err(PollError::Overlap) => {
                // The session is over: whoever waits is told.
                state.wake_all();
                return Some(Ok(None));
            }
            Err(PollError::NotPolling) => {
                let previous = state.proto.transport();
                let refusal = Refusal::bad_request(FailureContext::TransportMismatch {
                    transport: Transport::Polling,
                    previous,
                });
                return Some(Err(refusal));
            }
            Err(_) => return Some(Err(Refusal::unknown_session(self.session.id()))),
        }
        self.phase = Phase::Waiting;
        // The task may have a timer to set for this poll.
        if state.proto.is_upgrading() || !state.proto.is_open() {
            state.wake_driver();
        }
        None
    }
}

impl Future for PendingPoll<'_> {
    /// The answer, or `None` if there is nothing to be told.
    type Output = Result<Option<Answer>, Refusal>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let session = self.session;
        let mut state = session.lock();
        if self.phase == Phase::Arriving
            && let Some(answer) = self.arrive(&mut state)
        {
            return Poll::Ready(answer);
        }
        let observers = state.observers();
        let text = self.text || state.rare().polls_text;
        let mut payload = PayloadEncoder::new(state.proto.protocol(), text);
        let mut compress = false;
        let mut heartbeat = Vec::new();
        while let Some(transmit) = state.proto.poll_transmit(Transport::Polling) {
            compress |= transmit.compress;
            if observers.is_some() && is_heartbeat(&transmit.packet) {
                heartbeat.push(transmit.packet.clone());
            }
            payload.push(transmit.packet);
        }
        if payload.is_empty() && state.proto.poll_pending() {
            store_waker(&mut state.rare().poll, cx);
            return Poll::Pending;
        }
        // After an upgrade the poll is ended, while messages wait for the new transport.
        let drained = state.proto.is_drained();
        if drained {
            state.wake_drained();
        }
        // A session that is closing ends with this answer.
        if !state.proto.is_open() {
            state.wake_driver();
        }
        drop(state);
        self.phase = Phase::Over;
        if payload.is_empty() {
            return Poll::Ready(Ok(None));
        }
        if let Some(observers) = observers {
            for packet in &heartbeat {
                observers.tell(SessionEvent::PacketCreated(packet));
            }
            if drained {
                observers.tell(SessionEvent::Drained);
            }
        }
        Poll::Ready(Ok(Some(Answer {
            payload: payload.finish(),
            compress,
        })))
    }
}

impl Drop for PendingPoll<'_> {
    fn drop(&mut self) {
        if self.phase == Phase::Waiting {
            let mut state = self.session.lock();
            state.proto.handle_poll_aborted();
            state.wake_all();
        }
    }
}

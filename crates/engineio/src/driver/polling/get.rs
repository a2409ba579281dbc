//! The GET of a polling session, which carries packets to the client.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use engineio_proto::{CloseReason, PayloadEncoder, PollError, Transport};
use http::StatusCode;
use http::request::Parts;

use super::{Outcome, store_waker, transport_mismatch};
use crate::http::compression::{Encoding, HttpCompression};
use crate::http::connection_failure::Refusal;
use crate::http::response::PollResponse;
use crate::log::Escaped;
use crate::session::{SessionEvent, Shared, StateGuard, is_heartbeat, now};
use crate::transport::jsonp::Jsonp;

/// Answers a GET with the queued packets, as soon as there are any.
pub(crate) async fn poll(
    session: &Shared,
    request: &Parts,
    jsonp: Option<&Jsonp>,
    compression: Option<&HttpCompression>,
) -> Result<Outcome, Refusal> {
    let pending = PendingPoll {
        session,
        text: jsonp.is_some(),
        stage: PollStage::New,
    };
    let Some(answer) = pending.await? else {
        return Ok(Outcome::Status(StatusCode::BAD_REQUEST));
    };
    let compressed = match build_response(answer, jsonp, request, compression) {
        Ok(packets) => return Ok(Outcome::Response(packets)),
        // Boxed, so that only compressed answers enlarge the future.
        Err(uncompressed) => Box::pin(uncompressed.compress()),
    };
    let unsent = UnsentPayloadGuard(Some(session));
    let packets = compressed.await;
    unsent.finish();
    Ok(Outcome::Response(packets))
}

/// Builds the response, or returns what has to be compressed first.
pub(crate) fn build_response<'a>(
    answer: PollPayload,
    jsonp: Option<&Jsonp>,
    request: &Parts,
    compression: Option<&'a HttpCompression>,
) -> Result<PollResponse, Uncompressed<'a>> {
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
        None => Ok(PollResponse::payload(body, binary, None)),
    }
}

/// A response body that has to be compressed.
pub(crate) struct Uncompressed<'a> {
    body: Bytes,
    binary: bool,
    compression: &'a HttpCompression,
    encoding: Encoding,
}

impl Uncompressed<'_> {
    pub(crate) async fn compress(self) -> PollResponse {
        let Self {
            body,
            binary,
            compression,
            encoding,
        } = self;
        match compression.encode(encoding, &body).await {
            Ok(encoded) => PollResponse::payload(encoded, binary, Some(encoding)),
            Err(error) => {
                crate::log_limited!(
                    error,
                    None,
                    "sending a response uncompressed: zlib failed",
                    error = %Escaped(format_args!("{error:?}")),
                );
                PollResponse::payload(body, binary, None)
            }
        }
    }
}

/// The packets of a response.
pub(crate) struct PollPayload {
    pub(crate) payload: engineio_proto::Payload,
    /// Whether the body may be compressed.
    pub(crate) compress: bool,
}

/// A guard for packets that have left the queue and are not in a response yet. If it is dropped
/// before `finish`, the client has disconnected, and the session cannot continue without the
/// packets: it is closed.
struct UnsentPayloadGuard<'a>(Option<&'a Shared>);

impl UnsentPayloadGuard<'_> {
    fn finish(mut self) {
        self.0 = None;
    }
}

impl Drop for UnsentPayloadGuard<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.0 {
            session.abort(CloseReason::TransportError);
        }
    }
}

/// A GET that waits for packets. If it is dropped before it is answered, the client has
/// disconnected.
struct PendingPoll<'a> {
    session: &'a Shared,
    /// Whether the response has to be text, independently of the session.
    text: bool,
    stage: PollStage,
}

#[derive(PartialEq, Eq)]
enum PollStage {
    /// Not registered with the session yet.
    New,
    Waiting,
    /// Answered or refused.
    Done,
}

impl PendingPoll<'_> {
    /// Registers the poll with the session. Returns `Some` if the poll is answered or refused at
    /// once.
    fn start(
        &mut self,
        state: &mut StateGuard<'_>,
    ) -> Option<Result<Option<PollPayload>, Refusal>> {
        self.stage = PollStage::Done;
        match state.proto.handle_poll(now()) {
            Ok(()) => {}
            Err(PollError::Overlap) => {
                // The session has been closed, so all its tasks and requests are woken.
                state.wake_all();
                return Some(Ok(None));
            }
            Err(PollError::NotPolling) => {
                return Some(Err(transport_mismatch(state.proto.transport())));
            }
            Err(_) => return Some(Err(Refusal::unknown_session(self.session.id()))),
        }
        self.stage = PollStage::Waiting;
        // The driver may have to set a timer for this poll.
        if state.proto.is_upgrading() || !state.proto.is_open() {
            state.wake_driver();
        }
        None
    }
}

impl Future for PendingPoll<'_> {
    /// The packets, or `None` if the poll overlapped with another one.
    type Output = Result<Option<PollPayload>, Refusal>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let session = self.session;
        let mut state = session.lock();
        if self.stage == PollStage::New
            && let Some(answer) = self.start(&mut state)
        {
            return Poll::Ready(answer);
        }
        let observers = state.observers();
        let text = self.text || state.cold_or_insert().text_payloads;
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
            let previous = store_waker(&mut state.cold_or_insert().poll_waker, cx);
            drop(state);
            drop(previous);
            return Poll::Pending;
        }
        // After an upgrade the poll ends while messages are still queued for the new transport.
        let drained = state.proto.is_drained();
        if drained {
            state.wake_drained();
        }
        // A closing session ends with this response.
        if !state.proto.is_open() {
            state.wake_driver();
        }
        drop(state);
        self.stage = PollStage::Done;
        if payload.is_empty() {
            return Poll::Ready(Ok(None));
        }
        if let Some(observers) = observers {
            for packet in &heartbeat {
                observers.notify(SessionEvent::PacketCreated(packet));
            }
            if drained {
                observers.notify(SessionEvent::Drained);
            }
        }
        Poll::Ready(Ok(Some(PollPayload {
            payload: payload.finish(),
            compress,
        })))
    }
}

impl Drop for PendingPoll<'_> {
    fn drop(&mut self) {
        if self.stage == PollStage::Waiting {
            let mut state = self.session.lock();
            state.proto.handle_poll_aborted();
            state.wake_all();
        }
    }
}

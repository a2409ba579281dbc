//! HTTP long-polling: the server sends in answer to a pending GET, the client by POST.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes, BytesMut};
use engineio_proto::{CloseReason, PayloadDecoder, PayloadEncoder, PollError, Protocol, Transport};
use http::request::Parts;
use http::{StatusCode, header};
use http_body::Body;

use crate::compression::HttpCompression;
use crate::connection_failure::{FailureContext, Refusal};
use crate::future::EngineResponse;
use crate::response;
use crate::session::{Post, SessionEvent, Shared, is_heartbeat, now};
use crate::transport::jsonp::{self, Jsonp};

/// Answers a GET with the next packets, as soon as there are any.
pub(crate) async fn poll(
    session: Arc<Shared>,
    request: &Parts,
    compression: Option<&HttpCompression>,
) -> Result<EngineResponse, Refusal> {
    let jsonp = Jsonp::requested(request.uri.query());
    {
        let mut state = session.lock();
        match state.proto.handle_poll(now()) {
            Ok(()) => {}
            Err(PollError::Overlap) => {
                // The session is over: whoever waits is told.
                state.wake_all();
                return Ok(response::status(StatusCode::BAD_REQUEST));
            }
            Err(PollError::NotPolling) => {
                let previous = state.proto.transport();
                return Err(Refusal::bad_request(FailureContext::TransportMismatch {
                    transport: Transport::Polling,
                    previous,
                }));
            }
            Err(_) => return Err(Refusal::unknown_session(session.id())),
        }
        // The task may have a timer to set for this poll.
        if state.proto.is_upgrading() || !state.proto.is_open() {
            state.wake_driver();
        }
    }
    let pending = PendingPoll {
        session: Some(Arc::clone(&session)),
        text: jsonp.is_some(),
    };
    Ok(match pending.await {
        Some(answer) => {
            let unsent = UnsentAnswer(Some(session));
            let response = payload(answer, jsonp.as_ref(), request, compression).await;
            unsent.finish();
            response
        }
        None => response::status(StatusCode::BAD_REQUEST),
    })
}

/// An answer with packets, compressed if the client wants it so and it is worth it.
pub(crate) async fn payload(
    answer: Answer,
    jsonp: Option<&Jsonp>,
    request: &Parts,
    compression: Option<&HttpCompression>,
) -> EngineResponse {
    let headers = &request.headers;
    let engineio_proto::Payload { body, binary } = answer.payload;
    let body = match jsonp {
        Some(jsonp) => jsonp.script(&String::from_utf8_lossy(&body)),
        None => body,
    };
    let encoding = compression
        .filter(|_| answer.compress)
        .and_then(|compression| compression.encoding(headers, body.len()));
    if let Some((compression, encoding)) = compression.zip(encoding) {
        match compression.encode(encoding, &body).await {
            Ok(encoded) => return response::payload(encoded, binary, Some(encoding), headers),
            Err(error) => {
                tracing::error!(?error, "an answer is sent uncompressed: zlib has failed");
            }
        }
    }
    response::payload(body, binary, None, headers)
}

/// The packets of an answer.
pub(crate) struct Answer {
    pub(crate) payload: engineio_proto::Payload,
    /// Whether it may be compressed.
    pub(crate) compress: bool,
}

/// Packets that have left the queue and are not in an answer yet. Dropped before they are, their
/// client has gone, and the session cannot go on without them.
struct UnsentAnswer(Option<Arc<Shared>>);

impl UnsentAnswer {
    fn finish(mut self) {
        self.0 = None;
    }
}

impl Drop for UnsentAnswer {
    fn drop(&mut self) {
        if let Some(session) = &self.0 {
            session.abort(CloseReason::TransportError);
        }
    }
}

/// A GET that waits for packets. Dropped before it is answered, its client has gone.
struct PendingPoll {
    session: Option<Arc<Shared>>,
    /// Whether the answer has to be text, whatever the session says.
    text: bool,
}

impl Future for PendingPoll {
    type Output = Option<Answer>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(session) = &self.session else {
            return Poll::Ready(None);
        };
        let mut state = session.lock();
        let observers = state.observers();
        let text = self.text || state.rare().polls_text;
        let mut payload = PayloadEncoder::new(state.proto.protocol(), text);
        let mut compress = false;
        let mut heartbeat = Vec::new();
        while let Some(transmit) = state.proto.poll_transmit(Transport::Polling) {
            payload.push(&transmit.packet);
            compress |= transmit.compress;
            if observers.is_some() && is_heartbeat(&transmit.packet) {
                heartbeat.push(transmit.packet);
            }
        }
        if payload.is_empty() && state.proto.poll_pending() {
            state.rare().poll = Some(cx.waker().clone());
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
        self.session = None;
        if payload.is_empty() {
            return Poll::Ready(None);
        }
        if let Some(observers) = observers {
            for packet in &heartbeat {
                observers.tell(SessionEvent::PacketCreated(packet));
            }
            if drained {
                observers.tell(SessionEvent::Drained);
            }
        }
        Poll::Ready(Some(Answer {
            payload: payload.finish(),
            compress,
        }))
    }
}

impl Drop for PendingPoll {
    fn drop(&mut self) {
        if let Some(session) = &self.session {
            let mut state = session.lock();
            state.proto.handle_poll_aborted();
            state.wake_all();
        }
    }
}

/// Takes the packets of a POST.
pub(crate) async fn post<B: Body>(
    session: Arc<Shared>,
    request: &Parts,
    body: B,
    limit: usize,
) -> Result<EngineResponse, Refusal> {
    let headers = &request.headers;
    let protocol = session.lock().proto.protocol();
    let binary = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value == "application/octet-stream");
    if binary && protocol != Protocol::V3 {
        session.abort(CloseReason::TransportError);
        return Ok(response::status(StatusCode::BAD_REQUEST));
    }
    let Some(mut post) = ReceivingPost::start(session) else {
        return Ok(response::status(StatusCode::BAD_REQUEST));
    };
    let body = match post.until_closed(receive(body, limit)).await {
        None => return Err(Refusal::unknown_session(post.session.id())),
        Some(Err(ReceiveError::TooLarge)) => {
            // The session lives: the client may send the rest in smaller messages.
            post.finish();
            return Ok(response::status(StatusCode::PAYLOAD_TOO_LARGE));
        }
        // The guard closes the session.
        Some(Err(ReceiveError::Aborted)) => return Ok(response::status(StatusCode::BAD_REQUEST)),
        Some(Ok(body)) => body,
    };
    let packets = if Jsonp::requested(request.uri.query()).is_some() {
        jsonp::payload_of_form(&body).map(|body| PayloadDecoder::new(protocol, body))
    } else if binary {
        Some(PayloadDecoder::binary(body))
    } else {
        Some(PayloadDecoder::new(protocol, body))
    };
    match packets {
        Some(packets) => post.hand_over(packets).await,
        // A form without packets, which Node's server lets pass.
        None => post.finish(),
    }
    Ok(response::ok(headers))
}

/// A POST of a session. Dropped before it is finished, its client has gone.
struct ReceivingPost {
    session: Arc<Shared>,
    finished: bool,
}

impl ReceivingPost {
    /// `None` when another POST is under way: the session is closed then, as the order of the two
    /// cannot be known.
    fn start(session: Arc<Shared>) -> Option<Self> {
        let mut state = session.lock();
        if !matches!(state.rare().post, Post::None) {
            state.proto.abort(CloseReason::TransportError);
            state.wake_all();
            return None;
        }
        state.rare().post = Post::Receiving;
        drop(state);
        Some(Self {
            session,
            finished: false,
        })
    }

    /// Runs `future` for as long as the session lives, so that a body that never ends does not
    /// outlive it.
    async fn until_closed<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        let mut closed = pin!(poll_fn(|cx| {
            let mut state = self.session.lock();
            if state.proto.is_closed() {
                return Poll::Ready(());
            }
            state.rare().post_waker = Some(cx.waker().clone());
            Poll::Pending
        }));
        poll_fn(|cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(Some(output));
            }
            closed.as_mut().poll(cx).map(|()| None)
        })
        .await
    }

    /// Gives the packets to the session's task and returns when it has taken them all.
    async fn hand_over(&mut self, packets: PayloadDecoder) {
        let mut packets = Some(packets);
        poll_fn(|cx| {
            let mut state = self.session.lock();
            if let Some(packets) = packets.take() {
                state.rare().post = Post::Received(packets);
                state.wake_driver();
            }
            if state.proto.is_closed() || matches!(state.rare().post, Post::Done) {
                return Poll::Ready(());
            }
            state.rare().post_waker = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
        self.finish();
    }

    fn finish(&mut self) {
        self.finished = true;
        let mut state = self.session.lock();
        state.rare().post = Post::None;
        state.rare().post_waker = None;
        // An upgrade waits for the POST before it.
        if state.proto.is_upgrading() {
            state.wake_driver();
        }
    }
}

impl Drop for ReceivingPost {
    fn drop(&mut self) {
        if !self.finished {
            self.finish();
            // Harmless where the session is closed already.
            self.session.abort(CloseReason::TransportError);
        }
    }
}

#[derive(Debug)]
enum ReceiveError {
    Aborted,
    TooLarge,
}

async fn receive<B: Body>(body: B, limit: usize) -> Result<Bytes, ReceiveError> {
    if body.size_hint().lower() > limit as u64 {
        return Err(ReceiveError::TooLarge);
    }
    let mut body = pin!(body);
    let mut received = Received::Nothing;
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let Ok(frame) = frame else {
            return Err(ReceiveError::Aborted);
        };
        if let Ok(mut data) = frame.into_data() {
            if data.remaining() > limit.saturating_sub(received.len()) {
                return Err(ReceiveError::TooLarge);
            }
            let data = data.copy_to_bytes(data.remaining());
            received = received.and(data);
        }
    }
    Ok(received.into_bytes())
}

/// A body so far: most arrive in one piece, which is not copied then.
enum Received {
    Nothing,
    One(Bytes),
    Several(BytesMut),
}

impl Received {
    fn len(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::One(bytes) => bytes.len(),
            Self::Several(bytes) => bytes.len(),
        }
    }

    fn and(self, data: Bytes) -> Self {
        match self {
            Self::Nothing => Self::One(data),
            Self::One(first) => {
                let mut all = BytesMut::with_capacity(first.len() + data.len());
                all.extend_from_slice(&first);
                all.extend_from_slice(&data);
                Self::Several(all)
            }
            Self::Several(mut all) => {
                all.extend_from_slice(&data);
                Self::Several(all)
            }
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::Nothing => Bytes::new(),
            Self::One(bytes) => bytes,
            Self::Several(bytes) => bytes.freeze(),
        }
    }
}

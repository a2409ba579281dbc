//! HTTP long-polling: the server sends in answer to a pending GET, the client by POST.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::{Buf as _, Bytes, BytesMut};
use engineio_proto::{CloseReason, PayloadDecoder, PayloadEncoder, PollError, Protocol, Transport};
use http::request::Parts;
use http::{StatusCode, header};
use http_body::Body;

use super::polling_task::run_driver;
use crate::http::compression::{Encoding, HttpCompression};
use crate::http::connection_failure::{FailureContext, Refusal};
use crate::http::response::Told;
use crate::session::{Locked, Post, SessionEvent, Shared, is_heartbeat, now};
use crate::transport::jsonp::{self, Jsonp};

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

/// What comes of a request of a polling session.
#[derive(Debug)]
pub(crate) enum Outcome {
    Told(Told),
    /// Nothing but a status: the client has done what it must not.
    Status(StatusCode),
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
            wait(&mut state.rare().poll, cx);
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

/// Notes who is to be woken. It is mostly the same task as before, which costs nothing then.
fn wait(place: &mut Option<Waker>, cx: &Context<'_>) {
    match place {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *place = Some(cx.waker().clone()),
    }
}

/// Takes the packets of a POST, `in_form` if they are the field of one.
pub(crate) async fn post<B: Body>(
    session: &Shared,
    request: &Parts,
    in_form: bool,
    body: B,
    limit: usize,
) -> Result<Outcome, Refusal> {
    let binary = request
        .headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value == "application/octet-stream");
    let Some((mut post, protocol)) = ReceivingPost::start(session, binary) else {
        return Ok(Outcome::Status(StatusCode::BAD_REQUEST));
    };
    let received = {
        let body = pin!(body);
        let receiving = pin!(receive(body, limit));
        post.until_closed(receiving).await
    };
    let body = match received {
        None => return Err(Refusal::unknown_session(session.id())),
        Some(Err(ReceiveError::TooLarge)) => {
            // The session lives: the client may send the rest in smaller messages.
            post.finish(&mut session.lock());
            return Ok(Outcome::Status(StatusCode::PAYLOAD_TOO_LARGE));
        }
        // The guard closes the session.
        Some(Err(ReceiveError::Aborted)) => return Ok(Outcome::Status(StatusCode::BAD_REQUEST)),
        Some(Ok(body)) => body,
    };
    let packets = if in_form {
        jsonp::payload_of_form(&body).map(|body| PayloadDecoder::new(protocol, body))
    } else if binary {
        Some(PayloadDecoder::binary(body))
    } else {
        Some(PayloadDecoder::new(protocol, body))
    };
    match packets {
        Some(packets) => post.hand_over(packets).await,
        // A form without packets, which Node's server lets pass.
        None => post.finish(&mut session.lock()),
    }
    Ok(Outcome::Told(Told::ok()))
}

/// A POST of a session. Dropped before it is finished, its client has gone.
struct ReceivingPost<'a> {
    session: &'a Shared,
    finished: bool,
}

impl<'a> ReceivingPost<'a> {
    /// Also returns the revision that the client speaks. `None` when the session is closed for this
    /// POST: it is binary, which only revision 3 knows, or another one is under way, and the order
    /// of the two cannot be known.
    fn start(session: &'a Shared, binary: bool) -> Option<(Self, Protocol)> {
        let mut state = session.lock();
        let protocol = state.proto.protocol();
        if (binary && protocol != Protocol::V3) || !matches!(state.rare().post, Post::None) {
            state.proto.abort(CloseReason::TransportError);
            state.wake_all();
            return None;
        }
        state.rare().post = Post::Receiving;
        drop(state);
        let started = Self {
            session,
            finished: false,
        };
        Some((started, protocol))
    }

    /// Runs `future` for as long as the session lives, so that a body that never ends does not
    /// outlive it.
    async fn until_closed<F: Future>(&self, mut future: Pin<&mut F>) -> Option<F::Output> {
        poll_fn(|cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(Some(output));
            }
            let mut state = self.session.lock();
            if state.proto.is_closed() {
                return Poll::Ready(None);
            }
            wait(&mut state.rare().post_waker, cx);
            Poll::Pending
        })
        .await
    }

    /// Gives the packets to the session's driver and returns when it has taken them all.
    async fn hand_over(&mut self, packets: PayloadDecoder) {
        let mut packets = Some(packets);
        poll_fn(|cx| {
            let mut state = self.session.lock();
            if let Some(packets) = packets.take() {
                state.rare().post = Post::Received(packets);
                state = run_driver(self.session, state);
            }
            if state.proto.is_closed() || matches!(state.rare().post, Post::Done) {
                self.finish(&mut state);
                return Poll::Ready(());
            }
            wait(&mut state.rare().post_waker, cx);
            Poll::Pending
        })
        .await;
    }

    fn finish(&mut self, state: &mut Locked<'_>) {
        self.finished = true;
        let rare = state.rare();
        rare.post = Post::None;
        rare.post_waker = None;
        // An upgrade waits for the POST before it.
        if state.proto.is_upgrading() {
            state.wake_driver();
        }
    }
}

impl Drop for ReceivingPost<'_> {
    fn drop(&mut self) {
        if !self.finished {
            let mut state = self.session.lock();
            self.finish(&mut state);
            // Harmless where the session is closed already.
            state.proto.abort(CloseReason::TransportError);
            state.wake_all();
        }
    }
}

#[derive(Debug)]
enum ReceiveError {
    Aborted,
    TooLarge,
}

async fn receive<B: Body>(mut body: Pin<&mut B>, limit: usize) -> Result<Bytes, ReceiveError> {
    if body.size_hint().lower() > limit as u64 {
        return Err(ReceiveError::TooLarge);
    }
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
            // Bodies of known length need not be asked for their end.
            if body.is_end_stream() {
                break;
            }
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

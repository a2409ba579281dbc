//! HTTP long-polling: the server sends in answer to a pending GET, the client by POST.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes, BytesMut};
use engineio_proto::{
    CloseReason, ConnectionError, PayloadDecoder, PayloadEncoder, PollError, Transport,
};
use http::{HeaderMap, StatusCode, header};
use http_body::Body;

use crate::future::EngineResponse;
use crate::response;
use crate::session::{Post, Shared, now};

/// Answers a GET with the next packets, as soon as there are any.
pub(crate) async fn poll(session: Arc<Shared>, headers: &HeaderMap) -> EngineResponse {
    {
        let mut state = session.lock();
        match state.proto.handle_poll(now()) {
            Ok(()) => {}
            Err(PollError::Overlap) => {
                // The session is over: whoever waits is told.
                state.wake_all();
                return response::status(StatusCode::BAD_REQUEST);
            }
            Err(PollError::NotPolling) => return response::error(&ConnectionError::BadRequest),
            Err(_) => return response::error(&ConnectionError::SessionIdUnknown),
        }
        // The task may have a timer to set for this poll.
        if state.proto.is_upgrading() || !state.proto.is_open() {
            state.wake_driver();
        }
    }
    match (PendingPoll {
        session: Some(session),
    })
    .await
    {
        Some(payload) => response::payload(payload, headers),
        None => response::status(StatusCode::BAD_REQUEST),
    }
}

/// A GET that waits for packets. Dropped before it is answered, its client has gone.
struct PendingPoll {
    session: Option<Arc<Shared>>,
}

impl Future for PendingPoll {
    type Output = Option<Bytes>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(session) = &self.session else {
            return Poll::Ready(None);
        };
        let mut state = session.lock();
        let mut payload = PayloadEncoder::new(state.proto.protocol(), true);
        while let Some(transmit) = state.proto.poll_transmit(Transport::Polling) {
            payload.push(&transmit.packet);
        }
        if payload.is_empty() && state.proto.poll_pending() {
            state.rare().poll = Some(cx.waker().clone());
            return Poll::Pending;
        }
        state.wake_drained();
        // A session that is closing ends with this answer.
        if !state.proto.is_open() {
            state.wake_driver();
        }
        drop(state);
        self.session = None;
        Poll::Ready((!payload.is_empty()).then(|| payload.finish().body))
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
    headers: &HeaderMap,
    body: B,
    limit: usize,
) -> EngineResponse {
    let binary = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value == "application/octet-stream");
    if binary {
        // Binary payloads belong to version 3 of the protocol.
        session.abort(CloseReason::TransportError);
        return response::status(StatusCode::BAD_REQUEST);
    }
    let Some(mut post) = ReceivingPost::start(session) else {
        return response::status(StatusCode::BAD_REQUEST);
    };
    let body = match post.until_closed(receive(body, limit)).await {
        None => return response::error(&ConnectionError::SessionIdUnknown),
        Some(Err(ReceiveError::TooLarge)) => {
            // The session lives: the client may send the rest in smaller messages.
            post.finish();
            return response::status(StatusCode::PAYLOAD_TOO_LARGE);
        }
        // The guard closes the session.
        Some(Err(ReceiveError::Aborted)) => return response::status(StatusCode::BAD_REQUEST),
        Some(Ok(body)) => body,
    };
    let protocol = post.session.lock().proto.protocol();
    post.hand_over(PayloadDecoder::new(protocol, body)).await;
    response::ok(headers)
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

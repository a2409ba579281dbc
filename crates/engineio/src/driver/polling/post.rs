//! The POST of a polling session, by which the client sends.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use bytes::{Buf as _, Bytes, BytesMut};
use engineio_proto::{CloseReason, PayloadDecoder, Protocol};
use http::request::Parts;
use http::{StatusCode, header};
use http_body::Body;

use super::outcome::{Outcome, store_waker};
use crate::driver::polling_task::run_driver;
use crate::http::connection_failure::Refusal;
use crate::http::response::Told;
use crate::session::{Locked, Post, Shared};
use crate::transport::jsonp;

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
            store_waker(&mut state.rare().post_waker, cx);
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
            store_waker(&mut state.rare().post_waker, cx);
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

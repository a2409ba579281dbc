//! The POST of a polling session, which carries packets to the server.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use bytes::{Buf as _, Bytes, BytesMut};
use engineio_proto::{CloseReason, PayloadDecoder, Protocol, Transport};
use http::request::Parts;
use http::{StatusCode, header};
use http_body::Body;

use super::{Outcome, store_waker, transport_mismatch};
use crate::driver::polling_task::run_driver;
use crate::http::connection_failure::Refusal;
use crate::http::response::PollResponse;
use crate::session::{Post, Shared, StateGuard};
use crate::transport::jsonp;

/// A body that is too large is read and dropped if it is at most this many times the limit.
/// Otherwise the connection is closed after the response.
const DROPPED_BODY_FACTOR: usize = 2;

/// Receives the packets of a POST. `in_form` is set for JSONP, where they are a field of a form.
pub(crate) async fn post<B: Body>(
    session: &Shared,
    request: &Parts,
    in_form: bool,
    body: Pin<&mut B>,
    limit: usize,
) -> Result<Outcome, Refusal> {
    let binary = request
        .headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value == "application/octet-stream");
    let Some((mut post, protocol)) = PostGuard::start(session, binary)? else {
        return Ok(Outcome::Status(StatusCode::BAD_REQUEST));
    };
    let received = {
        let receiving = pin!(receive(body, limit));
        post.until_closed(receiving).await
    };
    let body = match received {
        None => return Err(post.refuse()),
        Some(Err(ReceiveError::TooLarge)) => {
            // The session stays open: the client may send smaller messages.
            post.finish(&mut session.lock());
            return Ok(Outcome::Status(StatusCode::PAYLOAD_TOO_LARGE));
        }
        // Dropping the guard closes the session.
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
        Some(packets) => {
            if !post.process(packets).await {
                return Err(post.refuse());
            }
        }
        // A form without packets is accepted, as in Node.
        None => post.finish(&mut session.lock()),
    }
    Ok(Outcome::Response(PollResponse::ok()))
}

/// A POST in progress. If it is dropped before it is finished, the client has disconnected and the
/// session is closed.
struct PostGuard<'a> {
    session: &'a Shared,
    finished: bool,
}

impl<'a> PostGuard<'a> {
    /// Starts a POST, and returns the protocol revision of the session as well.
    ///
    /// Closes the session and returns `None` if the payload is binary, which only revision 3
    /// supports. Does the same if another POST is in progress, because the order of their packets
    /// is unknown. Refuses the request if the session has left polling.
    fn start(session: &'a Shared, binary: bool) -> Result<Option<(Self, Protocol)>, Refusal> {
        let mut state = session.lock();
        if state.proto.transport() != Transport::Polling {
            return Err(transport_mismatch(state.proto.transport()));
        }
        let protocol = state.proto.protocol();
        if (binary && protocol != Protocol::V3)
            || !matches!(state.cold_or_insert().post, Post::None)
        {
            state.proto.abort(CloseReason::TransportError);
            state.wake_all();
            return Ok(None);
        }
        state.cold_or_insert().post = Post::Receiving;
        drop(state);
        let started = Self {
            session,
            finished: false,
        };
        Ok(Some((started, protocol)))
    }

    /// Runs `future` until the session is closed or the POST has expired, so that an endless body
    /// neither outlives its session nor delays its upgrade.
    async fn until_closed<F: Future>(&self, mut future: Pin<&mut F>) -> Option<F::Output> {
        poll_fn(|cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(Some(output));
            }
            let mut state = self.session.lock();
            if state.proto.is_closed() || matches!(state.cold_or_insert().post, Post::Expired) {
                return Poll::Ready(None);
            }
            let previous = store_waker(&mut state.cold_or_insert().post_waker, cx);
            drop(state);
            drop(previous);
            Poll::Pending
        })
        .await
    }

    /// Ends a POST whose session is closed or has upgraded meanwhile.
    fn refuse(&mut self) -> Refusal {
        let mut state = self.session.lock();
        self.finish(&mut state);
        if state.proto.is_closed() {
            Refusal::unknown_session(self.session.id())
        } else {
            transport_mismatch(state.proto.transport())
        }
    }

    /// Passes the packets to the driver and waits until all of them are handled.
    /// Returns `false` if the POST has expired before, so that its packets are not handled.
    async fn process(&mut self, packets: PayloadDecoder) -> bool {
        let mut packets = Some(packets);
        poll_fn(|cx| {
            let mut state = self.session.lock();
            if let Some(packets) = packets.take()
                && matches!(state.cold_or_insert().post, Post::Receiving)
            {
                state.cold_or_insert().post = Post::Received(packets);
                state = run_driver(self.session, state);
            }
            let is_expired = matches!(state.cold_or_insert().post, Post::Expired);
            let is_done = matches!(state.cold_or_insert().post, Post::Done);
            if state.proto.is_closed() || is_done || is_expired {
                self.finish(&mut state);
                return Poll::Ready(!is_expired);
            }
            let previous = store_waker(&mut state.cold_or_insert().post_waker, cx);
            drop(state);
            drop(previous);
            Poll::Pending
        })
        .await
    }

    fn finish(&mut self, state: &mut StateGuard<'_>) {
        self.finished = true;
        let cold = state.cold_or_insert();
        cold.post = Post::None;
        cold.post_waker = None;
        cold.post_deadline = None;
        // The driver does not read the new channel before the end of this POST.
        if state.proto.is_upgraded() {
            state.wake_driver();
        }
    }
}

impl Drop for PostGuard<'_> {
    fn drop(&mut self) {
        if !self.finished {
            let mut state = self.session.lock();
            self.finish(&mut state);
            // Has no effect if the session is closed already.
            if state.proto.transport() == Transport::Polling {
                state.proto.abort(CloseReason::TransportError);
            }
            state.wake_all();
        }
    }
}

#[derive(Debug)]
enum ReceiveError {
    Aborted,
    TooLarge,
}

/// Receives a body of up to `limit` bytes.
async fn receive<B: Body>(mut body: Pin<&mut B>, limit: usize) -> Result<Bytes, ReceiveError> {
    let announced = body.size_hint().lower();
    if announced > limit as u64 {
        // The client can use the connection for the next request if the body has been read.
        if announced <= limit.saturating_mul(DROPPED_BODY_FACTOR) as u64 {
            drop_body(body).await?;
        }
        return Err(ReceiveError::TooLarge);
    }
    let mut received = BodyBuf::Nothing;
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let Ok(frame) = frame else {
            return Err(ReceiveError::Aborted);
        };
        if let Ok(mut data) = frame.into_data() {
            if data.remaining() > limit.saturating_sub(received.len()) {
                return Err(ReceiveError::TooLarge);
            }
            let data = data.copy_to_bytes(data.remaining());
            received = received.append(data);
            // A body of known length needs no further poll to detect its end.
            if body.is_end_stream() {
                break;
            }
        }
    }
    Ok(received.into_bytes())
}

/// Reads a body to its end and drops it.
async fn drop_body<B: Body>(mut body: Pin<&mut B>) -> Result<(), ReceiveError> {
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        frame.map_err(|_| ReceiveError::Aborted)?;
        if body.is_end_stream() {
            break;
        }
    }
    Ok(())
}

/// The received part of a body. A body that arrives in one piece is not copied.
enum BodyBuf {
    Nothing,
    One(Bytes),
    Several(BytesMut),
}

impl BodyBuf {
    fn len(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::One(bytes) => bytes.len(),
            Self::Several(bytes) => bytes.len(),
        }
    }

    fn append(self, data: Bytes) -> Self {
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

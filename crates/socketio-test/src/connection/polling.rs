//! HTTP long-polling through the service.

use std::future::ready;
use std::pin::pin;

use axum_core::body::Body;
use bytes::Bytes;
use engineio_proto::{Packet, PayloadDecoder, PayloadEncoder, Protocol};
use futures_util::future::{Either, select};
use http::{HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt as _;
use serde::Deserialize;
use tokio::sync::mpsc;

use super::incoming::Incoming;
use super::shared::Outgoing;
use crate::disconnection::{Disconnection, End};
use crate::options::Options;
use crate::refused::ConnectRefused;

/// The content type of Node's client.
const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("text/plain;charset=UTF-8");

/// The content of the server's `open` packet.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Handshake {
    sid: String,
    /// The largest body of a POST in bytes.
    max_payload: Option<usize>,
}

/// An open session on polling.
pub(super) struct Session {
    options: Options,
    sid: String,
    max_payload: usize,
    /// Packets that came with the handshake.
    initial: PayloadDecoder,
}

/// Opens a session.
pub(super) async fn open(options: &Options) -> Result<Session, ConnectRefused> {
    let (status, body) = send(options, Method::GET, None, Bytes::new())
        .await
        .map_err(ConnectRefused::failed)?;
    if status != StatusCode::OK {
        return Err(ConnectRefused::handshake(status, &body));
    }
    let mut packets = PayloadDecoder::new(Protocol::V4, body.clone());
    let handshake = match packets.next() {
        Some(Ok(Packet::Open(json))) => serde_json::from_str::<Handshake>(&json).ok(),
        _ => None,
    };
    // For example the page of an application whose layer has another path.
    let handshake = handshake.ok_or_else(|| ConnectRefused::handshake(status, &body))?;
    Ok(Session {
        options: options.clone(),
        sid: handshake.sid,
        max_payload: handshake.max_payload.unwrap_or(usize::MAX),
        initial: packets,
    })
}

impl Session {
    /// Polls and sends until the connection ends.
    pub(super) async fn run(
        self,
        outgoing: mpsc::UnboundedReceiver<Outgoing>,
        incoming: Incoming,
    ) -> End {
        let reading = pin!(self.read(incoming));
        let writing = pin!(self.write(outgoing));
        match select(reading, writing).await {
            Either::Left((end, _)) | Either::Right((end, _)) => end,
        }
    }

    async fn read(&self, mut incoming: Incoming) -> End {
        let mut packets = self.initial.clone();
        loop {
            for packet in packets {
                if let Err(end) = incoming.handle(packet) {
                    return end;
                }
            }
            packets = match self.request(Method::GET, Bytes::new()).await {
                Ok(body) => PayloadDecoder::new(Protocol::V4, body),
                Err(end) => return end,
            };
        }
    }

    async fn write(&self, mut outgoing: mpsc::UnboundedReceiver<Outgoing>) -> End {
        while let Some(Outgoing {
            packets,
            is_last,
            taken,
        }) = outgoing.recv().await
        {
            for body in payloads(packets, self.max_payload) {
                if let Err(end) = self.request(Method::POST, body).await {
                    return end;
                }
            }
            if let Some(taken) = taken {
                // The response to a POST confirms that its packets have been handled.
                let _ = taken.send(Box::pin(ready(())));
            }
            if is_last {
                break;
            }
        }
        End::new(Disconnection::ClientDisconnect)
    }

    /// Sends a request of the session. Returns the body of the response.
    async fn request(&self, method: Method, body: Bytes) -> Result<Bytes, End> {
        let sent = send(&self.options, method.clone(), Some(&self.sid), body).await;
        let detail = match sent {
            Ok((StatusCode::OK, body)) => return Ok(body),
            Ok((status, body)) => {
                let body = String::from_utf8_lossy(&body);
                format!("a {method} was answered with the status {status}: {body}")
            }
            Err(text) => text,
        };
        Err(End::with_detail(Disconnection::TransportError, detail))
    }
}

/// Sends a request through the service. Returns the status and body of the response.
async fn send(
    options: &Options,
    method: Method,
    session: Option<&str>,
    body: Bytes,
) -> Result<(StatusCode, Bytes), String> {
    let is_post = method == Method::POST;
    let mut request = options.request(method, session, Body::from(body));
    if is_post {
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, CONTENT_TYPE);
    }
    let failed = |error| format!("the service failed: {error}");
    let response = options.call(request).await.map_err(failed)?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await;
    let body = body.map_err(|error| format!("the body of a response failed: {error}"))?;
    Ok((parts.status, body.to_bytes()))
}

/// Encodes packets as the bodies of requests, of which only a single packet exceeds the limit, as
/// Node's client does.
fn payloads(packets: Vec<Packet>, max_payload: usize) -> Vec<Bytes> {
    let mut bodies = Vec::new();
    let mut encoder = PayloadEncoder::new(Protocol::V4, true);
    for packet in packets {
        let separator = 1;
        let length = packet.encode_base64().len().saturating_add(separator);
        if !encoder.is_empty() && encoder.len().saturating_add(length) > max_payload {
            let full = std::mem::replace(&mut encoder, PayloadEncoder::new(Protocol::V4, true));
            bodies.push(full.finish().body);
        }
        encoder.push(packet);
    }
    if !encoder.is_empty() {
        bodies.push(encoder.finish().body);
    }
    bodies
}

#[cfg(test)]
mod tests {
    use engineio_proto::Message;

    use super::*;

    #[test]
    fn packets_share_a_body_up_to_the_limit() {
        let packets = || vec![Packet::Message(Message::from("abc")); 3];
        assert_eq!(payloads(packets(), 14), ["4abc\x1e4abc\x1e4abc"]);
        assert_eq!(payloads(packets(), 13), ["4abc\x1e4abc", "4abc"]);
        assert_eq!(payloads(packets(), 1), ["4abc"; 3]);
        assert!(payloads(Vec::new(), 1).is_empty());
    }
}

//! WebSocket over HTTP/1.1, through an in-memory connection.

use std::io;
use std::pin::pin;

use axum_core::body::Body;
use engineio_proto::{Frame, Packet};
use futures_util::future::{Either, select};
use futures_util::{SinkExt as _, Stream, StreamExt as _};
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming as HyperBody;
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::incoming::Incoming;
use super::pipe::{Progress, pipe};
use super::shared::Outgoing;
use crate::disconnection::{Disconnection, End};
use crate::options::Options;
use crate::refused::ConnectRefused;

/// The nonce of RFC 6455, section 1.3. In memory, no proxy has to be protected from a fixed one.
const KEY: HeaderValue = HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==");

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// An open session on a WebSocket.
pub(super) struct Session {
    socket: Socket,
    progress: Progress,
    /// The HTTP connection, which ends with the upgrade.
    _http: JoinSet<()>,
}

/// Opens a session.
pub(super) async fn open(options: &Options) -> Result<Session, ConnectRefused> {
    let failed = |error: &dyn std::fmt::Display| ConnectRefused::failed(error.to_string());
    let (client, server, progress) = pipe();
    let mut http = JoinSet::new();

    let service = {
        let options = options.clone();
        service_fn(move |request: Request<HyperBody>| {
            let answer = options.call(request.map(Body::new));
            async move { answer.await.map_err(io::Error::other) }
        })
    };
    let serving = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(server), service)
        .with_upgrades();
    http.spawn(async move {
        // A failed service also ends the request, which reports it.
        let _ = serving.await;
    });

    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(client))
        .await
        .map_err(|error| failed(&error))?;
    http.spawn(async move {
        let _ = connection.with_upgrades().await;
    });

    let mut request = options.request(Method::GET, None, Body::empty());
    let headers = request.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(
        header::SEC_WEBSOCKET_VERSION,
        HeaderValue::from_static("13"),
    );
    headers.insert(header::SEC_WEBSOCKET_KEY, KEY);
    let response = sender.send_request(request).await;
    let response = response.map_err(|error| failed(&error))?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let status = response.status();
        let body = response.into_body().collect().await;
        let body = body.map_err(|error| failed(&error))?.to_bytes();
        return Err(ConnectRefused::handshake(status, &body));
    }
    let upgraded = hyper::upgrade::on(response).await;
    let upgraded = TokioIo::new(upgraded.map_err(|error| failed(&error))?);
    let mut socket = WebSocketStream::from_raw_socket(upgraded, Role::Client, None).await;
    match next(&mut socket).await {
        Ok(Packet::Open(_)) => {}
        Ok(other) => return Err(failed(&format_args!("the server began with {other:?}"))),
        Err(end) => return Err(ConnectRefused::ended(&end)),
    }
    Ok(Session {
        socket,
        progress,
        _http: http,
    })
}

impl Session {
    /// Reads and sends until the connection ends.
    pub(super) async fn run(
        self,
        mut outgoing: mpsc::UnboundedReceiver<Outgoing>,
        mut incoming: Incoming,
    ) -> End {
        let (mut sink, mut stream) = self.socket.split();
        let progress = self.progress;
        let reading = pin!(async {
            loop {
                let handled = match next(&mut stream).await {
                    Ok(packet) => incoming.handle(Ok(packet)),
                    Err(end) => Err(end),
                };
                if let Err(end) = handled {
                    return end;
                }
            }
        });
        let writing = pin!(async {
            while let Some(batch) = outgoing.recv().await {
                if batch.is_last {
                    // As Node's client, which sends no packet.
                    let _ = sink.close().await;
                    progress.taken().await;
                    break;
                }
                for packet in &batch.packets {
                    if let Err(error) = sink.feed(encode(packet)).await {
                        return failed(&error);
                    }
                }
                if let Err(error) = sink.flush().await {
                    return failed(&error);
                }
                if let Some(taken) = batch.taken {
                    // The caller waits, because this task has to answer pings meanwhile.
                    let _ = taken.send(progress.taken());
                }
            }
            End::new(Disconnection::ClientDisconnect)
        });
        match select(reading, writing).await {
            Either::Left((end, _)) | Either::Right((end, _)) => end,
        }
    }
}

/// Returns the next packet, or the end of the connection.
async fn next(
    stream: &mut (impl Stream<Item = Result<Message, Error>> + Unpin),
) -> Result<Packet, End> {
    loop {
        let packet = match stream.next().await {
            Some(Ok(Message::Text(text))) => Packet::decode_text(text.as_str().into()),
            Some(Ok(Message::Binary(bytes))) => return Ok(Packet::binary(bytes)),
            Some(Ok(Message::Close(_))) | None => {
                return Err(End::new(Disconnection::TransportClose));
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
            Some(Err(error)) => return Err(failed(&error)),
        };
        return packet
            .map_err(|error| End::with_detail(Disconnection::ParseError, error.to_string()));
    }
}

fn encode(packet: &Packet) -> Message {
    match packet.encode() {
        Frame::Text(text) => Message::text(&*text),
        Frame::Binary(bytes) => Message::binary(bytes),
    }
}

/// The end of a WebSocket that fails, which is a close for Node's client.
fn failed(error: &Error) -> End {
    End::with_detail(Disconnection::TransportClose, error.to_string())
}

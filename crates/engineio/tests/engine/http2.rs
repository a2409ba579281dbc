//! HTTP/2: polling and WebSocket by extended CONNECT (RFC 8441), beside HTTP/1.1.

use bytes::Bytes;
use engineio::{CloseReason, Config, Message, PerMessageDeflate, Transport};
use h2::client::SendRequest;
use h2::ext::Protocol;
use h2::{RecvStream, SendStream};
use http::{Method, Request, Response};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::polling_client::{PollingClient, sid_of};
use crate::server::{PIPE, Server, expect, settle};
use crate::websocket_client::WebSocketClient;

const POLLING: &str = "http://localhost/engine.io/?EIO=4&transport=polling";
const WEBSOCKET: &str = "http://localhost/engine.io/?EIO=4&transport=websocket";

/// An HTTP/2 connection.
struct Http2(SendRequest<Bytes>);

impl Http2 {
    async fn connect(server: &Server) -> Self {
        let (requests, connection) = h2::client::handshake(server.connect(PIPE))
            .await
            .expect("HTTP/2");
        tokio::spawn(async {
            connection.await.ok();
        });
        // Waits for the settings of the server.
        settle().await;
        assert!(requests.is_extended_connect_protocol_enabled());
        Self(requests)
    }

    async fn send(&self, request: Request<()>, body: Option<&str>) -> (u16, String) {
        let requests = self.0.clone();
        let mut requests = expect("room for a request", requests.ready())
            .await
            .unwrap();
        let (response, mut stream) = requests.send_request(request, body.is_none()).unwrap();
        if let Some(body) = body {
            let body = Bytes::copy_from_slice(body.as_bytes());
            stream.send_data(body, true).unwrap();
        }
        let response = expect("an answer", response).await.unwrap();
        let (parts, body) = response.into_parts();
        (parts.status.as_u16(), text(body).await)
    }

    async fn get(&self, uri: &str) -> (u16, String) {
        self.send(Request::get(uri).body(()).unwrap(), None).await
    }

    async fn post(&self, uri: &str, body: &str) -> (u16, String) {
        self.send(Request::post(uri).body(()).unwrap(), Some(body))
            .await
    }

    /// Requests a WebSocket.
    async fn extended_connect(&self, uri: &str) -> (Response<RecvStream>, SendStream<Bytes>) {
        self.extended_connect_offering(uri, "").await
    }

    /// Requests a WebSocket with extensions.
    async fn extended_connect_offering(
        &self,
        uri: &str,
        extensions: &str,
    ) -> (Response<RecvStream>, SendStream<Bytes>) {
        let request = Request::builder()
            .method(Method::CONNECT)
            .uri(uri)
            .extension(Protocol::from_static("websocket"))
            .header("sec-websocket-version", "13")
            .header("sec-websocket-extensions", extensions)
            .body(())
            .unwrap();
        let mut requests = expect("room for a request", self.0.clone().ready())
            .await
            .unwrap();
        let (response, stream) = requests.send_request(request, false).unwrap();
        (expect("an answer", response).await.unwrap(), stream)
    }

    async fn websocket(&self, uri: &str) -> WebSocketClient {
        let (response, stream) = self.extended_connect(uri).await;
        assert_eq!(response.status(), 200);
        assert!(!response.headers().contains_key("sec-websocket-accept"));
        let io = joined(stream, response.into_body());
        WebSocketClient::from_stream(WebSocketStream::from_raw_socket(io, Role::Client, None).await)
    }
}

async fn text(mut body: RecvStream) -> String {
    let mut bytes = Vec::new();
    while let Some(data) = expect("the body", body.data()).await {
        bytes.extend_from_slice(&data.unwrap());
    }
    String::from_utf8(bytes).unwrap()
}

/// Joins both directions of a stream to one connection.
fn joined(mut out: SendStream<Bytes>, mut input: RecvStream) -> DuplexStream {
    let (client, pump) = tokio::io::duplex(PIPE);
    let (mut from_client, mut to_client) = tokio::io::split(pump);
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
            if out
                .send_data(Bytes::copy_from_slice(&buffer[..read]), false)
                .is_err()
            {
                return;
            }
        }
        out.send_data(Bytes::new(), true).ok();
    });
    tokio::spawn(async move {
        while let Some(Ok(data)) = input.data().await {
            input.flow_control().release_capacity(data.len()).ok();
            if to_client.write_all(&data).await.is_err() {
                return;
            }
        }
        to_client.shutdown().await.ok();
    });
    client
}

#[tokio::test(start_paused = true)]
async fn a_client_polls_over_http2() {
    let mut server = Server::echoing();
    let client = Http2::connect(&server).await;
    let (status, open) = client.get(POLLING).await;
    assert_eq!(status, 200);
    let uri = format!("{POLLING}&sid={}", sid_of(&open));
    server.opened().await;
    let (poll, post) = tokio::join!(client.get(&uri), client.post(&uri, "4hello\x1ebAQI="));
    assert_eq!(post, (200, "ok".to_owned()));
    assert_eq!(poll, (200, "4hello\x1ebAQI=".to_owned()));
    server.messages(["hello"]).await;
    assert_eq!(client.post(&uri, &"4".repeat(1_000_001)).await.0, 413);
    assert_eq!(client.post(&uri, "1").await.0, 200);
    assert_eq!(
        server.message().await,
        Message::from(Bytes::from_static(&[1, 2]))
    );
    assert_eq!(server.closed().await, CloseReason::TransportClose);
}

#[tokio::test(start_paused = true)]
async fn a_websocket_opens_over_http2() {
    let mut server = Server::echoing();
    let connection = Http2::connect(&server).await;
    let mut client = connection.websocket(WEBSOCKET).await;
    assert!(client.text().await.starts_with(r#"0{"sid":""#));
    let session = server.opened().await;
    assert_eq!(session.transport(), Transport::WebSocket);
    client.send("4hello").await;
    client.expect_texts(["4hello"]).await;
    client.send_message(Frame::binary(&b"\x01\x02"[..])).await;
    assert!(matches!(client.next().await, Some(Ok(Frame::Binary(_)))));
    server.messages(["hello"]).await;
    assert_eq!(server.message().await.len(), 2);
    client.expect_texts(["2"]).await;
    client.send("3").await;
    client.close().await;
    assert_eq!(server.closed().await, CloseReason::TransportClose);
}

#[tokio::test(start_paused = true)]
async fn the_server_closes_a_websocket_over_http2() {
    let mut server = Server::new();
    let connection = Http2::connect(&server).await;
    let mut client = connection.websocket(WEBSOCKET).await;
    client.text().await;
    let session = server.opened().await;
    session.send("last").unwrap();
    session.close(CloseReason::ForcedClose);
    client.expect_texts(["4last"]).await;
    client.is_closed_with(None).await;
    assert_eq!(server.closed().await, CloseReason::ForcedClose);
}

#[tokio::test(start_paused = true)]
async fn many_sessions_share_one_http2_connection() {
    let mut server = Server::echoing();
    let connection = Http2::connect(&server).await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        let mut client = connection.websocket(WEBSOCKET).await;
        client.text().await;
        server.opened().await;
        clients.push(client);
    }
    assert_eq!(server.engine.clients_count(), 20);
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(&format!("4{number}")).await;
    }
    for (number, client) in clients.iter_mut().enumerate() {
        client.expect_texts([&*format!("4{number}")]).await;
    }
    server.drain_callbacks();
    drop(clients.pop());
    assert_eq!(server.closed().await, CloseReason::TransportClose);
    assert_eq!(server.engine.clients_count(), 19);
    // Breaks the whole connection.
    drop((clients, connection));
    for _ in 0..19 {
        assert_eq!(server.closed().await, CloseReason::TransportClose);
    }
}

#[tokio::test(start_paused = true)]
async fn a_large_message_passes_over_http2() {
    let large = "a".repeat(900_000);
    let mut server = Server::echoing();
    let connection = Http2::connect(&server).await;
    let mut client = connection.websocket(WEBSOCKET).await;
    client.text().await;
    server.opened().await;
    client.send(&format!("4{large}")).await;
    server.messages([&large]).await;
    assert_eq!(client.text().await.len(), large.len() + 1);
}

#[tokio::test(start_paused = true)]
async fn a_session_upgrades_over_http2() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    let session = server.opened().await;
    let connection = Http2::connect(&server).await;
    let uri = format!("{WEBSOCKET}&sid={}", client.sid);
    let mut socket = connection.websocket(&uri).await;
    socket.send("2probe").await;
    socket.expect_texts(["3probe"]).await;
    session.send("hello").unwrap();
    socket.send("5").await;
    socket.expect_texts(["4hello"]).await;
    assert_eq!(session.transport(), Transport::WebSocket);
}

#[tokio::test(start_paused = true)]
async fn a_websocket_over_http2_is_refused_with_a_status() {
    let server = Server::new();
    let connection = Http2::connect(&server).await;
    for (uri, message) in [
        (format!("{WEBSOCKET}&sid=nobody"), "Session ID unknown"),
        (POLLING.to_owned(), "Bad request"),
        (
            WEBSOCKET.replace("EIO=4", "EIO=3"),
            "Unsupported protocol version",
        ),
    ] {
        let (response, _stream) = connection.extended_connect(&uri).await;
        assert_eq!(response.status(), 400);
        assert_eq!(text(response.into_body()).await, message);
    }
    assert_eq!(server.engine.clients_count(), 0);
    // A plain request is not an upgrade.
    let (status, body) = connection.get(WEBSOCKET).await;
    assert_eq!(
        (status, &*body),
        (400, r#"{"code":3,"message":"Bad request"}"#)
    );
}

#[tokio::test(start_paused = true)]
async fn both_http_versions_share_sessions() {
    let mut server = Server::echoing();
    let connection = Http2::connect(&server).await;
    let (_, open) = connection.get(POLLING).await;
    server.opened().await;
    // The session that was opened over HTTP/2 upgrades to a WebSocket over HTTP/1.1.
    let mut socket = WebSocketClient::probe(&server, &sid_of(&open)).await;
    socket.send("5").await;
    socket.send("4hello").await;
    socket.expect_texts(["4hello"]).await;
    assert_eq!(server.engine.clients_count(), 1);
}

#[tokio::test]
async fn compression_is_negotiated_over_http2() {
    let deflate = PerMessageDeflate::default().threshold(0);
    let server = Server::with(Config::default().per_message_deflate(deflate));
    let client = Http2::connect(&server).await;
    let offer = "permessage-deflate; client_max_window_bits";
    let (response, stream) = client.extended_connect_offering(WEBSOCKET, offer).await;
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.headers()["sec-websocket-extensions"],
        "permessage-deflate"
    );
    let mut io = joined(stream, response.into_body());
    let mut header = [0; 2];
    expect("the open packet", io.read_exact(&mut header))
        .await
        .unwrap();
    // A compressed text.
    assert_eq!(header[0], 0xc1);
}

//! Tests options of the Engine.IO server: path, cookie, compression and initial packet.

use std::io::Read as _;

use e2e::app::serve;
use e2e::session::join_polling;
use flate2::read::GzDecoder;
use socketio::{
    CookieSameSite, HttpCompression, SessionCookie, Socket, SocketIoBuilder, SocketIoLayer,
};
use socketio_testing::{HttpConnection, PollingClient, RawResponse, Request, WsClient};

const POLLING: &str = "/socket.io/?EIO=4&transport=polling";
const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";

/// Returns the session id in the response to a polling handshake.
fn sid_of(response: &RawResponse) -> String {
    response.text().split('"').nth(3).expect("an id").to_owned()
}

fn attributes(response: &RawResponse) -> Vec<String> {
    let cookie = response.header("set-cookie").expect("a cookie");
    let mut attributes: Vec<_> = cookie.split("; ").map(str::to_owned).collect();
    attributes[1..].sort_unstable();
    attributes
}

#[tokio::test]
async fn a_cookie_contains_the_session_id() {
    let builder = SocketIoLayer::builder().cookie(SessionCookie::default());
    let addr = serve(builder.build()).await;
    let response = Request::get(POLLING).send(addr).await;
    let expected = [
        &*format!("io={}", sid_of(&response)),
        "HttpOnly",
        "Path=/",
        "SameSite=Lax",
    ];
    assert_eq!(attributes(&response), expected);
    // The cookie is only set by the handshake.
    let target = format!("{POLLING}&sid={}", sid_of(&response));
    let posted = Request::post(&target, "40").send(addr).await;
    assert_eq!(posted.header("set-cookie"), None);

    // The handshake of a WebSocket also sets it, unlike in Node.
    let mut connection = HttpConnection::open(addr).await;
    connection.send(&Request::websocket(WEBSOCKET)).await;
    let response = connection.response().await;
    assert_eq!(response.status, 101);
    assert!(attributes(&response)[0].starts_with("io="));
}

#[tokio::test]
async fn the_cookie_attributes_are_configurable() {
    let cookie = SessionCookie::default()
        .name("server-7")
        .path("/live")
        .domain("example.com")
        .http_only(false)
        .secure(true)
        .same_site(CookieSameSite::None)
        .max_age(std::time::Duration::from_secs(60));
    let layer = SocketIoLayer::builder()
        .path("/live")
        .cookie(cookie)
        .build();
    let addr = serve(layer).await;
    let response = Request::get("/live/?EIO=4&transport=polling")
        .send(addr)
        .await;
    let expected = [
        &*format!("server-7={}", sid_of(&response)),
        "Domain=example.com",
        "Max-Age=60",
        "Path=/live",
        "SameSite=None",
        "Secure",
    ];
    assert_eq!(attributes(&response), expected);
}

#[tokio::test]
async fn the_trailing_slash_of_the_path_can_be_optional() {
    for (slash, path, served) in [
        (true, "/socket.io/", true),
        (true, "/socket.io", false),
        (true, "/socket.io/below", true),
        (false, "/socket.io/", true),
        (false, "/socket.io", true),
        (false, "/socket.io/below", true),
        (false, "/socket.iofoo", false),
        (true, "/socket.iofoo", false),
    ] {
        let builder = SocketIoLayer::builder().add_trailing_slash(slash);
        let addr = serve(builder.build()).await;
        let target = format!("{path}?EIO=4&transport=polling");
        let status = Request::get(&target).send(addr).await.status;
        assert_eq!(status, if served { 200 } else { 404 }, "{slash} {path}");
    }
    let layer = SocketIoLayer::builder().add_trailing_slash(false).build();
    layer.io().of("/");
    let addr = serve(layer).await;
    let mut client = PollingClient::handshake_at(addr, "/socket.io?EIO=4&transport=polling").await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    client.websocket().await.send("2probe").await;
}

#[tokio::test]
async fn the_initial_packet_follows_the_handshake() {
    let layer = SocketIoLayer::builder().initial_packet("hello").build();
    let addr = serve(layer).await;
    let response = Request::get(POLLING).send(addr).await;
    // The same response as Node's server.
    response.assert(200, "0{…}\u{1e}4hello");
    let mut client = WsClient::connect(addr, WEBSOCKET).await;
    client.expect("0{…}").await;
    client.expect("4hello").await;
}

const LONG: usize = 5_000;

/// Starts a server that emits long events with and without compression.
async fn serve_long_events(builder: SocketIoBuilder) -> std::net::SocketAddr {
    let layer = builder.build();
    layer
        .io()
        .of("/")
        .on("compressed", async |socket: Socket| {
            socket.emit("long", &"x".repeat(LONG));
        })
        .on("listen", async |socket: Socket| {
            socket.on_any_outgoing(|_, _| ());
        })
        .on("plain", async |socket: Socket| {
            socket.compress(false).emit("long", &"x".repeat(LONG));
        });
    serve(layer).await
}

/// Sends packets that request events, and returns the encoding of the response with the events.
async fn encoding(client: &PollingClient, packets: &str) -> Option<String> {
    client.send(packets).await;
    let response = client
        .raw_request("GET", &[("Accept-Encoding", "gzip, deflate, br")], None)
        .await;
    assert_eq!(response.status, 200);
    let encoding = response.header("content-encoding").map(str::to_owned);
    let mut text = String::new();
    match encoding {
        Some(_) => GzDecoder::new(&*response.body).read_to_string(&mut text),
        None => (&*response.body).read_to_string(&mut text),
    }
    .expect("text");
    let event = format!(r#"42["long","{}"]"#, "x".repeat(LONG));
    assert!(text.split('\u{1e}').all(|packet| packet == event));
    encoding
}

#[tokio::test]
async fn long_responses_are_compressed_unless_their_events_disable_it() {
    let addr = serve_long_events(SocketIoLayer::builder()).await;
    let (client, _) = join_polling(addr).await;
    let (compressed, plain) = (r#"42["compressed"]"#, r#"42["plain"]"#);
    assert_eq!(encoding(&client, compressed).await.as_deref(), Some("gzip"));
    assert_eq!(encoding(&client, plain).await, None);
    let both = format!("{plain}\u{1e}{compressed}");
    assert_eq!(encoding(&client, &both).await.as_deref(), Some("gzip"));
    // Outgoing listeners do not change the compression.
    client.send(r#"42["listen"]"#).await;
    assert_eq!(encoding(&client, compressed).await.as_deref(), Some("gzip"));
    assert_eq!(encoding(&client, plain).await, None);
}

#[tokio::test]
async fn compression_can_be_disabled_and_has_a_threshold() {
    let compressed = r#"42["compressed"]"#;
    let addr = serve_long_events(SocketIoLayer::builder().http_compression(None)).await;
    let (client, _) = join_polling(addr).await;
    assert_eq!(encoding(&client, compressed).await, None);

    // `42["long",""]` around the text.
    let length = LONG + 13;
    for (threshold, expected) in [(length, Some("gzip")), (length + 1, None)] {
        let compression = HttpCompression::default().threshold(threshold).level(1);
        let addr = serve_long_events(SocketIoLayer::builder().http_compression(compression)).await;
        let (client, _) = join_polling(addr).await;
        assert_eq!(encoding(&client, compressed).await.as_deref(), expected);
    }
}

//! Tests Engine.IO over HTTP long-polling: methods, bodies, limits, overlapping requests and the
//! end of a session.

use e2e::server::Server;
use socketio_testing::{HttpConnection, PendingPoll, PollingClient, RawResponse, Request};

const ALIVE: &str = r#"429["ack","alive"]"#;
const ALIVE_ANSWER: &str = r#"439["alive"]"#;

/// The default of `maxHttpBufferSize` in bytes.
const MAX_BODY: usize = 1_000_000;

#[tokio::test]
async fn the_server_answers_a_post() {
    let server = Server::start().await;
    let client = PollingClient::handshake(server.addr()).await;
    let response = client.post("40").await;
    response.assert(200, "ok");
    assert_eq!(response.header("content-type"), Some("text/html"));
    assert_eq!(response.header("content-length"), Some("2"));
}

#[tokio::test]
async fn the_server_answers_a_poll() {
    let server = Server::start().await;
    let client = PollingClient::handshake(server.addr()).await;
    client.send("40").await;
    let response = client.get().await;
    response.assert(200, r#"40{"sid":"…"}"#);
    assert_eq!(
        response.header("content-type"),
        Some("text/plain; charset=UTF-8")
    );
    assert_eq!(response.header("content-length"), Some("32"));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    assert_eq!(response.header("content-encoding"), None);
}

#[tokio::test]
async fn a_poll_waits_for_the_next_packet() {
    let server = Server::start().await;
    let client = PollingClient::connect(server.addr()).await;
    let pending = client.begin_get().await;
    client.send(ALIVE).await;
    pending.expect(ALIVE_ANSWER).await;
}

#[tokio::test]
async fn packets_of_one_payload_are_handled_in_order() {
    let server = Server::start().await;
    let mut client = PollingClient::connect(server.addr()).await;
    client
        .send("42[\"echo\",1]\u{1e}42[\"echo\",2]\u{1e}42[\"echo\",3]")
        .await;
    for expected in [r#"42["echo",1]"#, r#"42["echo",2]"#, r#"42["echo",3]"#] {
        client.expect(expected).await;
    }
}

#[tokio::test]
async fn a_session_rejects_other_methods() {
    let server = Server::start().await;
    let mut client = PollingClient::connect(server.addr()).await;
    for method in ["PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"] {
        println!("{method}");
        client.raw_request(method, &[], None).await.assert(500, "");
    }
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn a_session_rejects_another_transport_without_an_upgrade() {
    let server = Server::start().await;
    let mut client = PollingClient::connect(server.addr()).await;
    let response = Request::get(&client.upgrade_target())
        .send(server.addr())
        .await;
    response.assert(400, r#"{"code":3,"message":"Bad request"}"#);
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn a_session_rejects_another_protocol_version() {
    let server = Server::start().await;
    let mut client = PollingClient::connect(server.addr()).await;
    let response = Request::get(&client.target().replace("EIO=4", "EIO=3"))
        .send(server.addr())
        .await;
    response.assert(400, r#"{"code":3,"message":"Bad request"}"#);
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn a_binary_body_closes_the_session() {
    let server = Server::start().await;
    let client = PollingClient::connect(server.addr()).await;
    let headers = [("Content-Type", "application/octet-stream")];
    let response = client.raw_request("POST", &headers, Some(&[4, 1, 2])).await;
    response.assert(400, "");
    assert_empty(server, &response);
    client.expect_gone().await;
}

#[tokio::test]
async fn invalid_payloads_close_the_session() {
    let server = Server::start().await;
    for (name, payload) in [
        ("empty body", ""),
        ("no packet type", "abc"),
        ("unknown packet type", "9"),
        ("empty packet", "42[\"echo\"]\u{1e}\u{1e}42[\"echo\"]"),
        ("a ping, which only the server may send", "2"),
        ("a close packet", "1"),
    ] {
        println!("{name}");
        let client = PollingClient::connect(server.addr()).await;
        client.send(payload).await;
        client.expect_gone().await;
    }
}

#[tokio::test]
async fn packets_without_effect_keep_the_session() {
    let server = Server::start().await;
    let mut client = PollingClient::connect(server.addr()).await;
    for (name, payload) in [
        ("an unsolicited pong", "3"),
        ("open", "0"),
        ("upgrade", "5"),
        ("noop", "6"),
    ] {
        println!("{name}");
        client.send(payload).await;
        assert_alive(&mut client).await;
    }
}

#[tokio::test]
async fn a_close_packet_releases_the_pending_poll() {
    let server = Server::start().await;
    let client = PollingClient::connect(server.addr()).await;
    let pending = pending_poll(server, &client).await;
    client.send("1").await;
    pending.expect("6").await;
    client.expect_gone().await;
}

#[tokio::test]
async fn concurrent_polls_close_the_session() {
    let server = Server::start().await;
    let client = PollingClient::connect(server.addr()).await;
    let first = pending_poll(server, &client).await;
    let second = client.get().await;
    second.assert(400, "");
    assert_empty(server, &second);
    first.expect("1").await;
    client.expect_gone().await;
}

#[tokio::test]
async fn the_server_accepts_a_body_at_the_limit() {
    let server = Server::start().await;
    let mut client = PollingClient::connect(server.addr()).await;
    client.send(&event_of(MAX_BODY)).await;
    client
        .expect(&format!(
            r#"42["echo","{}"]"#,
            "a".repeat(MAX_BODY - EVENT_FRAME)
        ))
        .await;
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_rejected_and_keeps_the_session() {
    let server = Server::start().await;
    let mut client = PollingClient::connect(server.addr()).await;
    let mut connection = HttpConnection::open(server.addr()).await;
    let too_large = Request::post(&client.target(), event_of(MAX_BODY + 1));
    let response = connection.exchange(&too_large).await;
    response.assert(413, "");
    assert_empty(server, &response);
    // The connection lives too.
    let next = Request::post(&client.target(), r#"429["ack","next"]"#);
    connection.exchange(&next).await.assert(200, "ok");
    client.expect(r#"439["next"]"#).await;
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn a_chunked_body_over_the_limit_is_rejected() {
    let server = Server::start().await;
    let mut client = PollingClient::connect(server.addr()).await;
    let event = event_of(MAX_BODY + 1);
    let chunked = format!("{:x}\r\n{event}\r\n0\r\n\r\n", event.len());
    let mut connection = HttpConnection::open(server.addr()).await;
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n",
        client.target(),
        server.addr()
    );
    connection.send_raw(head.as_bytes()).await;
    connection.send_raw(chunked.as_bytes()).await;
    connection.response().await.assert(413, "");
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn long_responses_are_compressed_if_the_client_accepts_it() {
    let server = Server::start().await;
    for (accepted, encoding) in [
        ("gzip", Some("gzip")),
        ("br, deflate", Some("deflate")),
        ("br", None),
        ("identity", None),
        ("deflate;q=0.4, gzip;q=0.5", Some("gzip")),
        ("gzip;q=0, *", Some("deflate")),
    ] {
        println!("{accepted}");
        let client = PollingClient::connect(server.addr()).await;
        client.send(&event_of(2000)).await;
        let response = client
            .raw_request("GET", &[("Accept-Encoding", accepted)], None)
            .await;
        assert_eq!(response.status, 200);
        assert_eq!(response.header("content-encoding"), encoding);
        match encoding {
            None => response.assert(200, &event_of(2000)),
            Some("gzip") => {
                assert!(response.body.starts_with(&[0x1f, 0x8b]) && response.body.len() < 200)
            }
            Some(_) => assert!(response.body.starts_with(&[0x78]) && response.body.len() < 200),
        }
    }
}

#[tokio::test]
async fn short_responses_are_not_compressed() {
    let server = Server::start().await;
    let client = PollingClient::connect(server.addr()).await;
    client.send(&event_of(1000)).await;
    let response = client
        .raw_request("GET", &[("Accept-Encoding", "gzip")], None)
        .await;
    response.assert(200, &event_of(1000));
    assert_eq!(response.header("content-encoding"), None);
    assert_eq!(response.header("content-length"), Some("1000"));
}

#[tokio::test]
async fn the_server_disables_the_xss_filter_of_internet_explorer() {
    let server = Server::start().await;
    let request = Request::get("/socket.io/?EIO=4&transport=polling");
    for (agent, expected) in [
        ("Mozilla/5.0 (compatible;MSIE 10.0)", Some("0")),
        ("Trident/7.0", Some("0")),
        ("Firefox", None),
    ] {
        let response = request
            .clone()
            .header("User-Agent", agent)
            .send(server.addr())
            .await;
        assert_eq!(response.header("x-xss-protection"), expected, "{agent}");
    }
}

#[tokio::test]
async fn closing_the_connection_sends_disconnect_and_close() {
    let server = Server::start().await;
    let mut client = PollingClient::connect(server.addr()).await;
    client.send(r#"42["disconnect-me",true]"#).await;
    client.expect("41").await;
    // The server may send a noop before the close packet.
    let mut last = client.expect("…").await;
    if last == "6" {
        last = client.expect("…").await;
    }
    assert_eq!(last, "1");
    client.expect_gone().await;
}

/// Starts a poll and waits until the server has read it.
///
/// A client cannot observe that its poll has arrived, and connections are not ordered among each
/// other. The server has read the poll by the time another session has been opened and closed.
async fn pending_poll(server: Server, client: &PollingClient) -> PendingPoll {
    let pending = client.begin_get().await;
    PollingClient::connect(server.addr()).await.close().await;
    pending
}

/// Returns a message packet of this size in bytes.
fn event_of(bytes: usize) -> String {
    format!(r#"42["echo","{}"]"#, "a".repeat(bytes - EVENT_FRAME))
}

/// The size of [`event_of`] without its letters.
const EVENT_FRAME: usize = r#"42["echo",""]"#.len();

async fn assert_alive(client: &mut PollingClient) {
    client.send(ALIVE).await;
    client.expect(ALIVE_ANSWER).await;
}

fn assert_empty(server: Server, response: &RawResponse) {
    let row = "empty responses to rejected polling requests";
    assert_eq!(
        response.header("content-length"),
        server.expects(row, None, Some("0"))
    );
}

//! Tests Socket.IO 2.x clients on the wire, byte by byte.

use std::net::SocketAddr;

use e2e::server::Server;
use socketio_testing::{PollingClient, RawResponse, Request, WsClient, assert_matches};

const POLLING: &str = "/socket.io/?EIO=3&transport=polling";
const WEBSOCKET: &str = "/socket.io/?EIO=3&transport=websocket";
const UNKNOWN: &str = r#"{"code":1,"message":"Session ID unknown"}"#;
const TEXT: &str = "text/plain; charset=UTF-8";
const OCTETS: &str = "application/octet-stream";
const FORM: &str = "application/x-www-form-urlencoded";

/// A long-polling session of protocol revision 3.
struct Revision3Client {
    addr: SocketAddr,
    target: String,
    sid: String,
}

impl Revision3Client {
    /// Opens a session. The server joins it to the main namespace.
    async fn open(addr: SocketAddr, query: &str) -> Self {
        let target = format!("{POLLING}{query}");
        let answer = Request::get(&target).send(addr).await;
        let text = answer.text();
        let (length, packet) = text.split_once(':').expect("a length");
        let pattern = r#"0{"sid":"…","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
        assert_matches("the open packet", pattern, packet);
        assert_eq!(length, "118");
        assert_eq!(packet.len(), 118);
        let sid = packet.split('"').nth(3).expect("an id").to_owned();
        let client = Self {
            addr,
            target: format!("{target}&sid={sid}"),
            sid,
        };
        client.expect("2:40").await;
        client
    }

    async fn get(&self) -> RawResponse {
        Request::get(&self.target).send(self.addr).await
    }

    /// Asserts that the next poll returns this text.
    async fn expect(&self, payload: &str) {
        let answer = self.get().await;
        answer.assert(200, payload);
        assert_eq!(answer.header("content-type"), Some(TEXT));
    }

    async fn post(&self, content_type: &str, body: &[u8]) {
        let answer = Request::post(&self.target, body)
            .without_header("Content-Type")
            .header("Content-Type", content_type)
            .send(self.addr)
            .await;
        answer.assert(200, "ok");
        assert_eq!(answer.header("content-type"), Some("text/html"));
    }

    /// Posts packets with their lengths.
    async fn send(&self, packets: &[&str]) {
        let body: String = packets
            .iter()
            .map(|packet| format!("{}:{packet}", packet.encode_utf16().count()))
            .collect();
        self.post("text/plain;charset=UTF-8", body.as_bytes()).await;
    }

    async fn expect_closed(&self) {
        self.get().await.assert(400, UNKNOWN);
    }
}

fn with_length(packet: &str) -> String {
    format!("{}:{packet}", packet.encode_utf16().count())
}

#[tokio::test]
async fn a_client_joins_the_main_namespace_automatically() {
    let server = Server::with_eio3().await;
    let client = Revision3Client::open(server.addr(), "").await;
    client.send(&[r#"42["echo","é","🦀"]"#]).await;
    client.expect(r#"19:42["echo","é","🦀"]"#).await;
    client.send(&[r#"420["whoami"]"#]).await;
    let expected = format!(
        r#"430[{{"id":"{0}","nsp":"/","auth":{{}},"query":{{"EIO":"3","transport":"polling"}},"transport":"polling"}}]"#,
        client.sid
    );
    let answer = client.get().await.text();
    assert_same_ack(&answer, &expected);
}

/// Compares acknowledgements regardless of the order of object keys.
fn assert_same_ack(payload: &str, expected: &str) {
    let ack = |text: &str| {
        let start = text.find('[').expect("an array");
        serde_json::from_str::<serde_json::Value>(&text[start..]).expect("JSON")
    };
    assert_eq!(ack(payload), ack(expected));
}

#[tokio::test]
async fn the_server_answers_a_ping() {
    let server = Server::with_eio3().await;
    let client = Revision3Client::open(server.addr(), "").await;
    client.send(&["2"]).await;
    client.expect("1:3").await;
}

#[tokio::test]
async fn a_pong_closes_the_session() {
    let server = Server::with_eio3().await;
    let client = Revision3Client::open(server.addr(), "").await;
    client.send(&["3"]).await;
    client.expect_closed().await;
}

#[tokio::test]
async fn a_client_can_request_binary_as_base64() {
    let server = Server::with_eio3().await;
    let client = Revision3Client::open(server.addr(), "&b64=1").await;
    let event = r#"451-["echo",{"_placeholder":true,"num":0}]"#;
    client.send(&[event, "b4AQID"]).await;
    client.expect(&format!("42:{event}6:b4AQID")).await;
}

#[tokio::test]
async fn the_server_sends_binary_payloads() {
    let server = Server::with_eio3().await;
    let client = Revision3Client::open(server.addr(), "").await;
    let event = br#"451-["echo",{"_placeholder":true,"num":0}]"#;
    let body = [&[0, 4, 2, 0xff][..], event, &[1, 4, 0xff, 4, 1, 2, 3]].concat();
    client.post(OCTETS, &body).await;
    let answer = client.get().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some(OCTETS));
    assert_eq!(answer.body, body);

    // A payload without binary is text, even after a binary POST.
    client
        .post(OCTETS, b"\x00\x01\x03\xff42[\"echo\",42]")
        .await;
    client.expect(r#"13:42["echo",42]"#).await;
}

#[tokio::test]
async fn invalid_payloads_close_the_session() {
    let server = Server::with_eio3().await;
    for (content_type, body) in [
        ("text/plain", &b"2:42[\"echo\"]"[..]),
        ("text/plain", b"99:42[\"echo\"]"),
        ("text/plain", b"42[\"echo\"]"),
        ("text/plain", b"x:42"),
        ("text/plain", b":42"),
        ("text/plain", b"1:9"),
        ("text/plain", b""),
        ("text/plain", b"1:1"),
        (OCTETS, b"\x00\x01\xff9"),
        (OCTETS, b"\x00\x00\xff"),
    ] {
        println!("{content_type} {body:?}");
        let client = Revision3Client::open(server.addr(), "").await;
        client.post(content_type, body).await;
        client.expect_closed().await;
    }
}

#[tokio::test]
async fn empty_payloads_are_ignored() {
    let server = Server::with_eio3().await;
    let client = Revision3Client::open(server.addr(), "").await;
    client.post("text/plain", b"0:").await;
    client.post(OCTETS, b"").await;
    client.send(&["2"]).await;
    client.expect("1:3").await;
}

#[tokio::test]
async fn a_jsonp_client_polls_with_scripts_and_posts_forms() {
    let server = Server::with_eio3().await;
    let target = format!("{POLLING}&j=7");
    let answer = Request::get(&target).send(server.addr()).await;
    assert_eq!(answer.header("content-type"), Some(TEXT));
    let open = r#"___eio[7]("118:0{\"sid\":\"…\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}");"#;
    answer.assert(200, open);
    let sid = answer.text().split("\\\"").nth(3).map(str::to_owned);
    let sid = sid.expect("an id");
    let client = Revision3Client {
        addr: server.addr(),
        target: format!("{target}&sid={sid}"),
        sid,
    };
    client.expect(r#"___eio[7]("2:40");"#).await;
    // Clients write a line break in JSON as \\\n. A line break between packets would be \n.
    let form = "d=24%3A42%5B%22echo%22%2C%22%C3%A9+%5C%5Cn%E2%80%A8%22%5D";
    let event = "42[\"echo\",\"é \\n\u{2028}\"]";
    let form = form.replace("24", &event.encode_utf16().count().to_string());
    client.post(FORM, form.as_bytes()).await;
    let expected = format!(
        r#"___eio[7]("{}:42[\"echo\",\"é \\n\u2028\"]");"#,
        event.encode_utf16().count()
    );
    client.expect(&expected).await;
    // Binary is sent as text.
    let event = r#"451-["echo",{"_placeholder":true,"num":0}]"#;
    let body = format!("d=42:{event}6:b4AQID");
    client.post(FORM, body.as_bytes()).await;
    let answer = client.get().await.text();
    let expected = server.expects(
        "binary over JSONP polling",
        r#"___eio[7]({"type":"Buffer",…);"#.to_owned(),
        format!(r#"___eio[7]("42:{}6:b4AQID");"#, event.replace('"', "\\\"")),
    );
    assert_matches("the answer to a script", &expected, &answer);
    client.post(FORM, b"e=1").await;
    client.post(FORM, b"").await;
    client.post(FORM, b"d=1:2").await;
    client.expect(r#"___eio[7]("1:3");"#).await;
}

#[tokio::test]
async fn a_revision_4_client_can_use_jsonp() {
    let server = Server::with_eio3().await;
    let target = "/socket.io/?EIO=4&transport=polling&j=0";
    let answer = Request::get(target).send(server.addr()).await;
    answer.assert(200, r#"___eio[0]("0{\"sid\":\"…\",…}");"#);
    let text = answer.text();
    let sid = text.split("\\\"").nth(3).expect("an id");
    let target = format!("{target}&sid={sid}");
    Request::post(&target, "d=40%1E42%5B%22echo%22%5D")
        .without_header("Content-Type")
        .header("Content-Type", FORM)
        .send(server.addr())
        .await
        .assert(200, "ok");
    // Node does not wait for the CONNECT before it handles the event.
    let answer = Request::get(&target).send(server.addr()).await;
    let expected = server.expects(
        "CONNECT and event in one payload",
        r#"___eio[0]("6\u001e1");"#,
        r#"___eio[0]("40{\"sid\":\"…\"}\u001e42[\"echo\"]");"#,
    );
    answer.assert(200, expected);
}

#[tokio::test]
async fn the_query_of_a_namespace_becomes_auth() {
    let server = Server::with_eio3().await;
    let client = Revision3Client::open(server.addr(), "").await;
    client
        .send(&["40/admin?token=x&a=%C3%A9%20b+c&a=2&token=secret"])
        .await;
    client.expect("9:40/admin,").await;
    client.send(&[r#"42/admin,1["whoami"]"#]).await;
    let expected = format!(
        r#"43/admin,1[{{"id":"/admin#{}","nsp":"/admin","auth":{{"token":"secret","a":"2"}},"query":{{"EIO":"3","transport":"polling"}},"transport":"polling"}}]"#,
        client.sid
    );
    assert_same_ack(&client.get().await.text(), &expected);
    // In other packets, a query after the name is ignored.
    client.send(&[r#"42/admin?x=y,["echo",1]"#]).await;
    client.expect(&with_length(r#"42/admin,["echo",1]"#)).await;
}

#[tokio::test]
async fn a_refusal_contains_only_its_data() {
    let server = Server::with_eio3().await;
    let client = Revision3Client::open(server.addr(), "").await;
    client.send(&["40/admin"]).await;
    client
        .expect(&with_length(r#"44/admin,{"code":"E_TOKEN"}"#))
        .await;
    // In this revision, a CONNECT has no payload.
    client.send(&[r#"40/admin,{"token":"secret"}"#]).await;
    client
        .expect(&with_length(r#"44/admin,{"code":"E_TOKEN"}"#))
        .await;
    client.send(&["40/nope?token=secret"]).await;
    client
        .expect(&with_length(r#"44/nope,{"message":"Invalid namespace"}"#))
        .await;
    client.send(&["40/admin?token=secret"]).await;
    client.expect("9:40/admin,").await;
}

#[tokio::test]
async fn a_client_can_rejoin_a_namespace() {
    let server = Server::with_eio3().await;
    let client = Revision3Client::open(server.addr(), "").await;
    for _ in 0..3 {
        client.send(&["40/admin?token=secret"]).await;
        client.expect("9:40/admin,").await;
        client.send(&[r#"42/admin,["echo"]"#]).await;
        client.expect(&with_length(r#"42/admin,["echo"]"#)).await;
        client.send(&["41/admin,"]).await;
    }
    client.send(&[r#"42["disconnect-me",false]"#]).await;
    client.expect("2:41").await;
}

#[tokio::test]
async fn joining_twice_closes_the_connection() {
    let server = Server::with_eio3().await;
    let client = Revision3Client::open(server.addr(), "").await;
    client.send(&["40"]).await;
    client.expect("1:61:1").await;
    client.expect_closed().await;
}

#[tokio::test]
async fn a_websocket_client_can_exchange_packets() {
    let server = Server::with_eio3().await;
    let mut client = WsClient::connect(server.addr(), WEBSOCKET).await;
    client.expect(r#"0{"sid":"…","upgrades":[],…}"#).await;
    client.expect("40").await;
    client.send("2").await;
    client.expect("3").await;
    client
        .send(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    client.send_binary(&[4, 1, 2, 3]).await;
    client
        .expect(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    client.expect_binary(&[4, 1, 2, 3]).await;
    client.send("40/admin?token=secret").await;
    client.expect("40/admin,").await;
    client.send("41/admin").await;
    client.send("3").await;
    client.expect_close(None).await;
}

#[tokio::test]
async fn a_websocket_client_can_request_base64() {
    let server = Server::with_eio3().await;
    let mut client = WsClient::connect(server.addr(), &format!("{WEBSOCKET}&b64=1")).await;
    client.expect(r#"0{"sid":"…",…}"#).await;
    client.expect("40").await;
    client
        .send(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    client.send("b4AQID").await;
    client
        .expect(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    client.expect("b4AQID").await;
}

#[tokio::test]
async fn a_session_upgrades_to_websocket() {
    let server = Server::with_eio3().await;
    let client = Revision3Client::open(server.addr(), "").await;
    let target = client.target.replace("polling", "websocket");
    let mut socket = WsClient::connect(server.addr(), &target).await;
    socket.send("2probe").await;
    socket.expect("3probe").await;
    socket.send("5").await;
    socket.send(r#"42["echo",1]"#).await;
    socket.expect(r#"42["echo",1]"#).await;
    socket.send("2").await;
    socket.expect("3").await;
    client
        .get()
        .await
        .assert(400, r#"{"code":3,"message":"Bad request"}"#);
}

#[tokio::test]
async fn a_session_keeps_its_revision() {
    let server = Server::with_eio3().await;
    let old = Revision3Client::open(server.addr(), "").await;
    let new = PollingClient::handshake(server.addr()).await;
    for target in [
        old.target.replace("EIO=3", "EIO=4"),
        new.target().replace("EIO=4", "EIO=3"),
        new.target().replace("EIO=4&", ""),
    ] {
        for target in [target.replace("polling", "websocket"), target] {
            let request = if target.contains("websocket") {
                Request::websocket(&target)
            } else {
                Request::get(&target)
            };
            let answer = request.send(server.addr()).await;
            assert_eq!(answer.status, 400, "{target}");
        }
    }
    old.send(&["2"]).await;
    old.expect("1:3").await;
    new.send("40").await;
}

#[tokio::test]
async fn a_client_without_a_known_revision_uses_revision_3() {
    let server = Server::with_eio3().await;
    for query in ["", "EIO=&", "EIO=2&", "EIO=5&", "EIO=four&"] {
        let target = format!("/socket.io/?{query}transport=polling");
        let answer = Request::get(&target).send(server.addr()).await;
        answer.assert(200, r#"118:0{"sid":"…",…}"#);
    }
}

#[tokio::test]
async fn clients_of_both_revisions_receive_the_same_broadcasts() {
    let server = Server::with_eio3().await;
    let old = Revision3Client::open(server.addr(), "").await;
    let mut old_socket = WsClient::connect(server.addr(), WEBSOCKET).await;
    old_socket.expect(r#"0{"sid":"…",…}"#).await;
    old_socket.expect("40").await;
    let mut new = PollingClient::connect(server.addr()).await;
    let join = r#"420["join","eio3"]"#;
    old.send(&[join]).await;
    old.expect(&with_length(r#"430[["eio3"]]"#)).await;
    old_socket.send(join).await;
    old_socket.expect(r#"430[["eio3"]]"#).await;
    new.send(join).await;
    new.expect(r#"430[["eio3"]]"#).await;

    let to = r#"451-["to",{"to":["eio3"]},"news",{"_placeholder":true,"num":0}]"#;
    let news = r#"451-["news",{"_placeholder":true,"num":0}]"#;
    new.send(&format!("{to}\u{1e}bAQID")).await;
    old_socket.expect(news).await;
    old_socket.expect_binary(&[4, 1, 2, 3]).await;
    let answer = old.get().await;
    let expected = [
        &[0, 4, 2, 0xff][..],
        news.as_bytes(),
        b"\x01\x04\xff\x04\x01\x02\x03",
    ];
    assert_eq!(answer.body, expected.concat());

    old_socket.send(to).await;
    old_socket.send_binary(&[4, 9]).await;
    new.expect(news).await;
    new.expect("bCQ==").await;
}

//! Compares the status of unusual requests with Node's server, on every transport and for the
//! revisions of all clients.

use std::net::SocketAddr;

use axum::Router;
use e2e::app::serve_router;
use e2e::clients::NodeServer;
use socketio::extract::Ack;
use socketio::{Origins, SocketIoLayer};
use socketio_testing::{HttpConnection, Request};

/// The headers of a WebSocket upgrade, except the key.
const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

const ORIGINS: &str = "Origin: http://good.example\r\nOrigin: http://evil.example\r\n";

async fn serve_plain() -> SocketAddr {
    let layer = SocketIoLayer::builder()
        .allow_eio3(true)
        .origins(Origins::list(["http://good.example"]))
        .build();
    layer
        .io()
        .of("/")
        .on("ack", async |ack: Ack| ack.send(&"ok"));
    serve_router(Router::new().layer(layer)).await
}

/// A request, with the placeholders `EIO`, `SID` and `HOST`.
struct Case {
    line: &'static str,
    headers: String,
    /// Whether the status differs from Node's, with the status of this server.
    deviates: Option<u16>,
}

fn case(line: &'static str, headers: impl Into<String>) -> Case {
    Case {
        line,
        headers: headers.into(),
        deviates: None,
    }
}

fn refused(line: &'static str, headers: impl Into<String>) -> Case {
    Case {
        deviates: Some(400),
        ..case(line, headers)
    }
}

fn cases() -> Vec<Case> {
    let upgrade = || format!("{UPGRADE}{KEY}");
    let post = "Content-Type: text/plain\r\n";
    vec![
        // Escapes in names and values of the query.
        case("GET /socket.io/?EIO=%EIO&transport=polling", ""),
        case("GET /socket.io/?%45IO=EIO&transport=p%6flling", ""),
        case("GET /socket.io/?EIO=EIO&%74ransport=polling", ""),
        case("GET /socket.io/?EIO=EIO&transport=polling&%73id=SID", ""),
        case("GET /socket.io/?EIO=EIO&transport=polling&sid=SI%44", ""),
        case("POST /socket.io/?EIO=EIO&transport=polling&%73id=SID", post),
        case("GET /socket.io/?EIO=EIO&transport=w%65bsocket", upgrade()),
        case(
            "GET /socket.io/?EIO=EIO&transport=w%65bsocket&%73id=SID",
            upgrade(),
        ),
        case("GET /socket.io/?EIO=EIO&transport=poll%zzing", ""),
        case("GET /socket.io/?EIO=EIO&transport=polling%00", ""),
        // Parameters that are given twice.
        refused(
            "GET /socket.io/?EIO=EIO&transport=polling&transport=polling",
            "",
        ),
        case(
            "GET /socket.io/?EIO=EIO&transport=polling&%74ransport=websocket",
            "",
        ),
        refused(
            "GET /socket.io/?EIO=EIO&transport=websocket&transport=websocket",
            upgrade(),
        ),
        refused(
            "GET /socket.io/?EIO=EIO&transport=polling&sid=SID&sid=SID",
            "",
        ),
        refused(
            "POST /socket.io/?EIO=EIO&transport=polling&sid=SID&sid=SID",
            post,
        ),
        refused(
            "GET /socket.io/?EIO=EIO&transport=websocket&sid=SID&sid=SID",
            upgrade(),
        ),
        // Headers that are given twice.
        case(
            "GET /socket.io/?EIO=EIO&transport=websocket",
            format!("{}{KEY}", upgrade()),
        ),
        case(
            "GET /socket.io/?EIO=EIO&transport=websocket&sid=SID",
            format!("{}{KEY}", upgrade()),
        ),
        case(
            "GET /socket.io/?EIO=EIO&transport=websocket",
            format!("{}Sec-WebSocket-Version: 13\r\n", upgrade()),
        ),
        Case {
            deviates: Some(403),
            ..case("GET /socket.io/?EIO=EIO&transport=polling", ORIGINS)
        },
        refused(
            "GET /socket.io/?EIO=EIO&transport=websocket",
            format!("{}{ORIGINS}", upgrade()),
        ),
        // Targets with a host.
        case(
            "GET http://other.example/socket.io/?EIO=EIO&transport=polling",
            "",
        ),
        Case {
            line: "GET http://HOST/socket.io/?EIO=EIO&transport=polling",
            headers: String::new(),
            deviates: Some(200),
        },
    ]
}

/// Opens a session whose next poll is answered at once, and returns its id.
async fn open(addr: SocketAddr, revision: char) -> String {
    let target = format!("/socket.io/?EIO={revision}&transport=polling");
    let response = Request::get(&target).send(addr).await;
    let text = response.text();
    let (_, rest) = text.split_once(r#""sid":""#).expect("a session id");
    let (sid, _) = rest.split_once('"').expect("a session id");
    let post = Request::post(&format!("{target}&sid={sid}"), answered_packet(revision));
    post.send(addr).await.assert(200, "ok");
    sid.to_owned()
}

/// Returns a payload with a packet that the server answers: a CONNECT, or a ping of the client.
fn answered_packet(revision: char) -> &'static str {
    match revision {
        '4' => "40",
        _ => "1:2",
    }
}

async fn status(addr: SocketAddr, revision: char, case: &Case) -> u16 {
    let sid = open(addr, revision).await;
    let (start, last) = sid.split_at(sid.len() - 1);
    let last = last.as_bytes()[0];
    let line = case
        .line
        .replace("%EIO", &format!("%{:x}", u32::from(revision)))
        .replace("=EIO", &format!("={revision}"))
        .replace("SI%44", &format!("{start}%{last:x}"))
        .replace("=SID", &format!("={sid}"))
        .replace("HOST", &addr.to_string());
    let body = if line.starts_with("POST") {
        answered_packet(revision)
    } else {
        ""
    };
    let mut connection = HttpConnection::open(addr).await;
    let request = format!(
        "{line} HTTP/1.1\r\nHost: {addr}\r\nContent-Length: {}\r\n{}\r\n{body}",
        body.len(),
        case.headers
    );
    connection.send_raw(request.as_bytes()).await;
    connection.response().await.status
}

#[tokio::test]
async fn unusual_requests_have_the_status_of_nodes_server() {
    let Some(node) = NodeServer::start("plain-server.mjs").await else {
        return;
    };
    let ours = serve_plain().await;
    let mut wrong = Vec::new();
    for revision in ['4', '3'] {
        for case in cases() {
            let node = status(node.addr(), revision, &case).await;
            let received = status(ours, revision, &case).await;
            let as_expected = match case.deviates {
                None => received == node,
                Some(status) => received == status && node != status,
            };
            if !as_expected {
                wrong.push((revision, case.line, received, node));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

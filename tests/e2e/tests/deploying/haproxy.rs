//! HAProxy in front of the server.

use std::collections::BTreeSet;
use std::time::Duration;

use e2e::session::id_of;
use socketio_testing::{Request, WsClient, within};

use crate::nginx::{ALL, connect};
use crate::proxy::Proxy;
use crate::server::Server;

/// The number of connections, which fits the limit of open files of a test.
const MAXCONN: (&str, &str) = ("maxconn 100000", "maxconn 1000");

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_sticky_by_cookie() {
    let servers = [Server::start("a").await, Server::start("b").await];
    let [a, b] = [&servers[0], &servers[1]].map(|server| server.addr.to_string());
    let edits = [("127.0.0.1:3001", &*a), ("127.0.0.1:3002", &*b), MAXCONN];
    let Some(haproxy) = Proxy::haproxy("haproxy.cfg", &edits).await else {
        return;
    };
    let options = r#"{"withCredentials":true}"#;
    for transports in ALL {
        if let Some(names) = connect(&haproxy.url(), "/socket.io", transports, options).await {
            assert_eq!(BTreeSet::from_iter(names).len(), 2, "{transports:?}");
        }
    }
}

/// The server receives WebSockets as extended CONNECT requests.
#[tokio::test(flavor = "multi_thread")]
async fn the_server_is_reached_by_http2() {
    let server = Server::start("a").await;
    let to = server.addr.to_string();
    let edits = [("127.0.0.1:3000", &*to)];
    let Some(haproxy) = Proxy::haproxy("haproxy-http2.cfg", &edits).await else {
        return;
    };
    for transports in ALL {
        if let Some(names) = connect(&haproxy.url(), "/socket.io", transports, "{}").await {
            assert_eq!(names, ["a"; 12], "{transports:?}");
        }
    }
}

/// While a server drains, its sessions reach it through HAProxy, and new sessions reach the other
/// one, whatever their cookie is.
#[tokio::test(flavor = "multi_thread")]
async fn a_draining_server_keeps_its_sessions_and_gets_no_new_ones() {
    let servers = [Server::start("a").await, Server::start("b").await];
    let [a, b] = &servers;
    let [to_a, to_b] = [a, b].map(|server| server.addr.to_string());
    let edits = [
        ("127.0.0.1:3001", &*to_a),
        ("127.0.0.1:3002", &*to_b),
        ("inter 1s", "inter 50ms"),
        MAXCONN,
    ];
    let Some(haproxy) = Proxy::haproxy("haproxy.cfg", &edits).await else {
        return;
    };
    let target = "/socket.io/?EIO=4&transport=polling";
    let with_cookie = |target: &str| Request::get(target).header("Cookie", "server=a");
    // The cookie of a new session is ignored, so this takes a few tries.
    let sid = loop {
        let opened = Request::get(target).send(haproxy.addr()).await;
        let sid = id_of(&opened.text());
        if sid.starts_with("a.") {
            let cookie = opened.header("set-cookie").expect("a cookie");
            assert!(cookie.starts_with("server=a;"), "{cookie}");
            break sid;
        }
    };
    // The drain closes this one first.
    let mut first = WsClient::connect(a.addr, "/socket.io/?EIO=4&transport=websocket").await;
    first.expect("0{…}").await;
    let draining = tokio::spawn({
        let io = a.io.clone();
        async move { io.drain(Duration::from_secs(3600)).await }
    });
    first.expect_close(None).await;

    let session = format!("{target}&sid={sid}");
    let post = |body: &str| {
        let post = Request::post(&session, body);
        post.header("Cookie", "server=a")
    };
    let exchange = async |body: &str, expected: &str| {
        post(body).send(haproxy.addr()).await.assert(200, "ok");
        let polled = with_cookie(&session).send(haproxy.addr()).await;
        polled.assert(200, expected);
    };
    let open = async || {
        let opened = with_cookie(target).send(haproxy.addr()).await;
        opened.assert(200, "0{…}");
        let sid = id_of(&opened.text());
        assert!(sid.starts_with("b."), "{sid}");
    };
    // Before HAProxy has noticed the drain, and after it.
    open().await;
    exchange("40", r#"40{"sid":"…"}"#).await;
    let probes = a.probes();
    within("probes of HAProxy", async {
        while a.probes() < probes + 5 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    open().await;
    exchange(r#"420["number",7]"#, "430[7]").await;
    draining.abort();
}

//! Pages of other sites: a list of origins holds for every transport and every request.

use std::net::SocketAddr;

use e2e::app::serve;
use e2e::session::{WEBSOCKET, assert_alive, assert_polling_alive, join_polling};
use socketio::{Origins, SocketIoLayer};
use socketio_testing::{PollingClient, Request, WsClient};

const OURS: [&str; 2] = ["https://example.com", "http://localhost:3000"];
const HANDSHAKE: &str = "/socket.io/?EIO=4&transport=polling";
const FORBIDDEN: &str = r#"{"code":4,"message":"Forbidden"}"#;

/// Guards against a list that holds for polling alone: browsers do not protect WebSockets.
#[tokio::test]
async fn a_page_of_another_site_opens_no_session() {
    let addr = server().await;
    for origin in others() {
        Request::get(HANDSHAKE)
            .header("Origin", origin)
            .send(addr)
            .await
            .assert(403, FORBIDDEN);
        let request = Request::websocket(WEBSOCKET).header("Origin", origin);
        WsClient::try_connect(addr, &request)
            .await
            .expect_err("a refusal")
            .assert(400, "Forbidden");
    }
}

/// Guards against a list that is looked at when a session is opened, and never again.
#[tokio::test]
async fn a_page_of_another_site_cannot_use_a_session_that_it_knows() {
    let addr = server().await;
    let (mut polling, _) = join_polling(addr).await;
    for origin in others() {
        let get = Request::get(&polling.target());
        let post = Request::post(&polling.target(), "41\u{1e}1");
        for request in [get, post] {
            request
                .header("Origin", origin)
                .send(addr)
                .await
                .assert(403, FORBIDDEN);
        }
        let request = Request::websocket(&polling.upgrade_target()).header("Origin", origin);
        WsClient::try_connect(addr, &request)
            .await
            .expect_err("a refusal")
            .assert(400, "Forbidden");
        assert_polling_alive(&mut polling).await;
    }
    // Its own page can.
    let mut websocket = polling.websocket().await;
    websocket.send("5").await;
    assert_alive(&mut websocket).await;
}

#[tokio::test]
async fn own_pages_are_served() {
    let addr = server().await;
    for origin in OURS {
        let request = Request::websocket(WEBSOCKET).header("Origin", origin);
        let mut client = WsClient::connect_with(addr, &request).await;
        client.expect("0{…}").await;
        assert_alive(&mut client).await;

        let handshake = Request::get(HANDSHAKE)
            .header("Origin", origin)
            .send(addr)
            .await;
        handshake.assert(200, "0{…}");
        let text = handshake.text();
        let sid = text.split('"').nth(3).expect("an id");
        let target = format!("{HANDSHAKE}&sid={sid}");
        Request::post(&target, "40")
            .header("Origin", origin)
            .send(addr)
            .await
            .assert(200, "ok");
        Request::get(&target)
            .header("Origin", origin)
            .send(addr)
            .await
            .assert(200, "40{…}");
        let target = target.replace("polling", "websocket");
        let request = Request::websocket(&target).header("Origin", origin);
        let mut websocket = WsClient::connect_with(addr, &request).await;
        websocket.send("5").await;
        assert_alive(&mut websocket).await;
    }
}

/// Programs send no origin, and it would protect nobody if they had to.
#[tokio::test]
async fn who_is_no_page_is_served() {
    let addr = server().await;
    let (mut polling, _) = join_polling(addr).await;
    assert_polling_alive(&mut polling).await;
}

/// Guards against a page of another site that polls with a `<script>`: the browser sends the cookies
/// of its visitor, no origin, and lets the page read the answer.
#[tokio::test]
async fn a_script_of_another_site_does_not_poll() {
    let layer = SocketIoLayer::builder()
        .allow_eio3(true)
        .origins(Origins::list(OURS))
        .build();
    let addr = serve(layer).await;
    for revision in [4, 3] {
        let handshake = format!("/socket.io/?EIO={revision}&transport=polling");
        let script = format!("{handshake}&j=0");
        let from = |site: &str| Request::get(&script).header("Sec-Fetch-Site", site);
        for request in [
            Request::get(&script),
            Request::get(&format!("/socket.io/?j=&EIO={revision}&transport=polling")),
            from("cross-site"),
            from("same-site"),
            from("cross-site").header("Origin", "https://evil.example"),
            from("same-origin").header("Origin", "https://evil.example"),
        ] {
            request.send(addr).await.assert(403, FORBIDDEN);
        }

        // Nor does it use a session that it knows.
        let answer = Request::get(&handshake).send(addr).await.text();
        let sid = answer.split('"').nth(3).expect("an id").to_owned();
        let target = format!("{script}&sid={sid}");
        let form = Request::post(&target, "d=1%3A1");
        for request in [Request::get(&target), form] {
            request.send(addr).await.assert(403, FORBIDDEN);
        }
        // The page of the server itself does, and so does a program.
        for request in [
            from("same-origin"),
            from("none"),
            Request::get(&script).header("Origin", OURS[0]),
        ] {
            request.send(addr).await.assert(200, "___eio[0](…);");
        }
        Request::post(&target, "")
            .header("Sec-Fetch-Site", "same-origin")
            .send(addr)
            .await
            .assert(200, "ok");
    }
}

#[tokio::test]
async fn without_a_list_every_page_is_served() {
    let addr = serve(SocketIoLayer::new()).await;
    let request = Request::websocket(WEBSOCKET).header("Origin", "https://evil.example");
    let mut client = WsClient::connect_with(addr, &request).await;
    client.expect("0{…}").await;
    Request::get(HANDSHAKE)
        .header("Origin", "https://evil.example")
        .send(addr)
        .await
        .assert(200, "0{…}");
    Request::get(&format!("{HANDSHAKE}&j=0"))
        .header("Sec-Fetch-Site", "cross-site")
        .send(addr)
        .await
        .assert(200, "___eio[0](…);");
}

#[tokio::test]
async fn an_empty_list_serves_no_page() {
    let layer = SocketIoLayer::builder().origins(Origins::list([])).build();
    let addr = serve(layer).await;
    for origin in OURS {
        Request::get(HANDSHAKE)
            .header("Origin", origin)
            .send(addr)
            .await
            .assert(403, FORBIDDEN);
    }
    PollingClient::handshake(addr).await;
}

/// Origins that are like ours.
fn others() -> [&'static str; 8] {
    [
        "https://evil.example",
        "http://example.com",
        "https://example.com.evil.example",
        "https://evil.example/?https://example.com",
        "https://example.com:444",
        "https://example.com, https://evil.example",
        "null",
        "",
    ]
}

async fn server() -> SocketAddr {
    let layer = SocketIoLayer::builder()
        .origins(Origins::list(OURS))
        .build();
    serve(layer).await
}

//! Pages of other sites: a list of origins holds for every transport and every request.

use std::net::SocketAddr;

use e2e::app::serve;
use e2e::conversation::{WEBSOCKET, assert_alive, assert_polling_alive, join_polling};
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

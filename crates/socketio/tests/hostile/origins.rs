//! Tests requests from foreign pages: the list of origins applies to every transport and every
//! request.

use std::net::SocketAddr;

use e2e::app::serve;
use e2e::session::{WEBSOCKET, assert_alive, assert_polling_alive, join_polling};
use socketio::{Origins, SocketIoLayer};
use socketio_testing::{PollingClient, Request, WsClient};

const ALLOWED: [&str; 2] = ["https://example.com", "http://localhost:3000"];
const HANDSHAKE: &str = "/socket.io/?EIO=4&transport=polling";
const FORBIDDEN: &str = r#"{"code":4,"message":"Forbidden"}"#;

/// Guards against checking only polling requests: browsers do not restrict WebSockets by origin.
#[tokio::test]
async fn a_foreign_page_cannot_open_a_session() {
    let addr = server().await;
    for origin in foreign_origins() {
        Request::get(HANDSHAKE)
            .header("Origin", origin)
            .send(addr)
            .await
            .assert(403, FORBIDDEN);
        let request = Request::websocket(WEBSOCKET).header("Origin", origin);
        WsClient::try_connect(addr, &request)
            .await
            .expect_err("the upgrade is rejected")
            .assert(400, "Forbidden");
    }
}

/// Guards against checking only the handshake.
#[tokio::test]
async fn a_foreign_page_cannot_use_a_known_session() {
    let addr = server().await;
    let (mut polling, _) = join_polling(addr).await;
    for origin in foreign_origins() {
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
            .expect_err("the upgrade is rejected")
            .assert(400, "Forbidden");
        assert_polling_alive(&mut polling).await;
    }
    // Its own page can use it.
    let mut websocket = polling.websocket().await;
    websocket.send("5").await;
    assert_alive(&mut websocket).await;
}

#[tokio::test]
async fn a_page_of_a_listed_origin_can_connect() {
    let addr = server().await;
    for origin in ALLOWED {
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

/// Non-browser clients send no origin. Requiring one would not protect anything.
#[tokio::test]
async fn a_client_without_origin_can_connect() {
    let addr = server().await;
    let (mut polling, _) = join_polling(addr).await;
    assert_polling_alive(&mut polling).await;
}

/// Guards against a foreign page that polls with a `<script>` element: the browser sends cookies
/// but no origin, and the page can read the response.
#[tokio::test]
async fn a_foreign_script_cannot_poll() {
    let layer = SocketIoLayer::builder()
        .allow_eio3(true)
        .origins(Origins::list(ALLOWED))
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

        // Foreign scripts cannot use a known session either.
        let answer = Request::get(&handshake).send(addr).await.text();
        let sid = answer.split('"').nth(3).expect("an id").to_owned();
        let target = format!("{script}&sid={sid}");
        let form = Request::post(&target, "d=1%3A1");
        for request in [Request::get(&target), form] {
            request.send(addr).await.assert(403, FORBIDDEN);
        }
        // Scripts of the server's own page and non-browser clients can poll.
        for request in [
            from("same-origin"),
            from("none"),
            Request::get(&script).header("Origin", ALLOWED[0]),
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
async fn a_server_without_a_list_accepts_every_origin() {
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
async fn a_server_with_an_empty_list_rejects_every_origin() {
    let layer = SocketIoLayer::builder()
        .origins(Origins::list::<[&str; 0]>([]))
        .build();
    let addr = serve(layer).await;
    for origin in ALLOWED {
        Request::get(HANDSHAKE)
            .header("Origin", origin)
            .send(addr)
            .await
            .assert(403, FORBIDDEN);
    }
    PollingClient::handshake(addr).await;
}

#[tokio::test]
async fn a_wildcard_and_a_predicate_apply_to_every_transport() {
    let wildcard = Origins::list(["https://*.example.com"]);
    let predicate = Origins::predicate(|origin, _| origin == "https://a.example.com");
    for origins in [wildcard, predicate] {
        let addr = serve(SocketIoLayer::builder().origins(origins).build()).await;
        let request = Request::websocket(WEBSOCKET).header("Origin", "https://a.example.com");
        let mut client = WsClient::connect_with(addr, &request).await;
        client.expect("0{…}").await;
        let listed = ["https://example.com", "https://evil.example/#.example.com"];
        for origin in foreign_origins().into_iter().chain(listed) {
            let polling = Request::get(HANDSHAKE).header("Origin", origin);
            polling.send(addr).await.assert(403, FORBIDDEN);
            let request = Request::websocket(WEBSOCKET).header("Origin", origin);
            WsClient::try_connect(addr, &request)
                .await
                .expect_err("the upgrade is rejected")
                .assert(400, "Forbidden");
        }
    }
}

/// Origins that resemble the allowed ones.
fn foreign_origins() -> [&'static str; 8] {
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
        .origins(Origins::list(ALLOWED))
        .build();
    serve(layer).await
}

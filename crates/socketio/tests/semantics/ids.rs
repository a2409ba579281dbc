//! Tests session and socket ids: session ids are secret, socket ids are public.

use std::collections::HashSet;

use e2e::app::serve;
use e2e::session::{assert_alive, id_of};
use socketio::SocketIoLayer;
use socketio_testing::{PollingClient, Request, WsClient};

const SESSION_ID_UNKNOWN: &str = r#"{"code":1,"message":"Session ID unknown"}"#;

/// Guards against using the session id as socket id: a client that learns it could send packets for
/// another client.
#[tokio::test]
async fn session_ids_and_socket_ids_are_all_different() {
    let layer = SocketIoLayer::new();
    layer.io().of("/other");
    let addr = serve(layer).await;
    let mut ids = HashSet::new();
    for _ in 0..100 {
        let mut client = WsClient::connect(addr, "/socket.io/?EIO=4&transport=websocket").await;
        let session = client.expect(r#"0{"sid":"…"…"#).await;
        client.send("40").await;
        let socket = client.expect(r#"40{"sid":"…"}"#).await;
        client.send("40/other").await;
        let other = client.expect(r#"40/other,{"sid":"…"}"#).await;
        // The same client joins again.
        client.send("41").await;
        client.send("40").await;
        let again = client.expect(r#"40{"sid":"…"}"#).await;
        for packet in [session, socket, other, again] {
            let id = id_of(&packet);
            assert_eq!(id.len(), 20, "{id}");
            assert!(
                id.bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
                "{id}"
            );
            assert!(ids.insert(id), "the id is not unique");
        }
    }
    assert_eq!(ids.len(), 400);
}

#[tokio::test]
async fn a_client_cannot_use_a_socket_id_as_session_id() {
    let addr = serve(SocketIoLayer::new()).await;
    let mut polling = PollingClient::handshake(addr).await;
    polling.send("40").await;
    let id = id_of(&polling.expect(r#"40{"sid":"…"}"#).await);

    let target = format!("/socket.io/?EIO=4&transport=polling&sid={id}");
    Request::get(&target)
        .send(addr)
        .await
        .assert(400, SESSION_ID_UNKNOWN);
    Request::post(&target, "41")
        .send(addr)
        .await
        .assert(400, SESSION_ID_UNKNOWN);
    let target = target.replace("polling", "websocket");
    WsClient::try_connect(addr, &Request::websocket(&target))
        .await
        .expect_err("the upgrade is rejected")
        .assert(400, "Session ID unknown");

    let mut websocket = polling.websocket().await;
    websocket.send("5").await;
    assert_alive(&mut websocket).await;
}

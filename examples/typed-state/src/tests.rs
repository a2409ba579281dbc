//! The notes of two users on three devices.

use serde_json::json;
use socketio_test::{ConnectRefused, TestClient, TestServer};

use crate::MAX_NOTES;

async fn device(server: &TestServer, token: &str) -> Result<TestClient, ConnectRefused> {
    let device = server.client().auth(json!({ "token": token }));
    device.connect().await
}

async fn list(device: &TestClient) -> Vec<String> {
    device.emit_with_ack("list", &()).await
}

#[tokio::test(start_paused = true)]
async fn notes_reach_only_the_devices_of_their_user() {
    let server = TestServer::new(crate::app());
    let phone = device(&server, "sesame").await.unwrap();
    let laptop = device(&server, "sesame").await.unwrap();
    let other = device(&server, "abracadabra").await.unwrap();
    let count: usize = phone.emit_with_ack("add", "Buy milk").await;
    assert_eq!(count, 1);
    let note: String = laptop.event("note").await;
    assert_eq!(note, "Buy milk");
    assert_eq!(list(&laptop).await, ["Buy milk"]);

    server.post("/notify/ada", "Lunch is ready").await;
    let notice: String = phone.event("notice").await;
    assert_eq!(notice, "Lunch is ready");
    assert!(list(&other).await.is_empty());
    assert!(other.received().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn users_need_a_token_and_have_a_limit_of_notes() {
    let server = TestServer::new(crate::app());
    let refused = device(&server, "guessed").await.unwrap_err();
    assert_eq!(refused.message(), "Unknown token. Log in again.");

    let client = device(&server, "sesame").await.unwrap();
    for expected in 1..=MAX_NOTES {
        let count: usize = client.emit_with_ack("add", "x").await;
        assert_eq!(count, expected);
    }
    let refusal: String = client.emit_with_ack("add", "x").await;
    assert!(refusal.starts_with("You have too many notes."), "{refusal}");
}

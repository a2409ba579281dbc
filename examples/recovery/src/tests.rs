//! A reader loses the connection and recovers.

use std::time::Duration;

use serde_json::json;
use socketio_test::{TestClient, TestServer};
use tokio::time::sleep;

use crate::MAX_INTERRUPTION;

async fn reader(server: &TestServer, name: &str) -> TestClient {
    let reader = server.client().auth(json!({ "name": name }));
    let reader = reader.connect().await.expect("a reader with a name");
    let welcomed: String = reader.event("welcome").await;
    assert_eq!(welcomed, name);
    reader
}

async fn publish(server: &TestServer, topic: &str, headline: &'static str) {
    let published = server.post(&format!("/news/{topic}"), headline).await;
    assert_eq!(published.status(), 200);
}

async fn expect_tea(reader: &TestClient, headline: &str) {
    let (topic, text): (String, String) = reader.event("headline").await;
    assert_eq!((topic.as_str(), text.as_str()), ("tea", headline));
}

#[tokio::test(start_paused = true)]
async fn a_recovered_reader_receives_missed_headlines() {
    let server = TestServer::new(crate::app());
    let mut reader = reader(&server, "ada").await;
    let id = reader.id().to_owned();
    let () = reader.emit_with_ack("follow", "tea").await;
    publish(&server, "tea", "Kettle boils").await;
    expect_tea(&reader, "Kettle boils").await;

    reader.lose().await;
    publish(&server, "tea", "Tea is ready").await;
    publish(&server, "coffee", "Beans are out").await;
    sleep(MAX_INTERRUPTION - Duration::from_secs(1)).await;
    publish(&server, "tea", "Tea is cold").await;

    reader.reconnect().await.unwrap();
    assert!(reader.recovered());
    assert_eq!(reader.id(), id);
    expect_tea(&reader, "Tea is ready").await;
    expect_tea(&reader, "Tea is cold").await;
    let welcomed: String = reader.event("welcome back").await;
    assert_eq!(welcomed, "ada");
    publish(&server, "tea", "Another pot").await;
    expect_tea(&reader, "Another pot").await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_returns_too_late_is_new() {
    let server = TestServer::new(crate::app());
    let mut reader = reader(&server, "ada").await;
    reader.lose().await;
    sleep(MAX_INTERRUPTION + Duration::from_secs(1)).await;
    reader.reconnect().await.unwrap();
    assert!(!reader.recovered());
    let _: String = reader.event("welcome").await;
}

#[tokio::test(start_paused = true)]
async fn an_unknown_reader_is_new() {
    let server = TestServer::new(crate::app());
    let guessed = json!({ "name": "eve", "pid": "AAAAAAAAAAAAAAAAAAAA", "offset": "x" });
    let reader = server.client().auth(guessed).connect().await.unwrap();
    assert!(!reader.recovered());
    let welcomed: String = reader.event("welcome").await;
    assert_eq!(welcomed, "eve");
}

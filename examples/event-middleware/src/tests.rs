//! Events that pass the middleware, are changed by it, and are rejected by it.

use std::time::Duration;

use serde_json::{Value, json};
use socketio_test::{TestClient, TestServer};
use tokio::time::sleep;

async fn join(server: &TestServer) -> TestClient {
    server.connect("/").await.expect("a client")
}

async fn ask(client: &TestClient, event: &str, args: &Value) -> Value {
    client.emit_with_ack(event, args).await
}

#[tokio::test(start_paused = true)]
async fn posts_are_normalized() {
    let server = TestServer::new(crate::app());
    let writer = join(&server).await;
    let reader = join(&server).await;
    let answer = ask(&writer, "post", &json!({ "text": "  hello \n world " })).await;
    assert_eq!(answer, json!({ "ok": true }));
    let post: Value = reader.event("post").await;
    assert_eq!(post, json!({ "text": "hello world" }));
}

#[tokio::test(start_paused = true)]
async fn invalid_posts_are_rejected() {
    let server = TestServer::new(crate::app());
    let writer = join(&server).await;
    let reader = join(&server).await;
    for (post, error) in [
        (json!({ "text": " " }), "Write 1 to 280 bytes."),
        (json!({ "text": "x".repeat(281) }), "Write 1 to 280 bytes."),
        (json!("text"), "A post is an object"),
        (json!({ "text": 1 }), "A post is an object"),
    ] {
        let answer = ask(&writer, "post", &post).await;
        assert_eq!(answer["ok"], false);
        let text = answer["error"].as_str().unwrap();
        assert!(text.starts_with(error), "{text}");
    }
    writer.emit("post", &json!({ "text": "good" })).await;
    let post: Value = reader.event("post").await;
    assert_eq!(post, json!({ "text": "good" }));
}

#[tokio::test(start_paused = true)]
async fn a_fast_client_is_asked_to_wait() {
    let server = TestServer::new(crate::app());
    let hasty = join(&server).await;
    let patient = join(&server).await;
    for _ in 0..5 {
        assert_eq!(ask(&hasty, "time", &json!(null)).await, "tea time");
    }
    let wait = json!({ "ok": false, "error": "Wait some seconds before the next event." });
    assert_eq!(ask(&hasty, "time", &json!(null)).await, wait);
    // Other clients have separate buckets.
    assert_eq!(ask(&patient, "time", &json!(null)).await, "tea time");
    sleep(Duration::from_secs(60)).await;
    assert_eq!(ask(&hasty, "time", &json!(null)).await, "tea time");
}

#[tokio::test(start_paused = true)]
async fn the_audit_contains_rejected_and_unhandled_events() {
    let server = TestServer::new(crate::app());
    let client = join(&server).await;
    client.emit("unknown", &()).await;
    assert_eq!(ask(&client, "post", &json!(1)).await["ok"], false);
    let audit: Value = server.get("/audit").await.json();
    let entry = |event| json!({ "socket": client.id(), "event": event });
    assert_eq!(audit, json!([entry("unknown"), entry("post")]));
}

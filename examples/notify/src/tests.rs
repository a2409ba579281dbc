//! Services post notices and devices receive them.

use std::time::Duration;

use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};
use socketio_test::{ConnectRefused, TestClient, TestResponse, TestServer};

async fn device(server: &TestServer, token: &str) -> Result<TestClient, ConnectRefused> {
    let device = server.client().auth(json!({ "token": token }));
    device.connect().await
}

fn notice() -> Value {
    json!({ "title": "Invoice", "text": "42 coins" })
}

async fn post(server: &TestServer, target: &str, key: &str) -> TestResponse {
    let request = Request::post(target)
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(notice().to_string());
    server.request(request.expect("a request")).await
}

#[tokio::test(start_paused = true)]
async fn a_notice_reaches_only_the_devices_of_its_user() {
    let server = TestServer::new(crate::app());
    let phone = device(&server, "sesame").await.unwrap();
    let laptop = device(&server, "sesame").await.unwrap();
    let other = device(&server, "abracadabra").await.unwrap();
    let posted = async {
        let response = post(&server, "/notices/ada", "billing-key").await;
        assert_eq!(response.json::<Value>(), json!({ "seen": 1 }));
    };
    let read = async {
        for (device, is_seen) in [(&phone, true), (&laptop, false)] {
            let (received, ack) = device.event_with_ack::<Value>("notice").await;
            assert_eq!(received, notice());
            ack.send(&is_seen).await;
        }
    };
    tokio::join!(posted, read);

    // Other users receive only the notice to all users.
    other.nothing_for(Duration::from_secs(60)).await;
    let response = post(&server, "/notices", "billing-key").await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    for device in [&phone, &laptop, &other] {
        assert_eq!(device.event::<Value>("notice").await, notice());
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_that_does_not_answer_has_not_seen_the_notice() {
    let server = TestServer::new(crate::app());
    let phone = device(&server, "sesame").await.unwrap();
    let silent = device(&server, "sesame").await.unwrap();
    phone.on("notice", |_: Value| true);
    let response = post(&server, "/notices/ada", "billing-key").await;
    assert_eq!(response.json::<Value>(), json!({ "seen": 1 }));
    let _: Value = silent.event("notice").await;
}

#[tokio::test(start_paused = true)]
async fn a_user_without_devices_sees_no_notice() {
    let server = TestServer::new(crate::app());
    let response = post(&server, "/notices/ada", "billing-key").await;
    assert_eq!(response.json::<Value>(), json!({ "seen": 0 }));
}

#[tokio::test(start_paused = true)]
async fn services_need_a_key_and_devices_need_a_token() {
    let server = TestServer::new(crate::app());
    for target in ["/notices", "/notices/ada"] {
        let response = post(&server, target, "guessed").await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert!(response.text().contains("Authorization"));
    }
    let refused = device(&server, "guessed").await.unwrap_err();
    assert_eq!(refused.message(), "Unknown token. Log in again.");
}

//! A user logs in over HTTP, counts over a socket, and logs out.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use socketio_test::{TestResponse, TestServer};

/// Sends a request with the cookies of a session.
async fn send(server: &TestServer, method: Method, target: &str, cookies: &str) -> TestResponse {
    let request = Request::builder()
        .method(method)
        .uri(target)
        .header(header::COOKIE, cookies)
        .body(Body::empty());
    server.request(request.expect("a request")).await
}

async fn log_in(server: &TestServer) -> String {
    let request = Request::post("/login")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body("name=ada");
    let response = server.request(request.expect("a request")).await;
    assert_eq!(response.text(), "Welcome, ada\n");
    response.cookies()
}

#[tokio::test(start_paused = true)]
async fn requests_and_sockets_share_a_session() {
    let server = TestServer::new(crate::app());
    let cookies = log_in(&server).await;
    let client = server.client().header("cookie", &cookies);
    let client = client.connect().await.unwrap();
    for expected in 1..=2 {
        let count: u64 = client.emit_with_ack("count", &()).await;
        assert_eq!(count, expected);
    }
    let shown = send(&server, Method::GET, "/", &cookies).await;
    assert_eq!(shown.text(), "ada has counted to 2\n");

    let logout = send(&server, Method::POST, "/logout", &cookies).await;
    assert_eq!(logout.status(), StatusCode::OK);
    let () = client.event("logged out").await;
    assert_eq!(client.disconnected().await, "io server disconnect");
    let shown = send(&server, Method::GET, "/", &cookies).await;
    assert_eq!(shown.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(start_paused = true)]
async fn a_client_without_a_login_is_refused() {
    let server = TestServer::new(crate::app());
    for cookie in ["a=b", "id=guessed"] {
        let client = server.client().header("cookie", cookie);
        let refused = client.connect().await.unwrap_err();
        assert_eq!(refused.message(), "Log in first: POST to /login.");
    }
}

//! Requests of polling clients: in order, concurrent, incomplete, and too large.

use std::time::Duration;

use bytes::Bytes;
use engineio::{CloseReason, Config, Message};
use futures_util::FutureExt as _;
use http::{Method, Request, Version};
use http_body_util::{Empty, Full};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::application::Callback;
use crate::body::FedBody;
use crate::polling_client::{OPEN, PollingClient};
use crate::server::{PING_INTERVAL, PING_TIMEOUT, PIPE, Server, expect, pass, settle};

const UNKNOWN: &str = r#"{"code":1,"message":"Session ID unknown"}"#;
const BAD_REQUEST: &str = r#"{"code":3,"message":"Bad request"}"#;

#[tokio::test(start_paused = true)]
async fn packets_are_polled_in_order() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    let session = server.opened().await;
    let mut received = Vec::new();
    for number in 0..100 {
        session.send(&*number.to_string()).unwrap();
        if number % 7 == 0 {
            received.extend(client.poll().await);
        }
    }
    received.extend(client.poll().await);
    let sent: Vec<_> = (0..100).map(|number| format!("4{number}")).collect();
    assert_eq!(received, sent);
}

#[tokio::test(start_paused = true)]
async fn packets_are_posted_in_order() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    server.opened().await;
    for post in 0..10 {
        let body: Vec<_> = (0..100)
            .map(|number| format!("4{}", post * 100 + number))
            .collect();
        client.post(&body.join("\x1e")).await.is(200, "ok");
    }
    for number in 0..1000 {
        assert_eq!(server.message().await, Message::from(&*number.to_string()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_post_runs_the_driver_in_place() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    server.opened().await;
    settle().await;
    for text in ["first", "second"] {
        let request = Request::post(client.target())
            .body(Full::<Bytes>::from(format!("4{text}")))
            .unwrap();
        let answer = server.answer(request).now_or_never();
        answer.expect("it has run the session itself").is(200, "ok");
        let Some(Callback::Message(message)) = server.drain_callbacks().pop() else {
            panic!("the application has the message already");
        };
        assert_eq!(message, Message::from(text));
    }
}

#[tokio::test(start_paused = true)]
async fn polling_carries_large_payloads_both_ways() {
    let large = "€".repeat(300_000);
    let mut server = Server::echoing();
    let client = PollingClient::open(&server).await;
    let session = server.opened().await;
    client.post(&format!("4{large}")).await.is(200, "ok");
    server.messages([&large]).await;
    for _ in 0..4 {
        session.send(&*large).unwrap();
    }
    let packets = client.poll().await;
    assert_eq!(packets.len(), 5);
    assert!(packets.iter().all(|packet| packet[1..] == *large));
}

#[tokio::test(start_paused = true)]
async fn a_body_in_pieces_is_joined() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    server.opened().await;
    let body = FedBody::complete(["4he", "llo\x1e", "", "4wor", "ld"]);
    client.start_post(body).answer().await.is(200, "ok");
    server.messages(["hello", "world"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_second_get_ends_the_session() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    server.opened().await;
    let first = client.get();
    client.get().answer().await.is(400, "");
    assert_eq!(first.packets().await, ["1"]);
    assert_eq!(server.closed().await, CloseReason::TransportError);
    client.get().answer().await.is(400, UNKNOWN);
}

#[tokio::test(start_paused = true)]
async fn a_second_post_ends_the_session() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    server.opened().await;
    let (body_sender, body) = FedBody::new();
    let first = client.start_post(body);
    body_sender.feed("4never complete");
    let poll = client.get();
    client.post("4overlaps").await.is(400, "");
    first.answer().await.is(400, UNKNOWN);
    assert_eq!(poll.packets().await, ["1"]);
    assert_eq!(server.closed().await, CloseReason::TransportError);
    assert!(!body_sender.is_wanted());
}

#[tokio::test(start_paused = true)]
async fn a_get_and_a_post_may_overlap() {
    let mut server = Server::echoing();
    let client = PollingClient::open(&server).await;
    let session = server.opened().await;
    let (body_sender, body) = FedBody::new();
    let post = client.start_post(body);
    body_sender.feed("4from the ");
    let poll = client.get();
    session.send("from the server").unwrap();
    assert_eq!(poll.packets().await, ["4from the server"]);
    body_sender.feed("client");
    drop(body_sender);
    post.answer().await.is(200, "ok");
    server.messages(["from the client"]).await;
    assert_eq!(client.poll().await, ["4from the client"]);
}

#[tokio::test(start_paused = true)]
async fn an_aborted_get_ends_the_session() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    server.opened().await;
    let poll = client.get();
    assert!(poll.is_waiting().await);
    poll.drop_connection().await;
    assert_eq!(server.closed().await, CloseReason::TransportError);
    assert_eq!(server.engine.clients_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_aborted_post_ends_the_session() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    server.opened().await;
    let poll = client.get();
    let (body_sender, body) = FedBody::new();
    let post = client.start_post(body);
    body_sender.feed("4half a mess");
    assert!(post.is_waiting().await);
    post.drop_connection().await;
    assert_eq!(server.closed().await, CloseReason::TransportError);
    assert_eq!(poll.packets().await, ["1"]);
    server.expect_nothing();
}

#[tokio::test(start_paused = true)]
async fn an_incomplete_post_ends_the_session() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    server.opened().await;
    let (body_sender, body) = FedBody::new();
    let post = client.start_post(body);
    body_sender.feed("4half a mess");
    body_sender.fail();
    post.answer().await.is(400, "");
    assert_eq!(server.closed().await, CloseReason::TransportError);
    server.expect_nothing();
}

#[tokio::test(start_paused = true)]
async fn an_endless_post_does_not_outlive_its_session() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    server.opened().await;
    let (body_sender, body) = FedBody::new();
    let post = client.start_post(body);
    for _ in 1..(PING_INTERVAL + PING_TIMEOUT).as_secs() {
        body_sender.feed("4");
        pass(Duration::from_secs(1)).await;
    }
    assert!(post.is_waiting().await);
    pass(Duration::from_secs(1)).await;
    post.answer().await.is(400, UNKNOWN);
    assert_eq!(server.closed().await, CloseReason::PingTimeout);
    assert!(!body_sender.is_wanted());
}

#[tokio::test(start_paused = true)]
async fn a_body_above_the_size_limit_is_refused() {
    let mut server = Server::with(Config::default().max_http_buffer_size(100));
    let client = PollingClient::open(&server).await;
    server.opened().await;
    let largest = format!("4{}", "a".repeat(99));
    let too_large = format!("4{}", "a".repeat(100));
    let (head, tail) = too_large.split_at(60);

    // With a known length.
    client.post(&largest).await.is(200, "ok");
    client.post(&too_large).await.is(413, "");
    // Without.
    let body = FedBody::complete([&largest[..60], &largest[60..]]);
    client.start_post(body).answer().await.is(200, "ok");
    let body = FedBody::complete([head, tail]);
    client.start_post(body).answer().await.is(413, "");

    // The response does not wait for the bytes above the limit.
    let (body_sender, body) = FedBody::new();
    let post = client.start_post(body);
    body_sender.feed(head);
    assert!(post.is_waiting().await);
    body_sender.feed(tail);
    post.answer().await.is(413, "");
    assert!(!body_sender.is_wanted());

    // The session stays open.
    client.post("4smaller").await.is(200, "ok");
    server
        .messages([&largest[1..], &largest[1..], "smaller"])
        .await;
}

#[tokio::test(start_paused = true)]
async fn the_body_limit_applies_on_a_connection() {
    let mut server = Server::with(Config::default().max_http_buffer_size(10));
    let client = PollingClient::open(&server).await;
    server.opened().await;
    let target = client.target();
    let length = |body: &str| format!("Content-Length: {}\r\n\r\n{body}", body.len());
    let chunked = |body: &str| {
        let length = body.len();
        format!("Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n")
    };
    for (rest, status) in [
        (length("4123456789"), "200 OK"),
        (length("41234567890"), "413 Payload Too Large"),
        (chunked("4123456789"), "200 OK"),
        (chunked("41234567890"), "413 Payload Too Large"),
    ] {
        let mut connection = server.connect(PIPE);
        let request =
            format!("POST {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{rest}");
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        expect("the answer", connection.read_to_string(&mut answer))
            .await
            .unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}\r\n")),
            "{rest:?}: {answer}"
        );
    }
    server.messages(["123456789", "123456789"]).await;
    server.expect_nothing();
}

/// Without the header, clients send the next request on a connection that is being closed.
#[tokio::test(start_paused = true)]
async fn a_response_before_the_end_of_the_body_announces_that_the_connection_closes() {
    let mut server = Server::with(Config::default().max_http_buffer_size(10));
    let client = PollingClient::open(&server).await;
    server.opened().await;
    let target = client.target();
    let unknown = target.replace(&client.sid, "unknown");
    for (request, status) in [
        // Twice the limit is read and dropped.
        (
            format!("POST {target}"),
            [(20, 413, false), (21, 413, true)],
        ),
        (
            format!("POST {unknown}"),
            [(0, 400, false), (20, 400, true)],
        ),
        (format!("PUT {target}"), [(0, 500, false), (20, 500, true)]),
        (format!("GET {unknown}"), [(0, 400, false), (20, 400, true)]),
    ] {
        for (length, status, closes) in status {
            let mut connection = server.connect(PIPE);
            let head = format!(
                "{request} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
            );
            connection.write_all(head.as_bytes()).await.unwrap();
            if !closes {
                connection.write_all(&b"4".repeat(length)).await.unwrap();
            }
            let mut answer = String::new();
            let mut buffer = [0; 1024];
            while !answer.contains("\r\n\r\n") {
                let read = expect("the answer", connection.read(&mut buffer));
                let read = read.await.unwrap();
                answer.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
            }
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{answer}"
            );
            let announced = answer.contains("connection: close\r\n");
            assert_eq!(announced, closes, "{head}: {answer}");
            if !closes {
                let next = format!(
                    "POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n4next"
                );
                connection.write_all(next.as_bytes()).await.unwrap();
                server.messages(["next"]).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn closing_the_connection_aborts_a_get() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    server.opened().await;
    let mut connection = server.connect(PIPE);
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n",
        client.target()
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    settle().await;
    server.expect_nothing();
    drop(connection);
    assert_eq!(server.closed().await, CloseReason::TransportError);
}

#[tokio::test(start_paused = true)]
async fn closing_the_connection_aborts_a_post() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    server.opened().await;
    let mut connection = server.connect(PIPE);
    let target = client.target();
    let request =
        format!("POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n4half a");
    connection.write_all(request.as_bytes()).await.unwrap();
    settle().await;
    server.expect_nothing();
    drop(connection);
    assert_eq!(server.closed().await, CloseReason::TransportError);
    server.expect_nothing();
}

#[tokio::test(start_paused = true)]
async fn binary_payloads_are_refused_in_revision_4() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    server.opened().await;
    let request = Request::post(client.target())
        .header("content-type", "application/octet-stream")
        .body(Full::new(Bytes::from_static(b"4hello")));
    client.send(request.unwrap()).answer().await.is(400, "");
    assert_eq!(server.closed().await, CloseReason::TransportError);
}

#[tokio::test(start_paused = true)]
async fn other_methods_are_refused() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    server.opened().await;
    for method in [
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
        Method::HEAD,
        Method::PATCH,
    ] {
        let with_sid = Request::builder()
            .method(&method)
            .uri(client.target())
            .body(Empty::<Bytes>::new());
        client.send(with_sid.unwrap()).answer().await.is(500, "");
        let without = Request::builder()
            .method(method)
            .uri(OPEN)
            .body(Empty::<Bytes>::new());
        let refused = r#"{"code":2,"message":"Bad handshake method"}"#;
        client
            .send(without.unwrap())
            .answer()
            .await
            .is(400, refused);
    }
    client.post("4still open").await.is(200, "ok");
    server.messages(["still open"]).await;
    assert_eq!(server.engine.clients_count(), 1);
}

#[tokio::test(start_paused = true)]
async fn refusals_have_a_code_and_do_not_affect_the_session() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    server.opened().await;
    let sid = &client.sid;
    let plain = "/engine.io/?EIO=4&transport=polling";
    for (target, status, body) in [
        (
            "/engine.io/?EIO=4".to_owned(),
            400,
            r#"{"code":0,"message":"Transport unknown"}"#,
        ),
        (format!("{plain}&sid=nobody"), 400, UNKNOWN),
        (
            "/engine.io/?EIO=4&transport=websocket".to_owned(),
            400,
            BAD_REQUEST,
        ),
        (
            format!("/engine.io/?EIO=4&transport=websocket&sid={sid}"),
            400,
            BAD_REQUEST,
        ),
        (
            "/engine.io/?EIO=3&transport=polling".to_owned(),
            400,
            r#"{"code":5,"message":"Unsupported protocol version"}"#,
        ),
    ] {
        let request = Request::get(&target).body(Empty::<Bytes>::new()).unwrap();
        let answer = server.answer(request).await;
        answer.is(status, body);
        assert_eq!(
            answer.headers["content-type"], "application/json",
            "{target}"
        );
    }
    client.post("4still open").await.is(200, "ok");
    server.messages(["still open"]).await;
    assert_eq!(server.engine.clients_count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_floods_with_tiny_packets_does_not_starve_others() {
    let mut server = Server::new();
    let flooding = PollingClient::open(&server).await;
    server.opened().await;
    let other = PollingClient::open(&server).await;
    server.opened().await;
    let flood = flooding.start_post_of(&"4\x1e".repeat(10_000));
    let hello = other.start_post_of("4hello");
    hello.answer().await.is(200, "ok");
    // The empty packet at the end of the flood is invalid.
    flood.answer().await.is(200, "ok");
    let flood_before_hello = server
        .drain_callbacks()
        .into_iter()
        .take_while(|callback| match callback {
            Callback::Message(message) => message.is_empty(),
            _ => false,
        })
        .count();
    assert!(
        flood_before_hello < 1000,
        "{flood_before_hello} of the flood came first"
    );
}

/// A proxy that is not configured for WebSocket removes headers of the upgrade or uses HTTP/1.0.
#[tokio::test(start_paused = true)]
async fn a_broken_upgrade_names_what_it_lacks() {
    const UPGRADE: (&str, &str) = ("upgrade", "websocket");
    const CONNECTION: (&str, &str) = ("connection", "keep-alive, Upgrade");
    let mut server = Server::new();
    let polling = PollingClient::open(&server).await;
    server.opened().await;
    let opening = "/engine.io/?EIO=4&transport=websocket".to_owned();
    let upgrading = format!("{opening}&sid={}", polling.sid);
    for target in [&opening, &upgrading] {
        for (version, headers, hint) in [
            (
                Version::HTTP_11,
                &[][..],
                "missing headers Upgrade and Connection",
            ),
            (
                Version::HTTP_11,
                &[UPGRADE][..],
                "missing header Connection: upgrade",
            ),
            (
                Version::HTTP_11,
                &[CONNECTION][..],
                "missing header Upgrade: websocket",
            ),
            (
                Version::HTTP_10,
                &[UPGRADE, CONNECTION][..],
                "HTTP/1.0 has no upgrades",
            ),
        ] {
            let mut request = Request::get(target).version(version);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let request = request.body(Empty::<Bytes>::new()).unwrap();
            let refused = server.answer(request).await;
            refused.is(400, r#"{"code":3,"message":"Bad request"}"#);
            assert_eq!(refused.headers["engine-io-hint"], hint);
        }
    }
    // Other refusals have no hint.
    for target in [
        "/engine.io/?EIO=4&transport=websocket&sid=unknown",
        "/engine.io/?EIO=4&transport=none",
    ] {
        let request = Request::get(target).body(Empty::<Bytes>::new()).unwrap();
        let refused = server.answer(request).await;
        assert!(!refused.headers.contains_key("engine-io-hint"), "{target}");
    }
}

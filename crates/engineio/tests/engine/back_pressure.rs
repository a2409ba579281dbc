//! Back-pressure: while the application is not ready, its clients wait, and are neither lost nor
//! timed out.

use std::sync::Arc;
use std::time::Duration;

use engineio::{CloseReason, Config, Message};

use crate::polling_client::PollingClient;
use crate::server::{MOMENT, PING_INTERVAL, PING_TIMEOUT, Server, pass, settle};
use crate::websocket_client::WebSocketClient;

#[tokio::test(start_paused = true)]
async fn a_websocket_is_not_read_while_the_application_is_not_ready() {
    const BUFFER: usize = 1024;
    const MESSAGES: usize = 1000;
    let mut server = Server::new();
    let (mut client, _) = WebSocketClient::open_through(&server, BUFFER).await;
    server.opened().await;
    server.gate.close();
    let sender = tokio::spawn(async move {
        for number in 0..MESSAGES {
            client.send(&format!("4{number:0100}")).await;
        }
        client
    });
    settle().await;
    server.expect_nothing();
    assert!(
        !sender.is_finished(),
        "the client is slowed down by its connection"
    );
    server.gate.open();
    for number in 0..MESSAGES {
        assert_eq!(
            server.message().await,
            Message::from(&*format!("{number:0100}"))
        );
    }
    sender.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_post_is_answered_once_the_application_has_received_it() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    let session = server.opened().await;
    server.gate.close();
    let post = client.start_post_of("4a\x1e4b\x1e4c");
    assert!(post.is_waiting().await);
    // The other direction is not affected.
    session.send("meanwhile").unwrap();
    assert_eq!(client.poll().await, ["4meanwhile"]);
    server.expect_nothing();
    server.gate.open();
    post.answer().await.is(200, "ok");
    server.messages(["a", "b", "c"]).await;
}

#[tokio::test(start_paused = true)]
async fn the_application_may_pause_between_packets_of_a_post() {
    let mut server = Server::directed(Config::default(), |application| {
        let gate = application.gate.clone();
        application.on_message = Arc::new(move |_, _| gate.close());
    });
    let client = PollingClient::open(&server).await;
    server.opened().await;
    let post = client.start_post_of("4a\x1e4b\x1e4c");
    for text in ["a", "b", "c"] {
        server.messages([text]).await;
        assert!(post.is_waiting().await);
        server.expect_nothing();
        server.gate.open();
    }
    post.answer().await.is(200, "ok");
}

#[tokio::test(start_paused = true)]
async fn a_websocket_client_with_an_unread_pong_is_not_timed_out() {
    let mut server = Server::new();
    let mut client = WebSocketClient::open(&server).await;
    server.opened().await;
    server.gate.close();
    client.send("4before the ping").await;
    client.expect_texts(["2"]).await;
    client.send("3").await;
    client.send("4after the ping").await;
    pass((PING_INTERVAL + PING_TIMEOUT) * 10).await;
    server.expect_nothing();
    server.gate.open();
    server.messages(["before the ping", "after the ping"]).await;
    // The heartbeat continues.
    client.expect_texts(["2"]).await;
    client.send("3").await;
    client.expect_texts(["2"]).await;
    server.expect_nothing();
    assert_eq!(server.closed().await, CloseReason::PingTimeout);
}

#[tokio::test(start_paused = true)]
async fn a_websocket_client_that_was_blocked_gets_time_for_its_pong() {
    const BUFFER: usize = 1024;
    let mut server = Server::new();
    let (mut client, _) = WebSocketClient::open_through(&server, BUFFER).await;
    server.opened().await;
    client.expect_texts(["2"]).await;
    // The timeout that the packet extended has passed.
    client.send("4busy").await;
    server.messages(["busy"]).await;
    server.gate.close();
    let sender = tokio::spawn(async move {
        client.send(&format!("4{}", "a".repeat(BUFFER * 10))).await;
        client
    });
    pass(PING_TIMEOUT * 3 / 2).await;
    server.gate.open();
    let mut client = sender.await.unwrap();
    assert_eq!(server.message().await.len(), BUFFER * 10);
    pass(PING_TIMEOUT - PING_TIMEOUT / 10).await;
    client.send("3").await;
    pass(PING_TIMEOUT).await;
    server.expect_nothing();
}

#[tokio::test(start_paused = true)]
async fn a_polling_client_with_an_unread_post_is_not_timed_out() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    server.opened().await;
    server.gate.close();
    // The client waits for the response before it posts its pong.
    let post = client.start_post_of("4hello");
    assert_eq!(client.poll().await, ["2"]);
    pass((PING_INTERVAL + PING_TIMEOUT) * 10).await;
    server.expect_nothing();
    assert!(post.is_waiting().await);
    server.gate.open();
    post.answer().await.is(200, "ok");
    client.post("3").await.is(200, "ok");
    server.messages(["hello"]).await;
    assert_eq!(client.poll().await, ["2"]);
}

#[tokio::test(start_paused = true)]
async fn a_silent_polling_client_is_timed_out_while_the_application_is_not_ready() {
    let mut server = Server::new();
    PollingClient::open(&server).await;
    server.opened().await;
    server.gate.close();
    pass(PING_INTERVAL + PING_TIMEOUT + PING_TIMEOUT / 10).await;
    assert_eq!(server.closed().await, CloseReason::PingTimeout);
}

#[tokio::test(start_paused = true)]
async fn a_ping_detects_a_lost_client() {
    let mut server = Server::new();
    let mut client = WebSocketClient::open(&server).await;
    server.opened().await;
    server.gate.close();
    client.send("4never taken").await;
    drop(client);
    pass(PING_INTERVAL - MOMENT * 2).await;
    server.expect_nothing();
    pass(MOMENT * 4).await;
    assert_eq!(server.closed().await, CloseReason::TransportClose);
}

#[tokio::test(start_paused = true)]
async fn a_client_whose_messages_are_never_received_is_disconnected() {
    const LIMIT: Duration = Duration::from_secs(600);
    let mut server = Server::new();
    let mut client = WebSocketClient::open(&server).await;
    server.opened().await;
    server.gate.close();
    client.send("4never taken").await;
    pass(LIMIT - PING_TIMEOUT).await;
    server.expect_nothing();
    pass(PING_INTERVAL + PING_TIMEOUT * 2).await;
    assert_eq!(server.closed().await, CloseReason::PingTimeout);
}

#[tokio::test(start_paused = true)]
async fn a_session_can_be_closed_while_the_application_is_not_ready() {
    let mut server = Server::new();
    let mut client = WebSocketClient::open(&server).await;
    let session = server.opened().await;
    server.gate.close();
    client.send("4never taken").await;
    session.send("last").unwrap();
    session.close(CloseReason::ForcedClose);
    assert_eq!(server.closed().await, CloseReason::ForcedClose);
    client.expect_texts(["4last"]).await;
    client.is_closed_with(None).await;
}

#[tokio::test(start_paused = true)]
async fn a_reply_needs_no_second_run_of_the_driver() {
    let mut server = Server::echoing();
    let mut client = WebSocketClient::open(&server).await;
    server.opened().await;
    settle().await;
    let before = server.gate.poll_count();
    for _ in 0..10 {
        client.send("4hello").await;
        client.expect_texts(["4hello"]).await;
        settle().await;
    }
    // Once before the message and once after it.
    assert_eq!(server.gate.poll_count() - before, 20);
}

/// Guards against bytes that are read to notice the end of a connection, and replace bytes that were
/// read before.
#[tokio::test(start_paused = true)]
async fn reading_ahead_while_the_application_is_not_ready_loses_nothing() {
    const BUFFER: usize = 128 * 1024;
    const MESSAGES: usize = 100;
    let mut server = Server::directed(Config::default(), |application| {
        let gate = application.gate.clone();
        application.on_message = Arc::new(move |_, message| {
            if *message == Message::from(&*format!("{:04}{}", 0, "a".repeat(500))) {
                gate.close();
            }
        });
    });
    let (mut client, _) = WebSocketClient::open_through(&server, BUFFER).await;
    server.opened().await;
    for number in 0..MESSAGES {
        client
            .send(&format!("4{number:04}{}", "a".repeat(500)))
            .await;
    }
    settle().await;
    server.message().await;
    server.expect_nothing();
    server.gate.open();
    for number in 1..MESSAGES {
        let message = server.message().await;
        assert_eq!(
            message,
            Message::from(&*format!("{number:04}{}", "a".repeat(500)))
        );
    }
}

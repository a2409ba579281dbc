//! Sending to clients that are slow or temporarily absent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use engineio::{CloseReason, Config, Message, SendError};
use futures_util::FutureExt as _;
use tokio_tungstenite::tungstenite::Message as WsMessage;

use crate::polling_client::PollingClient;
use crate::server::{PIPE, Server, settle};
use crate::websocket_client::WebSocketClient;

/// The bytes that a queued message counts in addition to its payload.
const OVERHEAD: usize = engineio_proto::MESSAGE_OVERHEAD;

#[tokio::test(start_paused = true)]
async fn a_slow_client_loses_only_its_own_session() {
    let config = Config::default().max_outbound_bytes(100_000);
    let mut server = Server::with(config);
    let (mut slow, _) = WebSocketClient::open_through(&server, 1024).await;
    let to_slow = server.opened().await;
    let mut quick = WebSocketClient::open(&server).await;
    let to_quick = server.opened().await;
    let text = "a".repeat(1000);
    let mut overflow = None;
    for _ in 0..1000 {
        if let Err(error) = to_slow.send(&*text) {
            overflow = Some(error);
            break;
        }
        to_quick.send(&*text).unwrap();
        assert_eq!(quick.text().await.len(), 1001);
    }
    assert_eq!(overflow, Some(SendError::Overflow));
    assert_eq!(server.closed().await, CloseReason::TransportError);
    assert_eq!(to_slow.send("too late"), Err(SendError::Closed));
    assert_eq!(to_slow.queued_bytes(), 0);
    assert_eq!(server.engine.clients_count(), 1);
    to_quick.send("still here").unwrap();
    quick.expect_texts(["4still here"]).await;
    // Bytes that have been sent are not affected.
    slow.expect_texts([&*format!("4{text}")]).await;
}

#[tokio::test(start_paused = true)]
async fn a_message_above_the_outbound_limit_closes_the_session() {
    let config = Config::default().max_outbound_bytes(OVERHEAD * 2 + 10);
    let mut server = Server::with(config);
    let client = PollingClient::open(&server).await;
    let session = server.opened().await;
    session.send("01234").unwrap();
    session.send("56789").unwrap();
    assert_eq!(session.queued_bytes(), OVERHEAD * 2 + 10);
    assert_eq!(client.poll().await, ["401234", "456789"]);
    assert_eq!(session.queued_bytes(), 0);
    session.send("01234").unwrap();
    assert_eq!(session.send("56789a"), Err(SendError::Overflow));
    assert_eq!(server.closed().await, CloseReason::TransportError);
}

#[tokio::test(start_paused = true)]
async fn a_slow_websocket_receives_everything_in_order() {
    const MESSAGES: usize = 2000;
    let mut server = Server::new();
    let (mut client, _) = WebSocketClient::open_through(&server, 512).await;
    let session = server.opened().await;
    for number in 0..MESSAGES {
        session.send(&*format!("{number:01000}")).unwrap();
    }
    settle().await;
    // The messages are queued where they are counted, except for a few in the buffers of the
    // WebSocket.
    assert!(session.queued_bytes() > (MESSAGES - 100) * 1000);
    for number in 0..MESSAGES {
        client.expect_texts([&*format!("4{number:01000}")]).await;
    }
    settle().await;
    assert_eq!(session.queued_bytes(), 0);
}

#[tokio::test(start_paused = true)]
async fn messages_of_send_all_stay_together() {
    const PAIRS: usize = 200;
    let mut server = Server::new();
    let mut client = WebSocketClient::open(&server).await;
    let session = server.opened().await;
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let session = session.clone();
            scope.spawn(move || {
                for pair in 0..PAIRS {
                    let head = Message::from(&*format!("{thread}-{pair}"));
                    session.send_all([head.clone(), head]).unwrap();
                }
            });
        }
    });
    let mut next = [0; 4];
    for _ in 0..PAIRS * 4 {
        let head = client.text().await;
        assert_eq!(client.text().await, head);
        let (thread, pair) = head[1..].split_once('-').unwrap();
        let thread: usize = thread.parse().unwrap();
        assert_eq!(pair, next[thread].to_string());
        next[thread] += 1;
    }
}

#[tokio::test(start_paused = true)]
async fn an_unpolled_message_is_not_drained() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    let session = server.opened().await;
    session.drained().await;
    session.send("hello").unwrap();
    let drained = tokio::spawn({
        let session = session.clone();
        async move { session.drained().await }
    });
    settle().await;
    assert!(!drained.is_finished());
    assert_eq!(client.poll().await, ["4hello"]);
    drained.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_message_that_a_websocket_has_not_accepted_is_not_drained() {
    let mut server = Server::new();
    let (mut client, _) = WebSocketClient::open_through(&server, 512).await;
    let session = server.opened().await;
    settle().await;
    session.drained().await;
    let text = "a".repeat(1000);
    session.send(&*text).unwrap();
    settle().await;
    // The message has left the queue, but not the server.
    assert_eq!(session.queued_bytes(), 0);
    assert!(session.drained().now_or_never().is_none());
    client.text().await;
    session.drained().await;
}

#[tokio::test(start_paused = true)]
async fn drained_keeps_a_producer_at_the_pace_of_a_slow_client() {
    const MESSAGES: usize = 500;
    let config = Config::default().max_outbound_bytes(2000);
    let mut server = Server::with(config);
    let (mut client, _) = WebSocketClient::open_through(&server, 512).await;
    let session = server.opened().await;
    let producer = tokio::spawn(async move {
        for number in 0..MESSAGES {
            session.send(&*format!("{number:01000}")).unwrap();
            session.drained().await;
        }
    });
    for number in 0..MESSAGES {
        client.expect_texts([&*format!("4{number:01000}")]).await;
    }
    producer.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn drained_returns_when_the_session_has_ended() {
    let mut server = Server::new();
    PollingClient::open(&server).await;
    let session = server.opened().await;
    session.send("never fetched").unwrap();
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let session = session.clone();
            tokio::spawn(async move { session.drained().await })
        })
        .collect();
    settle().await;
    session.abort(CloseReason::ForcedClose);
    for task in waiting {
        task.await.unwrap();
    }
    session.drained().await;
}

#[tokio::test(start_paused = true)]
async fn volatile_messages_need_a_pending_poll() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    let session = server.opened().await;
    assert!(!session.send_volatile(["dropped".into()]));
    let poll = client.get();
    assert!(session.send_volatile(["kept".into(), "with it".into()]));
    // The first message has answered the poll.
    assert!(!session.send_volatile(["dropped".into()]));
    assert_eq!(poll.packets().await, ["4kept", "4with it"]);
    assert!(!session.send_volatile(["dropped".into()]));
    session.send("reliable").unwrap();
    assert_eq!(client.poll().await, ["4reliable"]);
}

#[tokio::test(start_paused = true)]
async fn volatile_messages_need_a_writable_websocket() {
    let mut server = Server::new();
    let (mut client, _) = WebSocketClient::open_through(&server, 512).await;
    let session = server.opened().await;
    settle().await;
    assert!(session.send_volatile(["kept".into()]));
    client.expect_texts(["4kept"]).await;
    let text = "a".repeat(1000);
    session.send(&*text).unwrap();
    settle().await;
    assert!(!session.send_volatile(["dropped".into()]));
    assert_eq!(client.text().await.len(), 1001);
    settle().await;
    assert!(session.send_volatile(["kept again".into()]));
    client.expect_texts(["4kept again"]).await;
    session.close(CloseReason::ForcedClose);
    assert!(!session.send_volatile(["dropped".into()]));
}

#[tokio::test(start_paused = true)]
async fn messages_sent_by_handlers_during_a_read_follow_in_order() {
    let mut server = Server::directed(Config::default(), |application| {
        application.on_message = Arc::new(|session, message| {
            session.send(message.clone()).unwrap();
            session.send_all(["and".into(), message.clone()]).unwrap();
        });
    });
    let (mut client, _) = WebSocketClient::open_through(&server, PIPE).await;
    server.opened().await;
    for number in 0..300 {
        client.send(&format!("4{number}")).await;
    }
    for number in 0..300 {
        let packet = format!("4{number}");
        client.expect_texts([&*packet, "4and", &packet]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_server_stops_reading_a_client_that_pings_without_reading() {
    const BUFFER: usize = 4096;
    let mut server = Server::new();
    let (mut client, _) = WebSocketClient::open_through(&server, BUFFER).await;
    server.opened().await;
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let pings = tokio::spawn(async move {
        for _ in 0..5000 {
            client
                .send_message(WsMessage::Ping(vec![0; 125].into()))
                .await;
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });
    settle().await;
    assert!(!pings.is_finished(), "the server keeps the pongs instead");
    let sent = sent.load(Ordering::Relaxed);
    assert!(sent < 500, "{sent} pings were taken");
}

//! Texts for one client, which are queued in a shared buffer.

use std::sync::Arc;

use bytes::Bytes;
use engineio::{
    CloseReason, Config, MESSAGE_OVERHEAD, Packet, SendError, SendOptions, Session, SessionEvent,
    TextBuf, Transport,
};
use parking_lot::Mutex;
use tokio_tungstenite::tungstenite::Message as Frame;

use crate::polling_client::PollingClient;
use crate::server::{PIPE, Server, settle};
use crate::websocket_client::{OPEN, WebSocketClient};
use crate::webtransport_client::{self, WebTransportClient};

fn send(session: &Session, text: &str) -> Result<(), SendError> {
    let text = TextBuf::build(0, |out| out.push_str(text));
    session.send_text_buf(text, SendOptions::default())
}

/// Sends the replies to a message: texts of every length among shared messages.
fn answer(session: &Session, text: &str) {
    send(session, text).unwrap();
    session.send("shared").unwrap();
    send(session, "").unwrap();
    send(session, &text.repeat(1_000)).unwrap();
    send(session, "é").unwrap();
}

fn answers(text: &str) -> [String; 5] {
    let long = text.repeat(1_000);
    [text, "shared", "", &*long, "é"].map(|text| format!("4{text}"))
}

fn answering(config: Config) -> Server {
    Server::directed(config, |application| {
        application.on_message = Arc::new(|session, message| {
            let engineio::Message::Text(text) = message else {
                panic!("{message:?} is no text");
            };
            answer(session, text.as_str());
        });
    })
}

#[tokio::test(start_paused = true)]
async fn a_websocket_receives_texts_in_order_in_both_revisions() {
    let revision_3 = OPEN.replace("EIO=4", "EIO=3");
    for target in [OPEN, &format!("{OPEN}&b64=1"), &revision_3] {
        // With a narrow pipe they are also queued for a slow client.
        for room in [64, PIPE] {
            let mut server = answering(Config::default().allow_eio3(true));
            let mut client = WebSocketClient::connect(&server, target, room)
                .await
                .unwrap();
            assert!(client.text().await.starts_with("0{"));
            let session = server.opened().await;
            for number in 0..100 {
                client.send(&format!("4{number}")).await;
                if number % 10 < 9 {
                    continue;
                }
                for number in number - 9..=number {
                    for expected in answers(&number.to_string()) {
                        client.expect_texts([&*expected]).await;
                    }
                }
            }
            settle().await;
            assert_eq!(session.queued_bytes(), 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_webtransport_client_receives_texts_in_order() {
    let server = answering(webtransport_client::config());
    let mut client = WebTransportClient::open(&server).await;
    for text in ["one", "two"] {
        client.send(&format!("4{text}")).await;
        for expected in answers(text) {
            client.expect_texts([&*expected]).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn queued_texts_arrive_in_order_on_either_transport() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    let session = server.opened().await;
    answer(&session, "a");
    assert_eq!(client.poll().await, answers("a"));
    answer(&session, "b");
    let mut socket = WebSocketClient::probe(&server, &client.sid).await;
    socket.send("2probe").await;
    socket.expect_texts(["3probe"]).await;
    answer(&session, "c");
    socket.send("5").await;
    settle().await;
    assert_eq!(session.transport(), Transport::WebSocket);
    answer(&session, "d");
    for text in ["b", "c", "d"] {
        for expected in answers(text) {
            socket.expect_texts([&*expected]).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_falls_behind_is_disconnected() {
    // Less and more than the size of the shared buffer.
    for limit in [2_000, 200_000] {
        let mut server = Server::with(Config::default().max_outbound_bytes(limit));
        let (mut client, _) = WebSocketClient::open_through(&server, 512).await;
        let session = server.opened().await;
        let fitting = limit / (MESSAGE_OVERHEAD + 10);
        for number in 0..fitting {
            send(&session, &format!("{number:010}")).unwrap();
        }
        assert_eq!(session.queued_bytes(), fitting * (MESSAGE_OVERHEAD + 10));
        let last = "x".repeat(MESSAGE_OVERHEAD + 10);
        assert_eq!(send(&session, &last), Err(SendError::Overflow));
        assert_eq!(session.queued_bytes(), 0);
        assert_eq!(send(&session, ""), Err(SendError::Closed));
        assert_eq!(server.closed().await, CloseReason::TransportError);
        // The queued messages are not sent any more.
        assert!(matches!(client.next().await, Some(Ok(Frame::Close(_)))));
    }
}

#[tokio::test(start_paused = true)]
async fn queued_texts_are_sent_when_the_session_closes() {
    let mut server = Server::new();
    let mut client = WebSocketClient::open(&server).await;
    let session = server.opened().await;
    answer(&session, "last");
    session.close(CloseReason::ForcedClose);
    assert_eq!(send(&session, "too late"), Err(SendError::Closed));
    for expected in answers("last") {
        client.expect_texts([&*expected]).await;
    }
    client.is_closed_with(None).await;
    assert_eq!(server.closed().await, CloseReason::ForcedClose);
}

#[tokio::test(start_paused = true)]
async fn an_observer_is_notified_of_texts() {
    let mut server = Server::new();
    let mut client = WebSocketClient::open(&server).await;
    let session = server.opened().await;
    send(&session, "before").unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    session.observe(Arc::new(move |event: SessionEvent<'_>| {
        if let SessionEvent::PacketCreated(packet @ Packet::Message(_)) = event {
            log.lock().push(packet.encode_base64().to_string());
        }
    }));
    send(&session, "one").unwrap();
    session.send(Bytes::from_static(&[1])).unwrap();
    send(&session, "two").unwrap();
    assert_eq!(*seen.lock(), ["4one", "bAQ==", "4two"]);
    client.expect_texts(["4before", "4one"]).await;
    let bytes = client.next().await.unwrap().unwrap();
    assert_eq!(bytes, Frame::binary(vec![1]));
    client.expect_texts(["4two"]).await;
}

#[tokio::test(start_paused = true)]
async fn texts_of_each_thread_arrive_in_order() {
    const TEXTS: usize = 300;
    const THREADS: usize = 4;
    let mut server = Server::new();
    let mut client = WebSocketClient::open(&server).await;
    let session = server.opened().await;
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let session = session.clone();
            scope.spawn(move || {
                for number in 0..TEXTS {
                    send(&session, &format!("{thread}-{number}")).unwrap();
                }
            });
        }
    });
    let mut next = [0; THREADS];
    for _ in 0..TEXTS * THREADS {
        let text = client.text().await;
        let (thread, number) = text[1..].split_once('-').unwrap();
        let thread: usize = thread.parse().unwrap();
        assert_eq!(number, next[thread].to_string());
        next[thread] += 1;
    }
}

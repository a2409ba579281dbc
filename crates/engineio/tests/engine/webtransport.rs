//! Sessions over WebTransport: the stream is passed in, everything else is as on a WebSocket.

use std::time::Duration;

use bytes::Bytes;
use engineio::{CloseReason, Message, SessionObserver, Transport};

use crate::polling_client::PollingClient;
use crate::server::{
    MOMENT, PING_INTERVAL, PING_TIMEOUT, PIPE, Server, UPGRADE_TIMEOUT, expect, pass, settle,
};
use crate::webtransport_client::{
    TARGET, WebTransportClient, config, echoing, framed, request, server,
};

mod refused;
mod upgrade;

/// How long the server keeps a stream open whose client does not answer its end.
const LINGER: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_client_opens_a_session() {
    let mut server = echoing();
    let mut client = WebTransportClient::new(&server.engine, request(TARGET));
    client.expect_nothing().await;
    server.expect_nothing();
    client.send("0").await;
    let session = server.opened().await;
    let sid = session.id().as_str();
    client
        .expect_texts([&*format!(
            "0{{\"sid\":\"{sid}\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,\
             \"maxPayload\":1000000}}"
        )])
        .await;
    assert_eq!(session.transport(), Transport::WebTransport);
    assert!(!session.is_upgraded());
    assert_eq!(server.engine.clients_count(), 1);
    client.send("4hello").await;
    server.messages(["hello"]).await;
    client.expect_texts(["4hello"]).await;
    client.send_frame(true, &[1, 2, 3]).await;
    assert_eq!(client.next().await, Some((true, vec![1, 2, 3])));
    assert_eq!(
        server.message().await,
        Message::from(Bytes::from_static(&[1, 2, 3]))
    );
    drop(client.stream);
    assert_eq!(server.closed().await, CloseReason::TransportClose);
    expect("the end of serving", client.served).await.unwrap();
    assert_eq!(server.engine.clients_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn packets_after_the_first_one_are_not_lost() {
    let mut server = server();
    let mut client = WebTransportClient::new(&server.engine, request(TARGET));
    let bytes = [
        framed(false, b"0"),
        framed(false, b"4a"),
        framed(true, b"b"),
    ]
    .concat();
    client.send_bytes(&bytes).await;
    server.opened().await;
    server.messages(["a"]).await;
    assert_eq!(
        server.message().await,
        Message::from(Bytes::from_static(b"b"))
    );
}

#[tokio::test(start_paused = true)]
async fn bytes_may_arrive_one_by_one() {
    let mut server = server();
    let mut client = WebTransportClient::new(&server.engine, request(TARGET));
    let long = format!("4{}", "x".repeat(70_000));
    for text in ["0", "4a", &long] {
        for byte in framed(false, text.as_bytes()).chunks(1) {
            client.send_bytes(byte).await;
        }
    }
    server.opened().await;
    server.messages(["a", &long[1..]]).await;
}

#[tokio::test(start_paused = true)]
async fn messages_of_every_length_are_echoed() {
    let mut server = echoing();
    let mut client = WebTransportClient::open(&server).await;
    server.opened().await;
    for length in [1, 124, 125, 126, 65_534, 65_535, 65_536, 999_999] {
        let payload = [b"4".as_slice(), &vec![b'x'; length]].concat();
        client.send_frame(false, &payload).await;
        assert_eq!(client.next().await, Some((false, payload.clone())));
        client.send_frame(true, &payload).await;
        assert_eq!(client.next().await, Some((true, payload)));
        server.message().await;
        server.message().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_attachment_is_carried_both_ways() {
    let mut server = echoing();
    let mut client = WebTransportClient::open(&server).await;
    server.opened().await;
    client.send_frame(true, &[]).await;
    assert_eq!(server.message().await, Message::from(Bytes::new()));
    // The official clients treat an empty frame as an error, but accept base64.
    client.expect_texts(["b"]).await;
    client.send("bAQID").await;
    assert_eq!(client.next().await, Some((true, vec![1, 2, 3])));
}

#[tokio::test(start_paused = true)]
async fn the_initial_packet_follows_the_handshake() {
    let mut server = Server::with(config().initial_packet("welcome"));
    let mut client = WebTransportClient::open(&server).await;
    server.opened().await;
    client.expect_texts(["4welcome"]).await;
}

#[tokio::test(start_paused = true)]
async fn the_heartbeat_works_as_on_other_transports() {
    let mut server = server();
    let mut client = WebTransportClient::open(&server).await;
    server.opened().await;
    for _ in 0..3 {
        pass(PING_INTERVAL - 2 * MOMENT).await;
        client.expect_nothing().await;
        client.expect_texts(["2"]).await;
        client.send("3").await;
        settle().await;
    }
    client.expect_texts(["2"]).await;
    pass(PING_TIMEOUT - 2 * MOMENT).await;
    server.expect_nothing();
    assert_eq!(server.closed().await, CloseReason::PingTimeout);
    client.expect_release().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_pings_is_closed() {
    let mut server = server();
    let mut client = WebTransportClient::open(&server).await;
    server.opened().await;
    client.send("2").await;
    assert_eq!(server.closed().await, CloseReason::TransportError);
    client.expect_release().await;
}

#[tokio::test(start_paused = true)]
async fn a_close_packet_is_ignored_as_on_a_websocket() {
    let mut server = server();
    let mut client = WebTransportClient::open(&server).await;
    server.opened().await;
    client.send("1").await;
    client.send("4still here").await;
    server.messages(["still here"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_invalid_frame_closes_the_session() {
    let too_long = {
        let mut header = vec![127];
        header.extend_from_slice(&1_000_001_u64.to_be_bytes());
        header
    };
    let beyond_all = [&[0x7f][..], &[0xff; 8]].concat();
    for bytes in [
        &b"\x00"[..],
        b"\x01a",
        b"\x029x",
        b"\x03bA*",
        b"\x024\xff",
        &too_long,
        &beyond_all,
    ] {
        let mut server = server();
        let mut client = WebTransportClient::open(&server).await;
        server.opened().await;
        client.send("4before").await;
        client.send_bytes(bytes).await;
        // It may be in transit.
        client.send("4after").await;
        server.messages(["before"]).await;
        assert_eq!(server.closed().await, CloseReason::ParseError, "{bytes:?}");
        server.expect_nothing();
        client.expect_release().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_of_the_size_limit_is_accepted() {
    let mut server = Server::with(config().max_http_buffer_size(100));
    let mut client = WebTransportClient::open(&server).await;
    server.opened().await;
    client.send_frame(true, &[7; 100]).await;
    assert_eq!(
        server.message().await,
        Message::from(Bytes::from_static(&[7; 100]))
    );
    client.send_frame(true, &[7; 101]).await;
    assert_eq!(server.closed().await, CloseReason::ParseError);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_read_while_the_application_is_not_ready() {
    const MESSAGES: usize = 1_000;
    let mut server = server();
    let mut client = WebTransportClient::through(&server.engine, request(TARGET), 1_024);
    client.send("0").await;
    client.text().await;
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
    assert!(!sender.is_finished(), "the client is slowed down");
    server.gate.open();
    for number in 0..MESSAGES {
        server.messages([&*format!("{number:0100}")]).await;
    }
    sender.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_disconnected() {
    let mut server = Server::with(config().max_outbound_bytes(10_000));
    let mut client = WebTransportClient::through(&server.engine, request(TARGET), 1_024);
    client.send("0").await;
    let session = server.opened().await;
    let message = "x".repeat(1_000);
    let mut sent = 0;
    while session.send(&*message).is_ok() {
        sent += 1;
        settle().await;
        assert!(sent < 100, "the queue has a limit");
    }
    assert_eq!(server.closed().await, CloseReason::TransportError);
}

#[tokio::test(start_paused = true)]
async fn volatile_messages_are_never_queued_for_a_slow_client() {
    let mut server = server();
    let mut client = WebTransportClient::through(&server.engine, request(TARGET), 1_024);
    client.send("0").await;
    let session = server.opened().await;
    client.text().await;
    settle().await;
    assert!(session.send_volatile([Message::from("taken")]));
    session.send(&*"x".repeat(5_000)).unwrap();
    settle().await;
    assert!(!session.send_volatile([Message::from("dropped")]));
    client.expect_texts(["4taken"]).await;
    assert_eq!(client.text().await.len(), 5_001);
    session.drained().await;
    assert!(session.send_volatile([Message::from("taken again")]));
    client.expect_texts(["4taken again"]).await;
}

#[tokio::test(start_paused = true)]
async fn queued_messages_are_sent_before_the_end() {
    let mut server = server();
    let mut client = WebTransportClient::open(&server).await;
    let session = server.opened().await;
    let long = "x".repeat(10 * PIPE);
    session.send(&*long).unwrap();
    session.send("last").unwrap();
    session.close(CloseReason::ForcedClose);
    assert_eq!(client.text().await.len(), long.len() + 1);
    client.expect_texts(["4last"]).await;
    client.ends().await;
    assert_eq!(server.closed().await, CloseReason::ForcedClose);
    // The stream is kept open for a while, because its owner closes the whole session afterwards.
    pass(LINGER - 2 * MOMENT).await;
    assert!(!client.served.is_finished());
    pass(4 * MOMENT).await;
    assert!(client.served.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_released_once_the_client_answers_its_end() {
    let mut server = server();
    let mut client = WebTransportClient::open(&server).await;
    server.opened().await.close(CloseReason::ForcedClose);
    client.ends().await;
    drop(client.stream);
    settle().await;
    assert!(client.served.is_finished());
}

#[tokio::test(start_paused = true)]
async fn closing_the_engine_notifies_every_client() {
    let mut server = server();
    let mut client = WebTransportClient::open(&server).await;
    server.opened().await.send("last").unwrap();
    let engine = std::sync::Arc::clone(&server.engine);
    let closed = tokio::spawn(async move { engine.close(Duration::from_secs(10)).await });
    client.expect_texts(["4last"]).await;
    client.ends().await;
    assert_eq!(server.closed().await, CloseReason::ServerShuttingDown);
    closed.await.unwrap();
    assert!(client.served.is_finished());
    let mut late = WebTransportClient::new(&server.engine, request(TARGET));
    late.send("0").await;
    late.expect_release().await;
    server.expect_nothing();
}

#[tokio::test(start_paused = true)]
async fn a_blocked_stream_is_released() {
    let mut server = server();
    let mut client = WebTransportClient::through(&server.engine, request(TARGET), 64);
    client.send("0").await;
    let session = server.opened().await;
    session.send(&*"x".repeat(10_000)).unwrap();
    settle().await;
    session.abort(CloseReason::ForcedClose);
    assert_eq!(server.closed().await, CloseReason::ForcedClose);
    expect("the end of serving", client.served).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_early_releases_the_stream() {
    let mut server = server();
    let mut client = WebTransportClient::new(&server.engine, request(TARGET));
    settle().await;
    client.served.abort();
    client.ends().await;
    server.expect_nothing();

    // Later it has no effect.
    let mut client = WebTransportClient::open(&server).await;
    server.opened().await;
    client.served.abort();
    settle().await;
    client.send("4still here").await;
    server.messages(["still here"]).await;
}

/// An observer that logs the transports of the session.
struct TransportLog(parking_lot::Mutex<Vec<String>>);

impl SessionObserver for TransportLog {
    fn event(&self, event: engineio::SessionEvent<'_>) {
        if let engineio::SessionEvent::Upgrading(_) | engineio::SessionEvent::Upgraded(_) = event {
            self.0.lock().push(format!("{event:?}"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_sees_the_upgrade_to_webtransport() {
    let mut server = server();
    let client = PollingClient::open(&server).await;
    let session = server.opened().await;
    let moves = std::sync::Arc::new(TransportLog(Default::default()));
    session.observe(moves.clone());
    let mut socket = WebTransportClient::probe(&server, &client.sid).await;
    socket.send("2probe").await;
    socket.expect_texts(["3probe"]).await;
    socket.send("5").await;
    pass(UPGRADE_TIMEOUT).await;
    let expected = ["Upgrading(WebTransport)", "Upgraded(WebTransport)"];
    assert_eq!(*moves.0.lock(), expected);
}

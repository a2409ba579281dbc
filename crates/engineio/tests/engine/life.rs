//! The life of a session: opening, heartbeat, messages, and its end with the reason.

use std::sync::Arc;

use bytes::Bytes;
use engineio::{CloseReason, Config, MESSAGE_OVERHEAD, Message, Session, Transport};
use http::Request;
use http_body_util::Empty;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::polling_client::{self, PollingClient};
use crate::server::{
    CLOSE_TIMEOUT, MOMENT, PING_INTERVAL, PING_TIMEOUT, PIPE, Server, pass, settle,
};
use crate::websocket_client::{self, WebSocketClient};

#[tokio::test(start_paused = true)]
async fn a_polling_handshake_contains_the_options_of_the_server() {
    let mut server = Server::new();
    let request = Request::get(polling_client::OPEN).body(Empty::<Bytes>::new());
    let answer = server.answer(request.unwrap()).await;
    let session = server.opened().await;
    let id = session.id();
    answer.is(
        200,
        &format!(
            r#"0{{"sid":"{id}","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}}"#
        ),
    );
    assert_eq!(answer.headers["content-type"], "text/plain; charset=UTF-8");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(session.transport(), Transport::Polling);
    assert_eq!(server.engine.clients_count(), 1);
    assert!(server.engine.session(id).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_websocket_handshake_offers_no_upgrades() {
    let mut server = Server::new();
    let mut client = WebSocketClient::connect(&server, websocket_client::OPEN, PIPE)
        .await
        .unwrap();
    let open = client.text().await;
    let session = server.opened().await;
    let id = session.id();
    assert_eq!(
        open,
        format!(
            r#"0{{"sid":"{id}","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}}"#
        )
    );
    assert_eq!(session.transport(), Transport::WebSocket);
    assert_eq!(server.engine.clients_count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_websocket_carries_messages_both_ways() {
    let mut server = Server::echoing();
    let mut client = WebSocketClient::open(&server).await;
    server.opened().await;
    client.send("4hello").await;
    client.send_message(Frame::binary(&b"\x01\x02"[..])).await;
    client.send("bAwQ=").await;
    server.messages(["hello"]).await;
    assert_eq!(
        server.message().await,
        Message::from(Bytes::from_static(&[1, 2]))
    );
    assert_eq!(
        server.message().await,
        Message::from(Bytes::from_static(&[3, 4]))
    );
    client.expect_texts(["4hello"]).await;
    for bytes in [&[1, 2][..], &[3, 4]] {
        let Some(Ok(Frame::Binary(got))) = client.next().await else {
            panic!("expected bytes");
        };
        assert_eq!(got, bytes);
    }
}

#[tokio::test(start_paused = true)]
async fn a_websocket_receives_base64_if_it_requests_it() {
    let mut server = Server::echoing();
    let target = format!("{}&b64=1", websocket_client::OPEN);
    let mut client = WebSocketClient::connect(&server, &target, PIPE)
        .await
        .unwrap();
    assert!(client.text().await.starts_with("0{"));
    server.opened().await;
    client.send("bAQI=").await;
    client.expect_texts(["bAQI="]).await;
}

#[tokio::test(start_paused = true)]
async fn polling_carries_messages_both_ways() {
    let mut server = Server::echoing();
    let client = PollingClient::open(&server).await;
    server.opened().await;
    let poll = client.get();
    client.post("4hello\x1ebAQI=\x1e4€").await.is(200, "ok");
    assert_eq!(server.message().await, Message::from("hello"));
    assert_eq!(
        server.message().await,
        Message::from(Bytes::from_static(&[1, 2]))
    );
    assert_eq!(server.message().await, Message::from("€"));
    assert_eq!(poll.packets().await, ["4hello", "bAQI=", "4€"]);
}

#[tokio::test(start_paused = true)]
async fn a_websocket_is_pinged_after_the_interval_and_again_after_the_pong() {
    let mut server = Server::new();
    let mut client = WebSocketClient::open(&server).await;
    server.opened().await;
    for _ in 0..3 {
        let begun = tokio::time::Instant::now();
        client.expect_texts(["2"]).await;
        assert_eq!(begun.elapsed().as_secs(), PING_INTERVAL.as_secs());
        pass(PING_TIMEOUT / 2).await;
        client.send("3").await;
    }
    server.expect_nothing();
}

#[tokio::test(start_paused = true)]
async fn a_websocket_that_does_not_answer_a_ping_is_closed() {
    let mut server = Server::new();
    let mut client = WebSocketClient::open(&server).await;
    server.opened().await;
    pass(PING_INTERVAL + PING_TIMEOUT - MOMENT * 2).await;
    server.expect_nothing();
    settle().await;
    settle().await;
    assert_eq!(server.closed().await, CloseReason::PingTimeout);
    assert_eq!(server.engine.clients_count(), 0);
    client.expect_texts(["2"]).await;
    client.is_closed_with(None).await;
}

#[tokio::test(start_paused = true)]
async fn a_message_extends_the_timeout_of_a_silent_client_once() {
    let mut server = Server::new();
    let mut client = WebSocketClient::open(&server).await;
    server.opened().await;
    pass(PING_INTERVAL + PING_TIMEOUT - MOMENT * 4).await;
    client.send("4still here").await;
    server.messages(["still here"]).await;
    pass(PING_TIMEOUT - MOMENT * 4).await;
    client.send("4and again").await;
    server.messages(["and again"]).await;
    pass(MOMENT * 8).await;
    assert_eq!(server.closed().await, CloseReason::PingTimeout);
}

#[tokio::test(start_paused = true)]
async fn a_polling_client_is_pinged_through_its_poll() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    server.opened().await;
    for _ in 0..3 {
        let begun = tokio::time::Instant::now();
        assert_eq!(client.poll().await, ["2"]);
        assert_eq!(begun.elapsed().as_secs(), PING_INTERVAL.as_secs());
        client.post("3").await.is(200, "ok");
    }
    server.expect_nothing();
}

#[tokio::test(start_paused = true)]
async fn a_polling_client_that_does_not_answer_a_ping_is_closed() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    server.opened().await;
    assert_eq!(client.poll().await, ["2"]);
    let begun = tokio::time::Instant::now();
    assert_eq!(client.poll().await, ["1"]);
    assert_eq!(begun.elapsed().as_secs(), PING_TIMEOUT.as_secs());
    assert_eq!(server.closed().await, CloseReason::PingTimeout);
    client
        .get()
        .answer()
        .await
        .is(400, r#"{"code":1,"message":"Session ID unknown"}"#);
}

#[tokio::test(start_paused = true)]
async fn a_polling_client_that_never_polls_times_out() {
    let mut server = Server::new();
    PollingClient::open(&server).await;
    server.opened().await;
    pass(PING_INTERVAL + PING_TIMEOUT - MOMENT * 2).await;
    server.expect_nothing();
    pass(MOMENT * 4).await;
    assert_eq!(server.closed().await, CloseReason::PingTimeout);
    assert_eq!(server.engine.clients_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_pong_in_the_socket_counts_even_if_the_driver_is_late() {
    let mut server = Server::new();
    let mut client = WebSocketClient::open(&server).await;
    server.opened().await;
    client.expect_texts(["2"]).await;
    client.send("3").await;
    // The pong has arrived, but the driver does not run before the timeout has passed, as on a busy
    // machine.
    tokio::time::advance(PING_TIMEOUT * 2).await;
    settle().await;
    server.expect_nothing();
    client.expect_texts(["2"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_closes_its_websocket() {
    let mut server = Server::new();
    let client = WebSocketClient::open(&server).await;
    server.opened().await;
    client.close().await;
    assert_eq!(server.closed().await, CloseReason::TransportClose);
    assert_eq!(server.engine.clients_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_broken_websocket_ends_its_session() {
    let mut server = Server::new();
    let client = WebSocketClient::open(&server).await;
    server.opened().await;
    drop(client);
    assert_eq!(server.closed().await, CloseReason::TransportClose);
}

#[tokio::test(start_paused = true)]
async fn a_polling_client_closes_its_session() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    server.opened().await;
    let poll = client.get();
    client
        .post("4last words\x1e1\x1e4too late")
        .await
        .is(200, "ok");
    server.messages(["last words"]).await;
    assert_eq!(server.closed().await, CloseReason::TransportClose);
    assert_eq!(poll.packets().await, ["6"]);
    assert_eq!(server.engine.clients_count(), 0);
    server.expect_nothing();
}

#[tokio::test(start_paused = true)]
async fn the_server_closes_a_websocket_after_the_queued_messages() {
    let mut server = Server::new();
    let mut client = WebSocketClient::open(&server).await;
    let session = server.opened().await;
    session.send("first").unwrap();
    session.send("last").unwrap();
    session.close(CloseReason::ForcedClose);
    assert!(!session.is_open());
    assert!(session.send("too late").is_err());
    client.expect_texts(["4first", "4last"]).await;
    client.is_closed_with(None).await;
    assert_eq!(server.closed().await, CloseReason::ForcedClose);
}

#[tokio::test(start_paused = true)]
async fn the_server_closes_a_polling_session_through_the_pending_poll() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    let session = server.opened().await;
    let poll = client.get();
    session.send("last").unwrap();
    session.close(CloseReason::ForcedClose);
    // Clients handle a close packet before the messages of its payload.
    assert_eq!(poll.packets().await, ["4last"]);
    settle().await;
    server.expect_nothing();
    assert_eq!(client.poll().await, ["6", "1"]);
    assert_eq!(server.closed().await, CloseReason::ForcedClose);
}

#[tokio::test(start_paused = true)]
async fn a_closing_polling_session_waits_for_the_next_poll() {
    let mut server = Server::new();
    let client = PollingClient::open(&server).await;
    let session = server.opened().await;
    session.close(CloseReason::ForcedClose);
    settle().await;
    server.expect_nothing();
    assert_eq!(client.poll().await, ["6", "1"]);
    assert_eq!(server.closed().await, CloseReason::ForcedClose);
}

#[tokio::test(start_paused = true)]
async fn a_closing_polling_session_does_not_wait_forever() {
    let mut server = Server::new();
    PollingClient::open(&server).await;
    let session = server.opened().await;
    session.close(CloseReason::ForcedClose);
    pass(CLOSE_TIMEOUT - MOMENT).await;
    server.expect_nothing();
    pass(MOMENT * 2).await;
    assert_eq!(server.closed().await, CloseReason::ForcedClose);
}

#[tokio::test(start_paused = true)]
async fn an_aborted_session_drops_what_is_queued() {
    let mut server = Server::new();
    let mut socket = WebSocketClient::open(&server).await;
    let session = server.opened().await;
    session.send("never sent").unwrap();
    session.abort(CloseReason::ForcedClose);
    socket.is_closed_with(None).await;
    assert_eq!(server.closed().await, CloseReason::ForcedClose);

    let polling = PollingClient::open(&server).await;
    let session = server.opened().await;
    let poll = polling.get();
    session.abort(CloseReason::ForcedClose);
    assert_eq!(poll.packets().await, ["1"]);
    assert_eq!(server.closed().await, CloseReason::ForcedClose);
}

#[tokio::test(start_paused = true)]
async fn messages_after_the_end_of_the_session_are_ignored() {
    let ends: [fn(&Session); 3] = [
        |session| session.abort(CloseReason::ForcedClose),
        |session| session.close(CloseReason::ForcedClose),
        |session| assert!(session.send("x".repeat(200).as_str()).is_err()),
    ];
    for end in ends {
        let config = Config::default().max_outbound_bytes(100 + MESSAGE_OVERHEAD);
        let mut server = Server::directed(config, |application| {
            application.on_message = Arc::new(move |session, message| {
                if *message == Message::from("the end") {
                    end(session);
                }
            });
        });
        let mut client = WebSocketClient::open(&server).await;
        server.opened().await;
        // The server runs when all of them have arrived.
        for packet in ["4before", "4the end", "4behind"] {
            client.send(packet).await;
        }
        server.messages(["before", "the end"]).await;
        server.closed().await;
        server.expect_nothing();
    }
}

#[tokio::test(start_paused = true)]
async fn an_invalid_packet_ends_the_session() {
    let mut server = Server::new();
    for garbage in ["", "x", "9", "b€"] {
        let mut client = WebSocketClient::open(&server).await;
        server.opened().await;
        client.send("4before").await;
        client.send(garbage).await;
        server.messages(["before"]).await;
        assert_eq!(
            server.closed().await,
            CloseReason::ParseError,
            "{garbage:?}"
        );
        client.is_closed_with(None).await;

        let client = PollingClient::open(&server).await;
        server.opened().await;
        client
            .post(&format!("4before\x1e{garbage}\x1e4after"))
            .await
            .is(200, "ok");
        server.messages(["before"]).await;
        assert_eq!(
            server.closed().await,
            CloseReason::ParseError,
            "{garbage:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_ping_from_a_client_ends_the_session() {
    let mut server = Server::new();
    let mut client = WebSocketClient::open(&server).await;
    server.opened().await;
    client.send("2").await;
    assert_eq!(server.closed().await, CloseReason::TransportError);
    client.is_closed_with(None).await;
}

#[tokio::test(start_paused = true)]
async fn packets_without_a_meaning_on_a_websocket_are_ignored() {
    let mut server = Server::new();
    let mut client = WebSocketClient::open(&server).await;
    server.opened().await;
    for ignored in ["0{}", "1", "5", "6"] {
        client.send(ignored).await;
    }
    client.send("4still open").await;
    server.messages(["still open"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_message_above_the_size_limit_is_refused() {
    const LIMIT: usize = 1_000_000;
    let mut server = Server::new();
    let mut client = WebSocketClient::open(&server).await;
    server.opened().await;
    client.send(&format!("4{}", "a".repeat(LIMIT - 1))).await;
    assert_eq!(server.message().await.len(), LIMIT - 1);
    client.send(&format!("4{}", "a".repeat(LIMIT))).await;
    assert_eq!(server.closed().await, CloseReason::TransportError);
    client.is_closed_with(Some(CloseCode::Size)).await;
}

#[tokio::test(start_paused = true)]
async fn websocket_ping_frames_are_answered() {
    let mut server = Server::new();
    let mut client = WebSocketClient::open(&server).await;
    server.opened().await;
    client
        .send_message(Frame::Ping("are you there?".into()))
        .await;
    let Some(Ok(Frame::Pong(content))) = client.next().await else {
        panic!("expected a pong");
    };
    assert_eq!(content, "are you there?");
    server.expect_nothing();
}

#[tokio::test(start_paused = true)]
async fn sessions_do_not_affect_each_other() {
    let mut server = Server::echoing();
    let mut socket = WebSocketClient::open(&server).await;
    server.opened().await;
    let polling = PollingClient::open(&server).await;
    server.opened().await;
    assert_eq!(server.engine.clients_count(), 2);
    socket.send("4from the socket").await;
    server.messages(["from the socket"]).await;
    let poll = polling.get();
    assert!(poll.is_waiting().await);
    socket.expect_texts(["4from the socket"]).await;
    drop(socket);
    assert_eq!(server.closed().await, CloseReason::TransportClose);
    assert_eq!(server.engine.clients_count(), 1);
    polling.post("4from the poller").await.is(200, "ok");
    assert_eq!(poll.packets().await, ["4from the poller"]);
}

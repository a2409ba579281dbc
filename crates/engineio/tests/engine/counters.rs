//! Counts of sessions, refused requests and messages.

use engineio::{Broadcast, CloseReason, Config, Counters, Transport};
use http::Request;

use crate::polling_client::PollingClient;
use crate::server::{PIPE, Server, settle};
use crate::upgrade::{polling, probed};
use crate::websocket_client::WebSocketClient;

/// Returns the number of open sessions on polling, WebSocket and WebTransport.
fn open(server: &Server) -> [usize; 3] {
    Transport::ALL.map(|transport| server.engine.clients_on(transport))
}

#[tokio::test(start_paused = true)]
async fn sessions_are_counted_by_transport_and_reason() {
    let mut server = Server::new();
    assert_eq!(server.engine.counters(), Counters::default());
    let (client, session) = polling(&mut server).await;
    let socket = WebSocketClient::open(&server).await;
    server.opened().await;
    assert_eq!(open(&server), [1, 1, 0]);

    let mut upgraded = probed(&server, &client).await;
    upgraded.send("5").await;
    upgraded.send("4a").await;
    server.messages(["a"]).await;
    assert_eq!(open(&server), [0, 2, 0]);
    session.close(CloseReason::ForcedClose);
    assert_eq!(server.closed().await, CloseReason::ForcedClose);
    socket.close().await;
    assert_eq!(server.closed().await, CloseReason::TransportClose);
    settle().await;
    assert_eq!(open(&server), [0, 0, 0]);

    let counters = server.engine.counters();
    let of = |count: fn(&Counters, Transport) -> u64| Transport::ALL.map(|on| count(&counters, on));
    assert_eq!(of(Counters::opened), [1, 1, 0]);
    assert_eq!(of(Counters::upgraded), [0, 1, 0]);
    let closed = CloseReason::ALL.map(|reason| (reason, counters.closed(reason)));
    for (reason, count) in closed {
        let expected = matches!(
            reason,
            CloseReason::ForcedClose | CloseReason::TransportClose
        );
        assert_eq!(count, u64::from(expected), "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_whose_runtime_ends_is_no_longer_counted_as_open() {
    let server = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut server = Server::new();
            let _client = polling(&mut server).await;
            assert_eq!(open(&server), [1, 0, 0]);
            server
        })
    });
    let server = tokio::task::spawn_blocking(|| server.join().unwrap());
    let server = server.await.unwrap();
    assert_eq!(open(&server), [0, 0, 0]);
    let counters = server.engine.counters();
    assert_eq!(counters.closed(CloseReason::ServerShuttingDown), 1);
}

#[tokio::test(start_paused = true)]
async fn refused_requests_are_counted_by_code() {
    let server = Server::new();
    for query in [
        "EIO=4&transport=tcp",
        "EIO=4&transport=polling&sid=x",
        "EIO=4&transport=polling&sid=x",
    ] {
        let request = Request::get(format!("/engine.io/?{query}"));
        let answer = server.answer(request.body(String::new()).unwrap()).await;
        assert_eq!(answer.status, 400);
    }
    let counters = server.engine.counters();
    let refused = [0, 1, 2, 3, 4, 5, 6].map(|code| counters.refused(code));
    assert_eq!(refused, [1, 2, 0, 0, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn messages_and_payload_bytes_are_counted_once_enabled() {
    let mut server = Server::echoing();
    let client = PollingClient::open(&server).await;
    let to_client = server.opened().await;
    let mut socket = WebSocketClient::open(&server).await;
    let to_socket = server.opened().await;
    client.post("4uncounted").await.is(200, "ok");
    server.messages(["uncounted"]).await;
    assert_eq!(client.poll().await, ["4uncounted"]);
    let none = server.engine.counters();
    assert_eq!((none.messages_received(), none.messages_sent()), (0, 0));

    server.engine.count_traffic(true);
    client.post("4€\x1e4ab\x1ebAAEC").await.is(200, "ok");
    assert_eq!(client.poll().await, ["4€", "4ab", "bAAEC"]);
    socket.send("4abcd").await;
    socket.expect_texts(["4abcd"]).await;
    let mut broadcast = Broadcast::new("to all", Default::default());
    for session in [&to_client, &to_socket] {
        broadcast.send(session).unwrap();
    }
    drop(broadcast);
    socket.expect_texts(["4to all"]).await;
    let counters = server.engine.counters();
    assert_eq!(counters.messages_received(), 4);
    assert_eq!(counters.bytes_received(), 3 + 2 + 3 + 4);
    assert_eq!(counters.messages_sent(), 4 + 2);
    assert_eq!(counters.bytes_sent(), 3 + 2 + 3 + 4 + 2 * 6);

    server.engine.count_traffic(false);
    to_socket.send("uncounted").unwrap();
    assert_eq!(server.engine.counters(), counters);
}

#[tokio::test(start_paused = true)]
async fn slow_clients_and_their_queues_are_counted() {
    let mut server = Server::with(Config::default().max_outbound_bytes(10_000));
    let _slow = WebSocketClient::open_through(&server, PIPE).await;
    let to_slow = server.opened().await;
    let _client = PollingClient::open(&server).await;
    let session = server.opened().await;
    session.send("waits").unwrap();
    let queued = server.engine.queued_bytes();
    assert_eq!(queued.total(), session.queued_bytes());
    assert_eq!(queued.max(), session.queued_bytes());
    assert!(to_slow.send("a".repeat(10_001).as_str()).is_err());
    assert!(to_slow.send("is closed").is_err());
    assert_eq!(server.closed().await, CloseReason::TransportError);
    let counters = server.engine.counters();
    assert_eq!(counters.slow_clients(), 1);
    assert_eq!(counters.closed(CloseReason::TransportError), 1);
}

//! Tests draining the server, and its readiness for new clients.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::State;
use e2e::app::{serve, serve_recording_disconnects};
use e2e::probes::Journal;
use e2e::session::{WEBSOCKET, assert_alive, join, join_polling};
use e2e::sync::{Gate, VirtualTime, eventually};
use socketio::adapter::{
    AckCollector, Adapter, AdapterError, Answers, BroadcastOptions, LocalSockets, Packet,
    RemoteSocketInfo, RoomList,
};
use socketio::{Drained, SocketIo, SocketIoLayer};
use socketio_testing::{Message, Request, WsClient, within};
use tokio::task::JoinHandle;

const SECOND: Duration = Duration::from_secs(1);

/// The client must not receive a DISCONNECT packet: after one, JavaScript clients do not reconnect.
#[tokio::test]
async fn a_drained_client_receives_its_queue_and_the_end_of_its_transport() {
    let (addr, io, journal) = serve_recording_disconnects(SocketIoLayer::builder()).await;
    let (mut client, _) = join(addr).await;
    let (mut polling, _) = join_polling(addr).await;
    io.emit("last", "");
    let draining = tokio::spawn({
        let io = io.clone();
        async move { io.drain(Duration::from_millis(100)).await }
    });
    client.expect(r#"42["last",""]"#).await;
    client.expect_close(None).await;
    polling.expect(r#"42["last",""]"#).await;
    // A poll that arrives after the close packet was queued receives a noop before it.
    let end = polling.expect("…").await;
    if end == "6" {
        polling.expect("1").await;
    } else {
        assert_eq!(end, "1");
    }
    let drained = within("the drain", draining).await.expect("no panic");
    assert_eq!(
        [drained.closed, drained.ended, drained.cancelled],
        [2, 0, 0]
    );
    journal.expect(["server shutting down"; 2]).await;
    let request = Request::get("/socket.io/?EIO=4&transport=polling");
    // The server is closed now.
    request.send(addr).await.assert(503, "…shutting down…");
}

#[tokio::test]
async fn a_draining_server_refuses_connections_and_serves_its_clients() {
    let time = VirtualTime::start();
    let (addr, io, _) = serve_recording_disconnects(SocketIoLayer::builder()).await;
    io.of("/late");
    let (first, first_id) = join(addr).await;
    let (second, _) = join(addr).await;
    assert!(io.is_accepting());
    let draining = tokio::spawn({
        let io = io.clone();
        async move { io.drain(10 * SECOND).await }
    });
    eventually("the first turn", || io.of("/").sockets().len() == 1).await;
    assert!(!io.is_accepting());
    let request = Request::get("/socket.io/?EIO=4&transport=polling");
    request
        .send(addr)
        .await
        .assert(503, "…draining…another server");
    let request = Request::websocket(WEBSOCKET);
    let refused = WsClient::try_connect(addr, &request).await;
    refused
        .expect_err("the WebSocket is refused")
        .assert(503, "…draining…");

    let (mut closed, mut served) = match io.of("/").socket(&first_id) {
        Some(_) => (second, first),
        None => (first, second),
    };
    closed.expect_close(None).await;
    assert_alive(&mut served).await;
    served.send("40/late,").await;
    served.expect(r#"40/late,{"sid":"…"}"#).await;
    time.advance(5 * SECOND).await;
    served.expect_close(None).await;
    let drained = within("the drain", draining).await.expect("no panic");
    assert_eq!(drained.closed, 2);
}

/// Starts a handler that waits at a gate, and a drain beside the test, which closes its connection.
async fn drain_with_handler() -> (JoinHandle<Drained>, Journal, Gate) {
    let gate = Gate::closed();
    let layer = SocketIoLayer::with_state((Journal::default(), gate.clone()));
    let io = layer.io();
    let (journal, _) = io.state().clone();
    io.of("/").on(
        "wait",
        async |State((journal, gate)): State<(Journal, Gate)>| {
            journal.write("started");
            gate.pass().await;
            journal.write("finished");
        },
    );
    let addr = serve(layer).await;
    let (mut client, _) = join(addr).await;
    client.send(r#"42["wait"]"#).await;
    journal.expect(["started"]).await;
    let draining = tokio::spawn(async move { io.drain(SECOND).await });
    client.expect_close(None).await;
    (draining, journal, gate)
}

#[tokio::test]
async fn a_drain_waits_for_handlers() {
    let time = VirtualTime::start();
    let (draining, journal, gate) = drain_with_handler().await;
    time.advance(5 * SECOND).await;
    assert!(!draining.is_finished());
    gate.open();
    let drained = within("the drain", draining).await.expect("no panic");
    assert_eq!(drained.cancelled, 0);
    journal.expect(["finished"]).await;
}

#[tokio::test]
async fn a_drain_cancels_handlers_at_the_bound_of_close() {
    let time = VirtualTime::start();
    let (draining, _journal, _gate) = drain_with_handler().await;
    time.advance(10 * SECOND).await;
    time.advance(SECOND).await;
    let drained = within("the drain", draining).await.expect("no panic");
    assert_eq!(drained.cancelled, 1);
}

#[tokio::test]
async fn a_handler_can_drain_the_server() {
    let layer = SocketIoLayer::with_state(Journal::default());
    let io = layer.io();
    let journal = io.state().clone();
    io.of("/").on(
        "drain",
        async |io: SocketIo, State(journal): State<Journal>| {
            let drained = io.drain(Duration::from_millis(20)).await;
            journal.write(format!("{} cancelled", drained.cancelled));
        },
    );
    let addr = serve(layer).await;
    let (mut client, _) = join(addr).await;
    let (mut other, _) = join(addr).await;
    client.send(r#"42["drain"]"#).await;
    client.expect_close(None).await;
    other.expect_close(None).await;
    journal.expect(["0 cancelled"]).await;
}

#[tokio::test]
async fn close_during_a_drain_closes_the_remaining_connections_at_once() {
    let (addr, io, journal) = serve_recording_disconnects(SocketIoLayer::builder()).await;
    let mut clients = Vec::new();
    for _ in 0..5 {
        clients.push(join(addr).await.0);
    }
    let draining = tokio::spawn({
        let io = io.clone();
        async move { io.drain(Duration::MAX).await }
    });
    eventually("the first turn", || io.of("/").sockets().len() == 4).await;
    let closing = tokio::spawn({
        let io = io.clone();
        async move { io.close().await }
    });
    for client in &mut clients {
        client.expect_close(None).await;
    }
    within("the shutdown", closing).await.expect("no panic");
    let drained = within("the drain", draining).await.expect("no panic");
    assert_eq!([drained.closed, drained.ended], [1, 4]);
    journal.expect(["server shutting down"; 5]).await;
    // A closed server has nothing to drain.
    let drained = within("the drain", io.drain(Duration::MAX)).await;
    assert_eq!([drained.closed, drained.ended], [0, 0]);
}

#[tokio::test]
async fn a_dropped_drain_leaves_the_server_serving_its_clients() {
    let (addr, io, _) = serve_recording_disconnects(SocketIoLayer::builder()).await;
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(join(addr).await.0);
    }
    {
        let mut draining = std::pin::pin!(io.drain(Duration::MAX));
        let turn = eventually("the first turn", || io.of("/").sockets().len() == 2);
        tokio::select! {
            _ = &mut draining => panic!("the drain has ended"),
            () = turn => {}
        }
    }
    assert!(!io.is_accepting());
    io.emit("still", "here");
    let draining = tokio::spawn(async move { io.drain(Duration::ZERO).await });
    let mut received = 0;
    for client in &mut clients {
        loop {
            match client.recv().await {
                Message::Text(text) => {
                    assert_eq!(text, r#"42["still","here"]"#);
                    received += 1;
                }
                end => {
                    assert_eq!(end, Message::Close(None));
                    break;
                }
            }
        }
    }
    assert_eq!(received, 2);
    // The server waits until its clients have confirmed the end.
    drop(clients);
    let drained = within("the drain", draining).await.expect("no panic");
    assert_eq!(drained.closed, 2);
}

/// An adapter of one server that loses its connection to the others.
struct Unreliable(Arc<AtomicBool>);

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl Adapter for Unreliable {
    fn is_healthy(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    fn broadcast(&self, _: Packet, _: BroadcastOptions) {}

    fn broadcast_with_ack(&self, _: Packet, _: BroadcastOptions) -> Answers {
        AckCollector::with_answers().1
    }

    fn add_sockets(&self, _: BroadcastOptions, _: RoomList) {}

    fn del_sockets(&self, _: BroadcastOptions, _: RoomList) {}

    fn disconnect_sockets(&self, _: BroadcastOptions, _: bool) {}

    fn fetch_sockets(
        &self,
        _: BroadcastOptions,
    ) -> BoxFuture<'_, Result<Vec<RemoteSocketInfo>, AdapterError>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
}

#[tokio::test]
async fn a_server_is_ready_while_its_adapters_are_healthy_and_it_is_open() {
    let healthy = Arc::new(AtomicBool::new(true));
    let of_adapter = Arc::clone(&healthy);
    let factory = move |name: &str, _: Arc<dyn LocalSockets>| -> Arc<dyn Adapter> {
        let healthy = match name {
            "/cluster" => Arc::clone(&of_adapter),
            _ => Arc::new(AtomicBool::new(true)),
        };
        Arc::new(Unreliable(healthy))
    };
    let layer = SocketIoLayer::builder().adapter(factory).build();
    let io = layer.io();
    io.of("/cluster");
    let addr = serve(layer).await;
    assert!(io.is_accepting());
    healthy.store(false, Ordering::SeqCst);
    assert!(!io.is_accepting());
    // Clients that connect nevertheless are served.
    let (mut client, _) = join(addr).await;
    healthy.store(true, Ordering::SeqCst);
    assert!(io.is_accepting());
    let closing = tokio::spawn({
        let io = io.clone();
        async move { io.close().await }
    });
    client.expect_close(None).await;
    within("the shutdown", closing).await.expect("no panic");
    assert!(!io.is_accepting());
}

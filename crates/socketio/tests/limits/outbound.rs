//! Tests the limit of the packets queued for one client.

use axum::extract::State;
use e2e::app::{serve, serve_recording_disconnects};
use e2e::probes::Journal;
use e2e::session::{assert_polling_alive, join, join_polling};
use socketio::extract::Data;
use socketio::{AckError, EmitError, Socket, SocketIoLayer};
use socketio_testing::within;

/// The size that a message counts in addition to its payload.
const OVERHEAD: usize = 64;

/// Guards against a limit on the number of packets: many small packets fit.
#[tokio::test]
async fn a_handler_can_emit_a_thousand_events() {
    let layer = SocketIoLayer::new();
    layer.io().of("/").on_connect(async |socket: Socket| {
        for number in 0..1_000 {
            socket.emit("numbered", &number);
        }
    });
    let addr = serve(layer).await;
    let (mut client, _) = join(addr).await;
    let (mut polling, _) = join_polling(addr).await;
    for number in 0..1_000 {
        let event = format!(r#"42["numbered",{number}]"#);
        client.expect(&event).await;
        polling.expect(&event).await;
    }
}

#[tokio::test]
async fn the_queue_accepts_packets_up_to_the_limit() {
    let (addr, io, _) =
        serve_recording_disconnects(SocketIoLayer::builder().max_outbound_bytes(1_000)).await;
    let (mut polling, id) = join_polling(addr).await;
    let socket = io.of("/").socket(&id).expect("the socket");
    for _ in 0..3 {
        socket.try_emit("e", &text(500)).expect("half of the limit");
        socket.try_emit("e", &text(500)).expect("the whole limit");
        assert_eq!(socket.conn().queued_bytes(), 1_000);
        for _ in 0..2 {
            polling.expect(&format!(r#"42["e","{}"]"#, text(500))).await;
        }
        assert_eq!(socket.conn().queued_bytes(), 0);
    }
}

#[tokio::test]
async fn a_client_with_a_full_queue_is_disconnected() {
    let (addr, io, journal) =
        serve_recording_disconnects(SocketIoLayer::builder().max_outbound_bytes(1_000)).await;
    let (polling, id) = join_polling(addr).await;
    let socket = io.of("/").socket(&id).expect("the socket");
    socket.try_emit("e", &text(500)).expect("half of the limit");
    let error = socket
        .try_emit("e", &text(501))
        .expect_err("more than the limit");
    assert!(matches!(error, EmitError::Disconnected), "{error}");
    journal.expect(["transport error"]).await;
    assert_eq!(socket.conn().queued_bytes(), 0);
    polling.expect_gone().await;
}

#[tokio::test]
async fn a_broadcast_reports_a_client_with_a_full_queue() {
    let (addr, io, _) =
        serve_recording_disconnects(SocketIoLayer::builder().max_outbound_bytes(1_000)).await;
    let (_polling, id) = join_polling(addr).await;
    let asked = io.emit_with_ack::<String>("e", &text(1_001));
    let error = within("a failure", asked.all()).await;
    let error = error.expect_err("the event was not sent");
    assert_eq!(error.unanswered(), [&*id]);
    assert!(matches!(error.reason(), AckError::NotSent), "{error:?}");
}

#[tokio::test]
async fn the_limit_applies_while_a_websocket_handler_runs() {
    let builder = SocketIoLayer::builder().max_outbound_bytes(1_000);
    let (addr, io, journal) = serve_recording_disconnects(builder).await;
    let fill = async |socket: Socket, Data(sizes): Data<Vec<usize>>| {
        for size in sizes {
            socket.emit("e", &text(size));
        }
    };
    io.of("/").on("fill", fill);
    let (mut client, _) = join(addr).await;
    client.send(r#"42["fill",[500,500]]"#).await;
    for _ in 0..2 {
        client.expect(&format!(r#"42["e","{}"]"#, text(500))).await;
    }
    client.send(r#"42["fill",[1000]]"#).await;
    client
        .expect(&format!(r#"42["e","{}"]"#, text(1_000)))
        .await;
    client.send(r#"42["fill",[500,501]]"#).await;
    client.expect_close(None).await;
    journal.expect(["transport error"]).await;
}

/// Guards against a slow client that uses up memory or blocks other clients.
#[tokio::test]
async fn a_websocket_that_does_not_read_is_disconnected() {
    let builder = SocketIoLayer::builder().max_outbound_bytes(1_000_000);
    let (addr, io, journal) = serve_recording_disconnects(builder).await;
    let (_slow, slow) = join(addr).await;
    let slow = io.of("/").socket(&slow).expect("the socket");
    let (mut fast, _) = join(addr).await;
    let (mut polling, _) = join_polling(addr).await;
    let text = text(50_000);
    for number in 0.. {
        io.emit("numbered", &(number, &text));
        let event = format!(r#"42["numbered",{number},"{text}"]"#);
        fast.expect(&event).await;
        polling.expect(&event).await;
        assert!(slow.conn().queued_bytes() <= 1_000_000);
        if !slow.connected() {
            break;
        }
        assert!(number < 10_000, "the slow client is never closed");
    }
    journal.expect(["transport error"]).await;
    io.emit("afterwards", "");
    fast.expect(r#"42["afterwards",""]"#).await;
    polling.expect(r#"42["afterwards",""]"#).await;
    assert_eq!(io.of("/").sockets().len(), 2);
}

#[tokio::test]
async fn a_client_that_does_not_poll_is_disconnected() {
    let builder = SocketIoLayer::builder().max_outbound_bytes(1_000_000);
    let (addr, io, journal) = serve_recording_disconnects(builder).await;
    let (slow, _) = join_polling(addr).await;
    let (mut fast, _) = join(addr).await;
    let text = text(50_000);
    // One event more than the limit allows.
    for number in 0..20 {
        io.emit("numbered", &(number, &text));
        fast.expect(&format!(r#"42["numbered",{number},"{text}"]"#))
            .await;
    }
    journal.expect(["transport error"]).await;
    slow.expect_gone().await;
    assert_eq!(io.of("/").sockets().len(), 1);
}

#[tokio::test]
async fn volatile_packets_are_not_queued() {
    let (addr, io, _) =
        serve_recording_disconnects(SocketIoLayer::builder().max_outbound_bytes(1_000)).await;
    let (mut polling, id) = join_polling(addr).await;
    let socket = io.of("/").socket(&id).expect("the socket");
    for _ in 0..100 {
        socket.volatile().emit("lost", &text(500));
        io.volatile().emit("lost", &text(500));
    }
    assert_eq!(socket.conn().queued_bytes(), 0);
    socket.emit("kept", "");
    polling.expect(r#"42["kept",""]"#).await;
    assert_polling_alive(&mut polling).await;
}

/// Guards against producers that cannot observe the queue of their client.
#[tokio::test]
async fn a_producer_can_wait_for_a_slow_websocket() {
    const PIECES: usize = 500;
    let builder = SocketIoLayer::builder().max_outbound_bytes(60_000);
    let (addr, io, journal) = serve_recording_disconnects(builder).await;
    io.of("/").on("produce", produce);
    let (mut client, _) = join(addr).await;
    // 25 MB, more than the socket buffers hold for a client that does not read.
    client.send(&format!(r#"420["produce",{PIECES}]"#)).await;
    journal.expect(["producing"]).await;
    for number in 0..PIECES {
        client
            .expect(&format!(r#"42["piece",{number},"{}"]"#, text(50_000)))
            .await;
    }
    client.expect("430[]").await;
    assert!(journal.take().await.is_empty());
}

#[tokio::test]
async fn a_producer_can_wait_for_a_polling_client() {
    let builder = SocketIoLayer::builder().max_outbound_bytes(60_000);
    let (addr, io, journal) = serve_recording_disconnects(builder).await;
    io.of("/").on("produce", produce);
    let (mut polling, _) = join_polling(addr).await;
    polling.send(r#"420["produce",50]"#).await;
    journal.expect(["producing"]).await;
    for number in 0..50 {
        polling
            .expect(&format!(r#"42["piece",{number},"{}"]"#, text(50_000)))
            .await;
    }
    polling.expect("430[]").await;
}

#[tokio::test]
async fn a_producer_does_not_wait_for_a_disconnected_client() {
    let (addr, io, journal) = serve_recording_disconnects(SocketIoLayer::builder()).await;
    let (client, id) = join(addr).await;
    let websocket = io.of("/").socket(&id).expect("the socket");
    let (polling, id) = join_polling(addr).await;
    let polled = io.of("/").socket(&id).expect("the socket");

    for _ in 0..200 {
        websocket.emit("e", &text(50_000));
    }
    polled.emit("e", "");
    let waiting = [websocket, polled].map(|socket| {
        tokio::spawn(async move {
            socket.drained().await;
            // Unsent packets are dropped.
            assert_eq!(socket.conn().queued_bytes(), 0);
        })
    });
    tokio::task::yield_now().await;
    assert!(waiting.iter().all(|waiting| !waiting.is_finished()));
    client.reset();
    polling.close().await;
    for waiting in waiting {
        within("the producer to stop waiting", waiting)
            .await
            .expect("no panic");
    }
    journal.next().await;
    journal.next().await;
}

/// Emits pieces of 50 kB and waits until each piece has been written.
async fn produce(
    socket: Socket,
    Data(pieces): Data<usize>,
    State(journal): State<Journal>,
) -> socketio::Reply<()> {
    journal.write("producing");
    for number in 0..pieces {
        socket.emit("piece", &(number, text(50_000)));
        assert!(socket.conn().queued_bytes() <= 60_000);
        socket.drained().await;
    }
    socketio::Reply(())
}

/// Returns a text whose event `e` counts this number of bytes. Texts below the overhead are empty.
fn text(bytes: usize) -> String {
    let frame = r#"2["e",""]"#.len() + OVERHEAD;
    "x".repeat(bytes.saturating_sub(frame))
}

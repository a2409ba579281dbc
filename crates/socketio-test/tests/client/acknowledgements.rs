//! Acknowledgements in both directions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use socketio::{AckError, Reply, Socket, SocketIo, extract::Data};
use tokio::time::Instant;

use crate::{serve, transports};

fn register(io: &SocketIo) {
    io.of("/")
        .on("add", async |Data((a, b)): Data<(u32, u32)>| Reply(a + b))
        .on("swap", async |Data((a, b)): Data<(u32, u32)>| Reply((b, a)))
        .on(
            "ask",
            async |socket: Socket, Data(question): Data<String>| {
                let answer = socket.emit_with_ack::<(bool, Bytes)>("sure?", &question);
                let (sure, reason) = answer.await.expect("an answer");
                Reply((sure, reason))
            },
        )
        .on("silence", async |socket: Socket| {
            let answer = socket
                .timeout(Duration::from_secs(2))
                .emit_with_ack::<bool>("sure?", "");
            Reply(matches!(answer.await, Err(AckError::Timeout)))
        });
}

#[tokio::test(start_paused = true)]
async fn an_event_is_acknowledged() {
    let (server, _) = serve(register);
    for builder in transports(&server) {
        let client = builder.connect().await.unwrap();
        let sum: u32 = client.emit_with_ack("add", &(1, 2)).await;
        assert_eq!(sum, 3);
        let swapped: (u32, u32) = client.emit_with_ack("swap", &(1, 2)).await;
        assert_eq!(swapped, (2, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn concurrent_acknowledgements_are_not_confused() {
    let (server, _) = serve(register);
    let client = server.connect("/").await.unwrap();
    let (first, second): (u32, u32) = tokio::join!(
        client.emit_with_ack("add", &(1, 2)),
        client.emit_with_ack("add", &(3, 4))
    );
    assert_eq!((first, second), (3, 7));
}

#[tokio::test(start_paused = true)]
async fn a_rejected_event_is_visible() {
    let (server, _) = serve(register);
    let client = server.connect("/").await.unwrap();
    let rejected = client.emit_rejected("add", &("one", 2)).await;
    assert_eq!(rejected.status, "Bad Request");
    assert!(rejected.error.contains("`add`"), "{}", rejected.error);

    let raw = client.emit_with_raw_ack("add", &("one", 2)).await;
    assert_eq!(raw.rejection(), Some(rejected));
    let raw = client.emit_with_raw_ack("add", &(1, 2)).await;
    assert_eq!(raw.rejection(), None);
    assert_eq!(raw.data::<u32>(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_listener_answers_the_server() {
    let (server, _) = serve(register);
    for builder in transports(&server) {
        let client = builder.connect().await.unwrap();
        let asked = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&asked);
        client.on("sure?", move |question: String| {
            counter.fetch_add(1, Ordering::Relaxed);
            (question == "yes?", Bytes::from_static(b"reason"))
        });
        let (sure, reason): (bool, Bytes) = client.emit_with_ack("ask", "yes?").await;
        assert!(sure);
        assert_eq!(reason, "reason");
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        assert!(
            client.received().await.is_empty(),
            "the listener has taken it"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_listener_takes_unread_events() {
    let (server, _) = serve(register);
    let client = server.connect("/").await.unwrap();
    let answered = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        client.on("sure?", |_: String| (true, Bytes::new()));
    };
    let ask = client.emit_with_ack("ask", "yes?");
    let ((sure, _), ()): ((bool, Bytes), ()) = tokio::join!(ask, answered);
    assert!(sure);
}

#[tokio::test(start_paused = true)]
async fn an_event_can_be_acknowledged_later() {
    let (server, _) = serve(register);
    let client = server.connect("/").await.unwrap();
    let answer = async {
        let (question, ack) = client.event_with_ack::<String>("sure?").await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        ack.send(&(question == "yes?", Bytes::new())).await;
    };
    let ask = client.emit_with_ack("ask", "yes?");
    let ((sure, _), ()): ((bool, Bytes), ()) = tokio::join!(ask, answer);
    assert!(sure);
}

#[tokio::test(start_paused = true)]
async fn an_event_without_an_answer_times_out_at_the_server() {
    let (server, _) = serve(register);
    for builder in transports(&server) {
        let client = builder.connect().await.unwrap();
        let start = Instant::now();
        let timed_out: bool = client.emit_with_ack("silence", &()).await;
        assert!(timed_out);
        // The timer wheel of tokio has a resolution of one millisecond.
        let took = start.elapsed();
        assert!(
            took.abs_diff(Duration::from_secs(2)) <= Duration::from_millis(2),
            "{took:?}"
        );
    }
}

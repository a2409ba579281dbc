//! The texts of failures.

use std::time::Duration;

use serde::Serialize;
use socketio::{ConnectError, Reply, Socket, SocketIo};
use socketio_test::TestClient;

use crate::{panic_of, serve};

fn register(io: &SocketIo) {
    io.of("/")
        .on("two", async |socket: Socket| {
            socket.emit("first", &1);
            socket.emit("second", &(2, "b"));
        })
        .on("add", async || Reply(3))
        .on("reject", async || {
            Err::<(), _>(socketio::Rejection::new("never"))
        })
        .on("silent", async |socket: Socket| socket.emit("first", &1))
        .on("kick", async |socket: Socket| socket.disconnect());
}

async fn connect() -> TestClient {
    let (server, _) = serve(register);
    server.connect("/").await.expect("a client")
}

/// Returns the text of a panic without the place, which must be in this file.
fn without_place(text: &str) -> &str {
    let (place, text) = text.split_once(": ").expect("a place");
    assert!(place.contains("tests/client/failures.rs:"), "{place}");
    text
}

#[tokio::test(start_paused = true)]
async fn a_missing_event_lists_the_received_ones() {
    let client = connect().await;
    client.emit("two", &()).await;
    let () = client.event("first").await;
    let panic = panic_of(async move { client.event::<u8>("third").await }).await;
    assert_eq!(
        without_place(&panic),
        "waited 5 s for `third`; received: [first(1), second(2,\"b\")]; still unread: \
         [second(2,\"b\")]. Check that the server emits `third` to this client in the namespace \
         `/`, or set a longer `ClientBuilder::patience`"
    );
}

#[tokio::test(start_paused = true)]
async fn only_the_last_events_are_listed() {
    let client = connect().await;
    for _ in 0..11 {
        client.emit("two", &()).await;
    }
    client.forget().await;
    let panic = panic_of(async move { client.event::<u8>("third").await }).await;
    assert!(
        panic.contains("received (the last 20 of 22): [first(1), "),
        "{panic}"
    );
    assert!(panic.contains("still unread: []"), "{panic}");
}

#[tokio::test(start_paused = true)]
async fn an_event_of_another_type_is_shown() {
    let client = connect().await;
    client.emit("two", &()).await;
    let panic = panic_of(async move { client.event::<String>("first").await }).await;
    let text = without_place(&panic);
    assert!(
        text.starts_with("the arguments of first(1) are not a `alloc::string::String`: "),
        "{text}"
    );
    assert!(
        text.ends_with(". Read them as the type that the server sends"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_event_cannot_arrive_at_a_disconnected_client() {
    let client = connect().await;
    client.emit("kick", &()).await;
    let panic = panic_of(async move { client.event::<u8>("first").await }).await;
    assert_eq!(
        without_place(&panic),
        "`first` cannot arrive: the client is disconnected (io server disconnect); received: []; \
         still unread: []. Emit `first` before the client is disconnected, or `reconnect` the client"
    );
}

#[tokio::test(start_paused = true)]
async fn an_event_without_acknowledgement_is_reported() {
    let client = connect().await;
    client.emit("two", &()).await;
    let panic = panic_of(async move { client.event_with_ack::<u8>("first").await.0 }).await;
    assert_eq!(
        without_place(&panic),
        "the server waits for no acknowledgement of first(1). Emit it with `emit_with_ack`, or read \
         it with `event`"
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_acknowledgement_names_the_event() {
    for event in ["silent", "unknown"] {
        let client = connect().await;
        let received = if event == "silent" { "first(1)" } else { "" };
        let panic = panic_of(async move { client.emit_with_ack::<u8, _>(event, &()).await }).await;
        assert_eq!(
            without_place(&panic),
            format!(
                "waited 5 s for the acknowledgement of `{event}`; received: [{received}]; still \
                 unread: [{received}]. Check that the namespace `/` has a handler of `{event}` that \
                 returns a `Reply` or uses its `Ack`, or set a longer `ClientBuilder::patience`"
            )
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_cannot_arrive_at_a_disconnected_client() {
    let client = connect().await;
    let panic = panic_of(async move { client.emit_with_ack::<u8, _>("kick", &()).await }).await;
    assert_eq!(
        without_place(&panic),
        "the acknowledgement of `kick` cannot arrive: the client is disconnected (io server \
         disconnect); received: []; still unread: []. Acknowledge `kick` before the client is \
         disconnected"
    );
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_of_another_type_is_shown() {
    let client = connect().await;
    let panic = panic_of(async move { client.emit_with_ack::<bool, _>("add", &()).await }).await;
    let text = without_place(&panic);
    let start = "the acknowledgement of `add` is (3), which is not a `bool`: ";
    assert!(text.starts_with(start), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_rejection_is_shown_instead_of_an_acknowledgement() {
    let client = connect().await;
    let panic = panic_of(async move { client.emit_with_ack::<u8, _>("reject", &()).await }).await;
    assert_eq!(
        without_place(&panic),
        "the server rejected `reject` with Bad Request: never. Emit what its handler expects, or \
         expect the rejection with `emit_rejected`"
    );
}

#[tokio::test(start_paused = true)]
async fn an_accepted_event_is_not_a_rejection() {
    let client = connect().await;
    let panic = panic_of(async move { client.emit_rejected("add", &()).await }).await;
    assert_eq!(
        without_place(&panic),
        "`add` was not rejected but acknowledged with (3). Emit what its handler refuses, or read \
         the acknowledgement with `emit_with_ack`"
    );
}

#[tokio::test(start_paused = true)]
async fn a_disconnected_client_cannot_emit() {
    let client = connect().await;
    client.close().await;
    let panic = panic_of(async move { client.emit("add", &()).await }).await;
    assert_eq!(
        without_place(&panic),
        "`add` cannot be sent: the client is disconnected (io client disconnect). `reconnect` it \
         first"
    );
}

#[tokio::test(start_paused = true)]
async fn reserved_names_and_values_that_are_not_json_cannot_be_emitted() {
    #[derive(Serialize)]
    struct Keys(std::collections::BTreeMap<(), u8>);

    let client = connect().await;
    let panic = panic_of(async move { client.emit("disconnect", &()).await }).await;
    assert_eq!(
        without_place(&panic),
        "the event name `disconnect` is reserved by Socket.IO. Choose another name"
    );
    let client = connect().await;
    let keys = Keys([((), 1)].into());
    let panic = panic_of(async move { client.emit("add", &keys).await }).await;
    let text = without_place(&panic);
    assert!(
        text.starts_with("the arguments of `add` are not JSON: "),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn silence_that_is_broken_is_reported() {
    let (server, io) = serve(register);
    let client = server.connect("/").await.unwrap();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(30)).await;
        io.emit("late", "x");
    });
    let panic = panic_of(async move { client.nothing_for(Duration::from_secs(60)).await }).await;
    assert_eq!(
        without_place(&panic),
        "nothing should arrive for 60 s, but an event did; received: [late(\"x\")]; still unread: \
         [late(\"x\")]. Check to which sockets the server emits it"
    );
}

#[tokio::test(start_paused = true)]
async fn silence_begins_with_no_unread_event_and_a_connected_client() {
    let client = connect().await;
    client.emit("two", &()).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    let panic = panic_of(async move { client.nothing_for(Duration::from_secs(60)).await }).await;
    assert!(
        without_place(&panic).starts_with("events are unread before `nothing_for` begins; "),
        "{panic}"
    );
    let client = connect().await;
    client.lose().await;
    let panic = panic_of(async move { client.nothing_for(Duration::from_secs(60)).await }).await;
    let start = "the client is disconnected (transport close: the test has lost the connection), ";
    assert!(without_place(&panic).starts_with(start), "{panic}");
}

#[tokio::test]
async fn long_silence_needs_a_paused_clock() {
    let client = connect().await;
    client.nothing_for(Duration::ZERO).await;
    let panic =
        panic_of(async move { client.nothing_for(Duration::from_millis(1001)).await }).await;
    assert_eq!(
        without_place(&panic),
        "the clock is not paused, so `nothing_for` would last 1001 ms: start the test with \
         `#[tokio::test(start_paused = true)]`, or wait for at most 1 s"
    );
}

#[tokio::test(start_paused = true)]
async fn a_connected_client_is_not_disconnected() {
    let client = connect().await;
    let panic = panic_of(async move { client.disconnected().await }).await;
    assert_eq!(
        without_place(&panic),
        "waited 5 s for the client to be disconnected; received: []; still unread: []. Check that \
         the server disconnects this client, or set a longer `ClientBuilder::patience`"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_listener_fails_the_next_read() {
    let client = connect().await;
    client.on("first", |_: String| ());
    client.on("second", |(_, letter): (u8, String)| {
        assert_eq!(letter, "a")
    });
    client.emit("two", &()).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    let panic = panic_of(async move {
        let first = tokio::spawn(async move {
            let panic = panic_of_ref(&client).await;
            (client, panic)
        });
        let (client, panic) = first.await.expect("no panic");
        assert!(
            panic.contains("the arguments of first(1) are not a"),
            "{panic}"
        );
        client.nothing_for(Duration::from_secs(1)).await;
    })
    .await;
    let text = without_place(&panic);
    let start = "the listener of second(2,\"b\") panicked: assertion `left == right` failed";
    assert!(text.starts_with(start), "{text}");
}

/// Returns the panic of the next read.
async fn panic_of_ref(client: &TestClient) -> String {
    use std::panic::AssertUnwindSafe;

    use futures_util::FutureExt as _;

    let read = AssertUnwindSafe(client.received()).catch_unwind().await;
    let panic = read.map(drop).expect_err("a panic");
    panic.downcast_ref::<String>().cloned().expect("a text")
}

#[tokio::test(start_paused = true)]
async fn the_data_of_a_refusal_has_another_type() {
    let (server, _) = serve(|io| {
        io.of("/")
            .middleware(async || Err::<(), _>(ConnectError::new("no").with_data("text")));
    });
    let panic = panic_of(async move {
        let refused = server.connect("/").await.unwrap_err();
        refused.data::<u8>()
    })
    .await;
    let start = "the data \"text\" of the refusal `no` is not a `u8`: invalid type";
    assert!(panic.contains(start), "{panic}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_without_data_has_no_type() {
    let (server, _) = serve(|io| {
        io.of("/")
            .middleware(async || Err::<(), _>(ConnectError::new("no")));
    });
    let panic = panic_of(async move {
        let refused = server.connect("/").await.unwrap_err();
        refused.data::<u8>()
    })
    .await;
    assert!(
        panic.contains("has no data. Add it in the middleware"),
        "{panic}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_namespace_is_not_blamed_on_the_middleware() {
    let (server, _) = serve(|_| {});
    let refused = server.connect("/chat").await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the namespace `/chat` refused the client: Invalid namespace. Register it with `SocketIo::of`, or \
         connect to another"
    );
}

#[tokio::test(start_paused = true)]
async fn an_event_that_the_server_does_not_take_is_reported() {
    let (server, _) = serve(|io| {
        io.of("/")
            .on("stuck", async || std::future::pending::<()>().await);
    });
    let client = server.connect("/").await.unwrap();
    let panic = panic_of(async move {
        loop {
            client.emit("stuck", &()).await;
        }
    })
    .await;
    assert_eq!(
        without_place(&panic),
        "waited 5 s for the server to take `stuck`. It reads no events of a client with too many \
         unfinished handlers; let some finish"
    );
}

#[tokio::test(start_paused = true)]
async fn an_invalid_target_of_a_request_is_shown() {
    let (server, _) = serve(register);
    let panic = panic_of(async move { server.get("no target").await }).await;
    let text = without_place(&panic);
    assert!(
        text.starts_with("\"no target\" is not a target: "),
        "{text}"
    );
    assert!(text.ends_with(". Begin it with `/`"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn an_invalid_namespace_is_shown() {
    let (server, _) = serve(register);
    let panic = panic_of(async move { drop(server.connect("chat").await) }).await;
    assert_eq!(
        without_place(&panic),
        "\"chat\" is not the name of a namespace: begin it with `/` and use no comma"
    );
}

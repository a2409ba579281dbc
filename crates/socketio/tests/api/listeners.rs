//! Tests the listeners of single sockets: their order and their removal.

use std::panic::{AssertUnwindSafe, catch_unwind};

use axum::extract::State;
use e2e::probes::{Journal, LiveCounter};
use e2e::session::{assert_alive, join, join_polling, open, settle};
use e2e::sync::{Gate, eventually};
use socketio::extract::{Auth, Data, EventName};
use socketio::{DisconnectReason, Reply, Socket, SocketIo};
use socketio_testing::PollingClient;

use crate::journaled::{App, server, write, write_to};

/// The order of Node: catch-all listeners, middleware, handlers, and prepended listeners first in
/// each group.
#[tokio::test]
async fn socket_listeners_run_after_namespace_listeners_in_the_order_of_node() {
    let (addr, app) = server(|namespace| {
        namespace
            .on("event", write("named"))
            .prepend("event", write("named, prepended"))
            .event_middleware(write("middleware"))
            .on_any(write("any"))
            .prepend_any(write("any, prepended"))
            .on_connect(async |socket: Socket, State(journal): State<Journal>| {
                socket.on("event", write_to(&journal, "own named"));
                socket.prepend("event", write_to(&journal, "own named, prepended"));
                socket.once("event", write_to(&journal, "own once"));
                socket.prepend_once("event", write_to(&journal, "own once, prepended"));
                socket.event_middleware(write_to(&journal, "own middleware"));
                socket.on_any(write_to(&journal, "own any"));
                socket.prepend_any(write_to(&journal, "own any, prepended"));
            })
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"42["event"]"#).await;
    let before = [
        "any, prepended",
        "any",
        "own any, prepended",
        "own any",
        "middleware",
        "own middleware",
        "named, prepended",
        "named",
    ];
    app.journal.expect(before).await;
    let own = [
        "own once, prepended",
        "own named, prepended",
        "own named",
        "own once",
    ];
    app.journal.expect(own).await;
    client.send(r#"42["event"]"#).await;
    app.journal.expect(before).await;
    let own = ["own named, prepended", "own named"];
    app.journal.expect(own).await;
    assert_alive(&mut client).await;
    assert!(app.journal.take().await.is_empty());
}

#[tokio::test]
async fn socket_listeners_receive_events_of_one_client() {
    let (addr, app) = server(|namespace| namespace).await;
    let (mut client, id) = join(addr).await;
    let (mut other, _) = join(addr).await;
    let socket = socket_of(&app, &id);
    socket.on("event", async |Data(number): Data<u32>| Reply(number));
    socket.on_any(write_to(&app.journal, "received"));
    other.send(r#"420["event",1]"#).await;
    assert_alive(&mut other).await;
    assert!(app.journal.take().await.is_empty());
    client.send(r#"420["event",2]"#).await;
    client.expect("430[2]").await;
    app.journal.expect(["received"]).await;
}

/// Guards against a gap between joining and adding listeners.
#[tokio::test]
async fn listeners_added_by_a_connect_handler_receive_every_event() {
    let (addr, app) = server(|namespace| {
        namespace.on_connect(async |socket: Socket, State(journal): State<Journal>| {
            let written = journal.clone();
            socket.on("event", move |Data(number): Data<u32>| {
                let journal = written.clone();
                async move { journal.write(number) }
            });
        })
    })
    .await;
    let mut client = open(addr).await;
    client.send("40").await;
    for number in 0..20 {
        client.send(&format!(r#"42["event",{number}]"#)).await;
    }
    for number in 0..20 {
        app.journal.expect([number.to_string()]).await;
    }
    let polling = PollingClient::handshake(addr).await;
    polling
        .send("40\u{1e}42[\"event\",1]\u{1e}42[\"event\",2]")
        .await;
    app.journal.expect(["1", "2"]).await;
}

/// In an ordered namespace, this also holds after an `.await`.
#[tokio::test]
async fn listeners_added_late_by_an_ordered_connect_handler_receive_every_event() {
    let (addr, app) = server(|namespace| {
        namespace
            .ordered()
            .on_connect(async |socket: Socket, State(app): State<App>| {
                app.gate.pass().await;
                socket.on_any(write_to(&app.journal, "any"));
                socket.event_middleware(write_to(&app.journal, "middleware"));
                socket.on("event", write_to(&app.journal, "event"));
            })
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"42["event"]"#).await;
    client.send(r#"42["event"]"#).await;
    assert_alive(&mut client).await;
    app.gate.open();
    let received = ["any", "middleware", "event"];
    app.journal.expect(received).await;
    app.journal.expect(received).await;
}

/// Guards against two events that both call the listener.
#[tokio::test(flavor = "multi_thread")]
async fn a_once_listener_runs_once_for_concurrent_events() {
    const EVENTS: usize = 200;
    let (addr, app) = server(|namespace| {
        namespace
            .event_middleware(async |State(gate): State<Gate>| gate.pass().await)
            .on("event", async || Reply(()))
    })
    .await;
    for _ in 0..5 {
        let (mut client, id) = join(addr).await;
        socket_of(&app, &id).once("event", write_to(&app.journal, "once"));
        for number in 0..EVENTS {
            client.send(&format!(r#"42{number}["event"]"#)).await;
        }
        assert_alive(&mut client).await;
        app.gate.admit(EVENTS);
        for _ in 0..EVENTS {
            client.expect("43…[]").await;
        }
        app.journal.expect(["once"]).await;
        assert!(app.journal.take().await.is_empty());
        assert_eq!(socket_of(&app, &id).listener_count("event"), 0);
    }
}

#[tokio::test]
async fn a_rejected_event_does_not_consume_a_once_listener() {
    let (addr, app) = server(|namespace| {
        namespace.event_middleware(
            async |Data(good): Data<bool>| {
                if good { Ok(()) } else { Err("no") }
            },
        )
    })
    .await;
    let (mut client, id) = join(addr).await;
    socket_of(&app, &id).once("event", async || Reply("once"));
    client.send(r#"420["event",false]"#).await;
    client
        .expect(r#"430[{"status":"Bad Request","error":"no"}]"#)
        .await;
    client.send(r#"421["event",true]"#).await;
    client.expect(r#"431["once"]"#).await;
}

#[tokio::test]
async fn socket_listeners_can_be_removed_by_id() {
    let (addr, app) = server(|namespace| namespace).await;
    let (mut client, id) = join(addr).await;
    let socket = socket_of(&app, &id);
    let write = |word| write_to(&app.journal, word);
    let named = socket.on("event", write("named"));
    let once = socket.once("event", write("once"));
    let any = socket.on_any(write("any"));
    let middleware = socket.event_middleware(write("middleware"));
    let outgoing = socket.on_any_outgoing(|_, _| ());
    socket.on("event", write("stays"));

    assert!(!socket.off_any(named), "the listener is of another kind");
    assert!(!socket.off_any_outgoing(any));
    for id in [named, once, middleware] {
        assert!(socket.off(id));
        assert!(!socket.off(id), "the listener has been removed");
    }
    assert!(socket.off_any(any));
    assert!(socket.off_any_outgoing(outgoing));
    client.send(r#"42["event"]"#).await;
    assert_alive(&mut client).await;
    assert_eq!(app.journal.take().await, ["stays"]);
}

#[tokio::test]
async fn a_listener_can_remove_itself_and_others() {
    let (addr, app) = server(|namespace| namespace).await;
    let (mut client, id) = join(addr).await;
    let socket = socket_of(&app, &id);
    let journal = app.journal.clone();
    socket.on("event", move |socket: Socket| {
        let journal = journal.clone();
        async move {
            journal.write("first");
            socket.remove_listeners("event");
            socket.on("event", write_to(&journal, "new"));
        }
    });
    socket.on("event", write_to(&app.journal, "second"));
    client.send(r#"42["event"]"#).await;
    client.send(r#"42["event"]"#).await;
    // As with Node's EventEmitter, an event calls all listeners present when it arrives.
    app.journal.expect(["first", "second", "new"]).await;
}

/// The lists match those of Node.
#[tokio::test]
async fn socket_listeners_can_be_listed_and_removed_by_name() {
    let (addr, app) = server(|namespace| namespace).await;
    let (_client, id) = join(addr).await;
    let socket = socket_of(&app, &id);
    assert!(socket.event_names().is_empty());
    let first = socket.on("a", async || {});
    socket.on_any(async || {});
    let any = socket.prepend_any(async || {});
    socket.event_middleware(async || {});
    socket.on("b", async || {});
    let second = socket.once("a", async || {});
    socket.on_disconnecting(async || {});
    socket.on_disconnect(async || {});
    let outgoing = socket.on_any_outgoing(|_, _| ());

    assert_eq!(
        socket.event_names(),
        ["a", "b", "disconnecting", "disconnect"]
    );
    assert_eq!(socket.listeners("a"), [first, second]);
    assert_eq!(socket.listener_count("disconnect"), 1);
    assert_eq!(socket.listener_count("c"), 0);
    assert_eq!(socket.listeners_any().first(), Some(&any));
    assert_eq!(socket.listeners_any_outgoing(), [outgoing]);
    socket.remove_listeners("a");
    assert_eq!(socket.event_names(), ["b", "disconnecting", "disconnect"]);
    socket.remove_all_listeners();
    assert!(socket.event_names().is_empty());
    assert_eq!(
        socket.listeners_any().len(),
        2,
        "catch-all listeners are kept"
    );
    assert_eq!(
        socket.listeners_any_outgoing().len(),
        1,
        "outgoing listeners are kept"
    );
    socket.off_all_any();
    socket.off_all_any_outgoing();
    assert!(socket.listeners_any().is_empty());
    assert!(socket.listeners_any_outgoing().is_empty());
}

#[tokio::test]
async fn a_socket_rejects_listeners_for_reserved_names() {
    let (addr, app) = server(|namespace| namespace).await;
    let (_client, id) = join(addr).await;
    let socket = socket_of(&app, &id);
    for name in ["disconnect", "disconnecting", "connect", "connect_error"] {
        let on = || socket.on(name, async || {});
        let panic = catch_unwind(AssertUnwindSafe(on)).expect_err("registering panics");
        let text = panic
            .downcast_ref::<String>()
            .expect("the panic has a message");
        assert!(text.contains("`on_disconnect`"), "{text}");
    }
}

#[tokio::test]
async fn disconnect_listeners_of_a_socket_run_after_those_of_the_namespace() {
    let (addr, app) = server(|namespace| {
        namespace
            .on_disconnecting(write("disconnecting"))
            .on_disconnect(write("disconnect"))
            .on_connect(async |socket: Socket, State(journal): State<Journal>| {
                socket.join("room");
                let written = journal.clone();
                socket.on_disconnecting(move |socket: Socket| async move {
                    written.write(format_args!("own, {} rooms", socket.rooms().len()));
                    let journal = written.clone();
                    socket.on_disconnect(write_to(&journal, "added late"));
                });
                let written = journal.clone();
                socket.on_disconnect(move |socket: Socket, reason: DisconnectReason| async move {
                    written.write(format_args!("{reason}, {} rooms", socket.rooms().len()));
                });
                let out = socket.on_disconnect(write_to(&journal, "removed"));
                socket.off(out);
            })
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send("41").await;
    app.journal
        .expect([
            "disconnecting",
            "own, 2 rooms",
            "disconnect",
            "client namespace disconnect, 0 rooms",
            "added late",
        ])
        .await;
    settle(addr).await;
    assert!(app.journal.take().await.is_empty());
}

#[tokio::test]
async fn disconnect_listeners_run_without_namespace_handlers() {
    let (addr, app) = server(|namespace| namespace).await;
    let (client, id) = join(addr).await;
    socket_of(&app, &id).on_disconnect(write_to(&app.journal, "left"));
    client.reset();
    app.journal.expect(["left"]).await;
    let (client, id) = join(addr).await;
    socket_of(&app, &id).on_disconnecting(write_to(&app.journal, "leaves"));
    socket_of(&app, &id).disconnect();
    app.journal.expect(["leaves"]).await;
    drop(client);
}

/// A catch-all listener must not answer in place of the handler.
#[tokio::test]
async fn a_rejected_catch_all_listener_sends_no_answer() {
    let (addr, app) = server(|namespace| {
        namespace
            .on_any(async |_: Data<u8>| {})
            .on_any(async || -> () { panic!("on purpose") })
            .on_connect(async |socket: Socket| {
                socket.on_any(async |_: Data<u8>| {});
            })
            .on_rejection(write("rejected"))
            .on("event", async || Reply("handled"))
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["event","text"]"#).await;
    client.expect(r#"430["handled"]"#).await;
    assert_alive(&mut client).await;
    assert!(app.journal.take().await.is_empty());
}

#[tokio::test]
async fn a_rejected_socket_listener_reaches_on_rejection() {
    let (addr, app) = server(|namespace| {
        namespace.on_rejection(async |event: EventName| Reply(event.to_string()))
    })
    .await;
    let (mut client, id) = join(addr).await;
    socket_of(&app, &id).on("event", async |_: Data<u8>| {});
    client.send(r#"420["event","text"]"#).await;
    client.expect(r#"430["event"]"#).await;
}

#[tokio::test]
async fn listeners_of_a_disconnected_socket_are_removed() {
    let (addr, app) = server(|namespace| namespace).await;
    let (mut client, id) = join(addr).await;
    let socket = socket_of(&app, &id);
    socket.on("event", write_to(&app.journal, "first life"));
    client.send("41").await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    client.send(r#"42["event"]"#).await;
    assert_alive(&mut client).await;
    assert!(app.journal.take().await.is_empty());
    assert!(socket.event_names().is_empty());
    socket.on("event", async || {});
    socket.on_any(async || {});
    assert!(socket.event_names().is_empty());
    assert!(socket.listeners_any().is_empty());
}

/// Guards against sockets kept alive by their own listeners.
#[tokio::test]
async fn listeners_that_hold_their_socket_are_dropped() {
    const TIMES: usize = 5;
    let counter = LiveCounter::default();
    let counting = counter.clone();
    let (addr, app) = server(move |namespace| {
        let refusing = counting.clone();
        namespace
            .middleware(
                async move |socket: Socket, Auth(auth): Auth<Option<serde_json::Value>>| {
                    add_listeners_holding(&socket, &refusing);
                    if auth.is_some() { Err("no") } else { Ok(()) }
                },
            )
            .on_connect(async move |socket: Socket| add_listeners_holding(&socket, &counting))
            .on("disconnect me", async |socket: Socket| {
                socket.client().disconnect()
            })
    })
    .await;
    for _ in 0..TIMES {
        join(addr).await.0.reset();
        let (mut leaving, _) = join(addr).await;
        leaving.send("41").await;
        leaving.send("40").await;
        leaving.expect(r#"40{"sid":"…"}"#).await;
        drop(leaving);
        let (mut disconnected, _) = join(addr).await;
        disconnected.send(r#"42["event"]"#).await;
        disconnected.send(r#"42["disconnect me"]"#).await;
        disconnected.expect("41").await;
        let mut refused = open(addr).await;
        refused.send(r#"40{"refuse":true}"#).await;
        refused.expect(r#"44{"message":"no"}"#).await;
        drop(refused);
        let (polling, _) = join_polling(addr).await;
        polling.send("42[\"event\"]\u{1e}1").await;
    }
    let io = app.io.expect("the server");
    eventually("no client", || io.clients_count() == 0).await;
    eventually("no listener", || counter.live() == 0).await;
}

/// The application keeps the socket of a disconnected client.
#[tokio::test]
async fn a_kept_handle_holds_no_listeners() {
    let counter = LiveCounter::default();
    let (addr, app) = server(|namespace| namespace).await;
    let (client, id) = join(addr).await;
    let socket = socket_of(&app, &id);
    add_listeners_holding(&socket, &counter);
    assert!(counter.live() > 0);
    client.reset();
    eventually("no listener", || counter.live() == 0).await;
    add_listeners_holding(&socket, &counter);
    assert_eq!(counter.live(), 0, "the socket is disconnected");
}

/// As above, for sockets that never had listeners or data.
#[tokio::test]
async fn a_disconnected_socket_accepts_no_listeners_or_data() {
    let counter = LiveCounter::default();
    let (addr, app) = server(|namespace| namespace.on_disconnect(write("left"))).await;
    let (client, id) = join(addr).await;
    let socket = socket_of(&app, &id);
    client.reset();
    app.journal.expect(["left"]).await;
    // When the client has been removed, all work after the disconnect handlers is done.
    let io = app.io.clone().expect("the server");
    eventually("no client", || io.clients_count() == 0).await;
    let _id = socket.on("event", async || {});
    assert!(
        socket.event_names().is_empty(),
        "the socket is disconnected"
    );
    add_listeners_holding(&socket, &counter);
    assert_eq!(counter.live(), 0, "listeners");
    let _none = socket.data().insert((socket.clone(), counter.guard()));
    assert_eq!(counter.live(), 0, "data");
    assert_eq!(socket.data().insert_json("key", 1), None);
    assert_eq!(socket.data().json("key"), None);
}

/// Adds a listener of each kind that holds the socket.
fn add_listeners_holding(socket: &Socket, counter: &LiveCounter) {
    let held = || {
        let held = std::sync::Arc::new((socket.clone(), counter.guard()));
        move || {
            let held = std::sync::Arc::clone(&held);
            async move { drop(held) }
        }
    };
    socket.on("event", held());
    socket.once("never", held());
    socket.on_any(held());
    socket.event_middleware(held());
    socket.on_disconnecting(held());
    socket.on_disconnect(held());
    let outgoing = held();
    socket.on_any_outgoing(move |_, _| drop(outgoing()));
}

fn socket_of(app: &App, id: &str) -> Socket {
    let io: &SocketIo = app.io.as_ref().expect("the server");
    io.of("/").socket(id).expect("the socket")
}

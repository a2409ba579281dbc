//! Tests the rooms of a namespace, and their events.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use e2e::app::serve;
use e2e::probes::Journal;
use e2e::session::{assert_alive, join, open, settle};
use serde_json::Value;
use socketio::adapter::{Adapter, InMemoryAdapter, LocalSockets, RecoveryOptions};
use socketio::extract::Auth;
use socketio::{
    ConnectError, Namespace, Regex, Room, RoomEvent, Socket, SocketIo, SocketIoBuilder,
    SocketIoLayer,
};
use socketio_testing::{WsClient, within};
use tokio::sync::Notify;

/// Node's server emits these events for the same operations.
#[tokio::test]
async fn room_events_have_the_order_of_node() {
    let (addr, io, journal) = server(SocketIoLayer::builder()).await;
    io.of("/").on_room_event(journal_of(&journal));
    let (mut a, a_id) = join(addr).await;
    let (mut b, b_id) = join(addr).await;
    let (alice, bob) = (socket(&io, &a_id), socket(&io, &b_id));
    let names = [(a_id.clone(), "a"), (b_id.clone(), "b")];
    let events = async || {
        let events = journal.take().await.into_iter();
        let name = |event: String| {
            names
                .iter()
                .fold(event, |e, (id, name)| e.replace(id, name))
        };
        events.map(name).collect::<Vec<_>>()
    };
    assert_eq!(
        events().await,
        [
            "create-room a",
            "join-room a a",
            "connection a",
            "create-room b",
            "join-room b b",
            "connection b",
        ]
    );
    alice.join(["x", "x", "y"]);
    alice.join("x");
    assert_eq!(
        events().await,
        [
            "create-room x",
            "join-room x a",
            "create-room y",
            "join-room y a"
        ]
    );
    bob.join("x");
    assert_eq!(events().await, ["join-room x b"]);
    alice.leave(["x", "x", "none"]);
    assert_eq!(events().await, ["leave-room x a"]);
    bob.leave("x");
    assert_eq!(events().await, ["leave-room x b", "delete-room x"]);
    bob.join(alice.id());
    assert_eq!(events().await, ["join-room a b"]);
    io.to("y").to(bob.id()).sockets_join(["g", "h"]);
    assert_eq!(
        events().await,
        [
            "create-room g",
            "join-room g a",
            "create-room h",
            "join-room h a",
            "join-room g b",
            "join-room h b",
        ]
    );
    io.of("/")
        .to(alice.id())
        .except(bob.id())
        .sockets_leave("g");
    io.to(bob.id()).sockets_leave("g");
    assert_eq!(
        events().await,
        ["leave-room g a", "leave-room g b", "delete-room g"]
    );
    a.send("41").await;
    assert_alive(&mut a).await;
    assert_eq!(
        events().await,
        [
            "disconnecting a",
            "leave-room a a",
            "leave-room y a",
            "delete-room y",
            "leave-room h a",
            "disconnect a",
        ]
    );
    bob.disconnect();
    b.expect("41").await;
    journal_until(
        &journal,
        &format!("disconnect {b_id}"),
        &names,
        &[
            "disconnecting b",
            "leave-room b b",
            "delete-room b",
            "leave-room a b",
            "delete-room a",
            "leave-room h b",
            "delete-room h",
            "disconnect b",
        ],
    )
    .await;
}

/// Asserts that the next entries are these.
async fn journal_until(journal: &Journal, last: &str, names: &[(String, &str)], expected: &[&str]) {
    let mut entries = Vec::new();
    loop {
        let entry = journal.next().await;
        let is_last = entry == last;
        entries.push(
            names
                .iter()
                .fold(entry, |e, (id, name)| e.replace(id, name)),
        );
        if is_last {
            break;
        }
    }
    assert_eq!(entries, expected);
}

/// In Node, a socket is in these rooms before it is accepted.
#[tokio::test]
async fn rooms_that_middleware_joins_are_reported_when_the_client_has_joined() {
    let (addr, io, journal) = server(SocketIoLayer::builder()).await;
    io.of("/")
        .middleware(async |socket: Socket, Auth(auth): Auth<Value>| {
            socket.join("early");
            (auth["accept"] == true)
                .then_some(())
                .ok_or_else(|| ConnectError::new("no"))
        })
        .on_room_event(journal_of(&journal));
    let mut refused = open(addr).await;
    refused.send(r#"40{"accept":false}"#).await;
    refused.expect("44{…}").await;
    settle(addr).await;
    assert!(journal.take().await.is_empty());
    let mut accepted = open(addr).await;
    accepted.send(r#"40{"accept":true}"#).await;
    let id = e2e::session::id_of(&accepted.expect(r#"40{"sid":"…"}"#).await);
    journal
        .expect([
            &format!("create-room {id}"),
            &format!("join-room {id} {id}"),
            "create-room early",
            &format!("join-room early {id}"),
            &format!("connection {id}"),
        ])
        .await;
}

#[tokio::test]
async fn rooms_and_their_sockets_can_be_looked_up() {
    let (addr, io, _) = server(SocketIoLayer::builder()).await;
    let (_a, a_id) = join(addr).await;
    let (_b, b_id) = join(addr).await;
    let (alice, bob) = (socket(&io, &a_id), socket(&io, &b_id));
    alice.join(["news", "sport"]);
    bob.join(["news", &*a_id]);
    let namespace = io.of("/");
    let mut rooms: Vec<(String, usize)> = namespace
        .rooms()
        .into_iter()
        .map(|(room, size)| (room.to_string(), size))
        .collect();
    rooms.sort();
    let mut expected = vec![
        (a_id.clone(), 2),
        (b_id.clone(), 1),
        ("news".to_owned(), 2),
        ("sport".to_owned(), 1),
    ];
    expected.sort();
    assert_eq!(rooms, expected);
    for (room, size) in &expected {
        assert_eq!(namespace.room_size(room), *size);
        assert_eq!(namespace.room_sockets(room).len(), *size);
    }
    assert_eq!(namespace.room_size("none"), 0);
    assert_eq!(
        namespace.room_sockets("sport"),
        std::slice::from_ref(&alice)
    );
    assert_eq!(io.of("/other").rooms().len(), 0);

    assert!(alice.is_in("news") && alice.is_in(&a_id));
    assert!(!bob.is_in("sport"));
    bob.leave("news");
    assert!(!bob.is_in("news"));
    bob.disconnect();
    settle(addr).await;
    assert!(!bob.is_in(&b_id));
    assert_eq!(namespace.room_size(&a_id), 1);
    assert_eq!(namespace.room_size(&b_id), 0);
}

#[tokio::test]
async fn an_observer_may_use_the_namespace() {
    for builder in [
        SocketIoLayer::builder(),
        recovering(SocketIoLayer::builder()),
    ] {
        let (addr, io, journal) = server(builder).await;
        let write = journal_of(&journal);
        let seen = Arc::new(Mutex::new(()));
        io.of("/")
            .on_room_event(move |namespace, event| {
                // Only one event is reported at a time.
                let _guard = seen.try_lock().expect("the observer runs once");
                write(namespace, event);
                let _ = (
                    namespace.rooms(),
                    namespace.sockets(),
                    namespace.room_size("outer"),
                );
                if let RoomEvent::Created { room, .. } = event
                    && *room == *"outer"
                {
                    for socket in namespace.sockets() {
                        socket.join("inner");
                        socket.leave("inner");
                    }
                }
                namespace.emit("room", event.room().as_str());
            })
            .on_room_event(|_, _| panic!("on purpose"));
        let mut client = open(addr).await;
        client.send("40").await;
        let connect = client.expect(r#"40{"sid":"…"…}"#).await;
        let id = e2e::session::id_of(&connect);
        for _ in 0..2 {
            client.expect(&format!(r#"42["room","{id}"…]"#)).await;
        }
        socket(&io, &id).join("outer");
        for room in ["outer", "outer", "inner", "inner", "inner", "inner"] {
            client.expect(&format!(r#"42["room","{room}"…]"#)).await;
        }
        let events = journal.take().await.into_iter().skip(3);
        let events: Vec<_> = events.map(|event| event.replace(&id, "me")).collect();
        // Node emits the events of the inner room within the first event.
        assert_eq!(
            events,
            [
                "create-room outer",
                "join-room outer me",
                "create-room inner",
                "join-room inner me",
                "leave-room inner me",
                "delete-room inner",
            ]
        );
    }
}

/// Guards against operations that report the changes of others without end.
#[tokio::test]
async fn an_operation_leaves_a_flood_of_room_events_to_a_task() {
    const TOGGLES: usize = 10_000;
    let (addr, io, _) = server(SocketIoLayer::builder()).await;
    let (mut client, id) = join(addr).await;
    let (toggles, all_seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let (count, done) = (Arc::clone(&toggles), Arc::clone(&all_seen));
    io.of("/").on_room_event(move |namespace, event| {
        let socket = || namespace.sockets().remove(0);
        match event {
            RoomEvent::Joined { .. } => socket().leave("toggled"),
            RoomEvent::Left { .. } => match count.fetch_add(1, Ordering::Relaxed) {
                TOGGLES => done.notify_one(),
                _ => socket().join("toggled"),
            },
            _ => {}
        }
    });
    socket(&io, &id).join("toggled");
    let reported = toggles.load(Ordering::Relaxed);
    assert!((1..256).contains(&reported), "{reported}");
    within("all events", all_seen.notified()).await;
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn an_observer_of_a_pattern_observes_all_of_its_namespaces() {
    let (addr, io, journal) = server(SocketIoLayer::builder()).await;
    let pattern = io.of(Regex::new("^/room-").expect("a valid pattern"));
    let mut first = join_in(addr, "/room-1").await;
    let write = journal.clone();
    let pattern = pattern.on_room_event(move |namespace, event| {
        if let RoomEvent::Created { room, .. } = event {
            write.write(format!("{} {room}", namespace.name()));
        }
    });
    let _second = join_in(addr, "/room-2").await;
    let second = io.of("/room-2").sockets().remove(0);
    journal.expect([format!("/room-2 {}", second.id())]).await;
    pattern.sockets_join("all");
    let mut created = journal.take().await;
    created.sort();
    assert_eq!(created, ["/room-1 all", "/room-2 all"]);
    assert_eq!(pattern.rooms().get("all"), Some(&2));
    assert_eq!(pattern.room_size("all"), 2);
    first.send("41/room-1,").await;
    assert_alive(&mut first).await;
    assert_eq!(pattern.room_size("all"), 1);
}

/// Events of a recovered socket, and observers of an adapter and of the application.
#[tokio::test]
async fn observers_of_adapters_and_applications_see_the_rooms_of_recovered_sockets() {
    let of_adapter = Journal::new();
    let journal = of_adapter.clone();
    let options = RecoveryOptions::new(|| Duration::ZERO);
    let factory = move |_: &str, local: Arc<dyn LocalSockets>| -> Arc<dyn Adapter> {
        let journal = journal.clone();
        local.observe_rooms(Arc::new(move |event: &RoomEvent| {
            journal.write(describe(event))
        }));
        Arc::new(InMemoryAdapter::with_recovery(local, &options))
    };
    let builder = recovering(SocketIoLayer::builder().adapter(factory));
    let (addr, io, journal) = server(builder).await;
    let write = journal.clone();
    io.of("/").on_room_event(move |namespace, event| {
        namespace.emit("room", event.room().as_str());
        write.write(describe(event));
    });
    let mut client = open(addr).await;
    client.send("40").await;
    let connect = client.expect(r#"40{"sid":"…","pid":"…"}"#).await;
    let quoted = |text: &str, index| text.split('"').nth(index).expect("a string").to_owned();
    let (sid, pid) = (quoted(&connect, 3), quoted(&connect, 7));
    for _ in 0..2 {
        client.expect(r#"42["room","…","…"]"#).await;
    }
    socket(&io, &sid).join("red");
    client.expect(r#"42["room","red","…"]"#).await;
    let event = client.expect(r#"42["room","red","…"]"#).await;
    let offset = quoted(&event, 5);
    client.reset();
    journal_until(
        &journal,
        &format!("disconnect {sid}"),
        &[(sid.clone(), "me")],
        &[
            "create-room me",
            "join-room me me",
            "connection me",
            "create-room red",
            "join-room red me",
            "disconnecting me",
            "leave-room me me",
            "delete-room me",
            "leave-room red me",
            "delete-room red",
            "disconnect me",
        ],
    )
    .await;
    of_adapter.take().await;
    let mut client = open(addr).await;
    client
        .send(&format!(r#"40{{"pid":"{pid}","offset":"{offset}"}}"#))
        .await;
    // The client has missed the events of the rooms that its socket has left.
    for _ in 0..4 {
        client.expect(r#"42["room","…","…"]"#).await;
    }
    client
        .expect(&format!(r#"40{{"sid":"{sid}","pid":"{pid}"}}"#))
        .await;
    let rejoined = [
        "create-room me",
        "join-room me me",
        "create-room red",
        "join-room red me",
    ];
    let rejoined = rejoined.map(|event| event.replace("me", &sid));
    journal.expect(&rejoined).await;
    of_adapter.expect(&rejoined).await;
}

fn recovering<S>(builder: SocketIoBuilder<S>) -> SocketIoBuilder<S> {
    builder.connection_state_recovery(socketio::ConnectionStateRecovery::new())
}

/// Starts a server that records the phases of sockets.
async fn server(builder: SocketIoBuilder) -> (SocketAddr, SocketIo<Journal>, Journal) {
    let journal = Journal::new();
    let layer = builder.with_state(journal.clone()).build();
    let io = layer.io();
    let write = |phase: &'static str| {
        move |socket: Socket, State(journal): State<Journal>| async move {
            journal.write(format!("{phase} {}", socket.id()));
        }
    };
    io.of("/")
        .on_connect(write("connection"))
        .on_disconnecting(write("disconnecting"))
        .on_disconnect(write("disconnect"));
    (serve(layer).await, io, journal)
}

fn journal_of(journal: &Journal) -> impl Fn(&Namespace, &RoomEvent) + Send + Sync + 'static {
    let journal = journal.clone();
    move |_, event| journal.write(describe(event))
}

/// Returns the event with the name that it has in Node.
fn describe(event: &RoomEvent) -> String {
    let kind = match event {
        RoomEvent::Created { .. } => "create-room",
        RoomEvent::Deleted { .. } => "delete-room",
        RoomEvent::Joined { .. } => "join-room",
        RoomEvent::Left { .. } => "leave-room",
        _ => "unknown",
    };
    let room: &Room = event.room();
    match event.socket() {
        Some(id) => format!("{kind} {room} {id}"),
        None => format!("{kind} {room}"),
    }
}

fn socket(io: &SocketIo<Journal>, id: &str) -> Socket {
    io.of("/").socket(id).expect("the socket")
}

async fn join_in(addr: SocketAddr, namespace: &str) -> WsClient {
    let mut client = open(addr).await;
    client.send(&format!("40{namespace},")).await;
    client
        .expect(&format!(r#"40{namespace},{{"sid":"…"}}"#))
        .await;
    client
}

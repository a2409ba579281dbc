//! Tests `fetch_sockets` and `all_sockets`.

use std::collections::BTreeSet;
use std::time::Duration;

use e2e::cluster::cluster;
use e2e::session::{id_of, join};
use e2e::sync::VirtualTime;
use socketio::{FetchError, RemoteSocket, Reply};
use socketio_testing::within;

fn ids(sockets: &[RemoteSocket]) -> BTreeSet<&str> {
    sockets.iter().map(|socket| socket.id().as_str()).collect()
}

#[tokio::test]
async fn fetch_sockets_returns_the_sockets_of_all_servers() {
    let [a, b] = cluster().await;
    let (_first, first) = join(a.addr).await;
    let (_second, second) = join(b.addr).await;
    let sockets = a.io.fetch_sockets().await.expect("both servers answer");
    assert_eq!(ids(&sockets), BTreeSet::from([&*first, &*second]));
    assert_eq!(
        sockets[0].id(),
        &*first,
        "the sockets of this server come first"
    );
    let sockets =
        b.io.of("/")
            .fetch_sockets()
            .await
            .expect("both servers answer");
    assert_eq!(ids(&sockets), BTreeSet::from([&*first, &*second]));
    let all = a.io.all_sockets().await.expect("both servers answer");
    assert_eq!(all, [&*first, &*second]);
    let all =
        b.io.of("/")
            .all_sockets()
            .await
            .expect("both servers answer");
    assert_eq!(all, [&*second, &*first]);
}

#[tokio::test]
async fn fetch_sockets_returns_only_targeted_sockets() {
    let [a, b] = cluster().await;
    let (_in_room, in_room) = join(a.addr).await;
    let (_muted, muted) = join(b.addr).await;
    let (_other, other) = join(b.addr).await;
    a.io.to([&*in_room, &*muted]).sockets_join("room");
    a.io.to(&*muted).sockets_join("muted");
    let sockets = b.io.to("room").except("muted").fetch_sockets().await;
    assert_eq!(
        ids(&sockets.expect("both servers answer")),
        BTreeSet::from([&*in_room])
    );
    let sockets = b.io.except("room").fetch_sockets().await;
    assert_eq!(
        ids(&sockets.expect("both servers answer")),
        BTreeSet::from([&*other])
    );
    let sockets = b.io.local().fetch_sockets().await;
    let sockets = sockets.expect("no other server is asked");
    assert_eq!(ids(&sockets), BTreeSet::from([&*muted, &*other]));
    let sockets = b.io.to("empty room").fetch_sockets().await;
    assert!(sockets.expect("both servers answer").is_empty());
    let all =
        b.io.to("room")
            .all_sockets()
            .await
            .expect("both servers answer");
    assert_eq!(all.len(), 2);
    // The operator of a socket excludes the socket.
    let socket = b.io.of("/").socket(&muted).expect("the socket");
    let sockets = socket.to("room").fetch_sockets().await;
    assert_eq!(
        ids(&sockets.expect("both servers answer")),
        BTreeSet::from([&*in_room])
    );
}

/// The future is `'static`.
#[tokio::test]
async fn the_future_of_fetch_sockets_can_be_spawned() {
    let [a, b] = cluster().await;
    let (_client, id) = join(b.addr).await;
    let fetching = tokio::spawn(a.io.to(&*id).fetch_sockets());
    drop(a.io);
    let sockets = fetching
        .await
        .expect("no panic")
        .expect("both servers answer");
    assert_eq!(ids(&sockets), BTreeSet::from([&*id]));
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_reported_as_missing() {
    let time = VirtualTime::start();
    let [a, b, hanging] = cluster().await;
    let (_first, first) = join(a.addr).await;
    let (_second, second) = join(b.addr).await;
    let (_third, _) = join(hanging.addr).await;
    hanging.bus_server.silence();
    let fetching = tokio::spawn(a.io.timeout(Duration::from_secs(2)).fetch_sockets());
    let failing = tokio::spawn(a.io.all_sockets());
    tokio::task::yield_now().await;
    time.advance(Duration::from_secs(2)).await;
    let error: FetchError = within("an error", fetching)
        .await
        .expect("no panic")
        .expect_err("a server is missing");
    assert!(error.reason().is_timeout(), "{error:?}");
    let missing = error.reason().missing().expect("an answer is missing");
    assert_eq!(missing.servers(), 1);
    assert_eq!(ids(error.sockets()), BTreeSet::from([&*first, &*second]));
    assert_eq!(
        error.to_string(),
        "only 2 sockets could be described: use those, or try again"
    );
    assert_eq!(error.into_sockets().len(), 2);
    assert!(
        !failing.is_finished(),
        "the timeout of the adapter is longer"
    );
    time.advance(Duration::from_secs(3)).await;
    let failed = within("an error", failing).await.expect("no panic");
    assert_eq!(failed.expect_err("a server is missing").sockets().len(), 2);
}

/// Node cannot fetch the sockets of a pattern.
#[tokio::test]
async fn a_pattern_fetches_the_sockets_of_all_its_namespaces() {
    let [server] = cluster().await;
    let rooms = server.io.of(async || true);
    let (mut client, _) = join(server.addr).await;
    let mut joined = Vec::new();
    for namespace in ["/red", "/blue"] {
        client.send(&format!("40{namespace},")).await;
        let connected = client
            .expect(&format!(r#"40{namespace},{{"sid":"…"}}"#))
            .await;
        joined.push(id_of(&connected));
    }
    let sockets = rooms
        .fetch_sockets()
        .await
        .expect("a single server answers");
    assert_eq!(ids(&sockets), joined.iter().map(String::as_str).collect());
    let blue = sockets.iter().find(|socket| *socket.id() == *joined[1]);
    let blue = blue.expect("the socket");
    assert_eq!(
        blue.local()
            .expect("the socket is local")
            .namespace()
            .name(),
        "/blue"
    );
    blue.emit("only you", &());
    client.expect(r#"42/blue,["only you"]"#).await;
    blue.disconnect();
    client.expect("41/blue,").await;
    assert!(!blue.is_local());
    assert_eq!(
        rooms.all_sockets().await.expect("a single server answers"),
        [&*joined[0]]
    );
}

#[tokio::test]
async fn a_pattern_keeps_the_answers_of_other_servers_after_a_timeout() {
    let time = VirtualTime::start();
    let [a, b, hanging] = cluster().await;
    let rooms = a.io.of(async || true);
    b.io.of("/red").on_server_event("load", async || Reply(7));
    hanging.io.of("/red");
    let (mut client, _) = join(a.addr).await;
    let mut joined = Vec::new();
    for namespace in ["/red", "/blue"] {
        client.send(&format!("40{namespace},")).await;
        let connected = client
            .expect(&format!(r#"40{namespace},{{"sid":"…"}}"#))
            .await;
        joined.push(id_of(&connected));
    }
    a.bus_server.wait_for_servers("/red", 3).await;
    hanging.bus_server.silence();
    let fetching = tokio::spawn(rooms.fetch_sockets());
    let asking = tokio::spawn(rooms.server_side_emit_with_ack::<u8>("load", &()));
    tokio::task::yield_now().await;
    time.advance(Duration::from_secs(5)).await;
    let error = within("an error", fetching).await.expect("no panic");
    let error = error.expect_err("a server is missing in one namespace");
    assert_eq!(
        ids(error.sockets()),
        joined.iter().map(String::as_str).collect()
    );
    assert_eq!(
        error.reason().missing().map(|missing| missing.servers()),
        Some(1)
    );
    let error = within("an error", asking).await.expect("no panic");
    let error = error.expect_err("a server is missing in one namespace");
    assert!(error.is_timeout());
    assert_eq!(error.answers(), [7]);
}

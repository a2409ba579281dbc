//! Each limit, reached and exceeded. Over a limit a client is not recovered, and never in part.

use std::time::Duration;

use socketio_adapter::{RecoveryOptions, Room, Target};

use crate::namespace::{TestNamespace, all};

#[test]
fn a_client_recovers_until_its_session_expires() {
    let namespace =
        TestNamespace::with(|options| options.max_disconnection_duration(Duration::from_secs(1)));
    let connection = namespace.connect("a", &[]);
    namespace.emit(1, all());
    let known = connection.offset();
    namespace.lose(&connection);
    namespace.wait(1000);
    let back = namespace.reconnect("a", &known).unwrap();
    namespace.lose(&back);
    namespace.wait(1001);
    assert!(namespace.reconnect("a", &known).is_none());
}

#[test]
fn an_offset_may_be_older_than_the_lost_connection() {
    let namespace =
        TestNamespace::with(|options| options.max_disconnection_duration(Duration::from_secs(1)));
    let connection = namespace.connect("a", &[]);
    namespace.emit(1, all());
    let known = connection.offset();
    namespace.emit(2, Target::all().to("others"));
    namespace.wait(1000);
    namespace.lose(&connection);
    namespace.wait(1000);
    let back = namespace.reconnect("a", &known).unwrap();
    namespace.wait(1);
    namespace.lose(&back);
    assert!(
        namespace.reconnect("a", &known).is_none(),
        "the second packet is older than twice the time, and nobody knows any more whom it was for"
    );
}

#[test]
fn the_last_offset_does_not_expire() {
    let namespace =
        TestNamespace::with(|options| options.max_disconnection_duration(Duration::from_secs(1)));
    let connection = namespace.connect("a", &[]);
    namespace.emit(1, all());
    let known = connection.offset();
    namespace.wait(1_000_000);
    namespace.lose(&connection);
    assert!(namespace.reconnect("a", &known).is_some());
}

#[test]
fn the_oldest_packets_are_removed_over_the_packet_limit() {
    let namespace = TestNamespace::with(|options| options.max_packets(3));
    let connection = namespace.connect("a", &[]);
    namespace.emit(1, all());
    let known = connection.offset();
    namespace.lose(&connection);
    (2..=4).for_each(|n| namespace.emit(n, all()));
    let back = namespace.reconnect("a", &known).unwrap();
    assert_eq!(back.numbers(), [2, 3, 4]);

    namespace.lose(&back);
    let session = namespace.take("a", &known).unwrap();
    namespace.emit(5, all());
    assert!(
        namespace.resume(session, &known).is_none(),
        "2 is not there"
    );
    let known = back.offset();
    namespace.lose(&back);
    assert_eq!(namespace.reconnect("a", &known).unwrap().numbers(), [5]);
}

#[test]
fn the_oldest_packets_are_removed_over_the_byte_limit() {
    // A packet counts 256 bytes, its text and its rooms.
    let namespace = TestNamespace::with(|options| options.max_packet_bytes(2 * 400));
    let connection = namespace.connect("a", &[]);
    namespace.emit(1, all());
    let known = connection.offset();
    namespace.lose(&connection);
    namespace.emit(2, all());
    namespace.emit(3, all());
    let back = namespace.reconnect("a", &known).unwrap();
    assert_eq!(back.numbers(), [2, 3]);
    namespace.lose(&back);
    namespace.emit(4, all());
    assert!(namespace.reconnect("a", &known).is_none());
}

#[test]
fn a_packet_over_the_byte_limit_is_delivered_but_not_stored() {
    let namespace = TestNamespace::with(|options| options.max_packet_bytes(1000));
    let rooms: Vec<Room> = (0..40).map(|n| Room::from(format!("room {n}"))).collect();
    let connection = namespace.connect("a", &["room 1"]);
    namespace.emit(1, all());
    let before = connection.offset();
    namespace.emit(2, Target::all().to(rooms));
    let known = connection.offset();
    assert_eq!(connection.numbers(), [1, 2]);
    namespace.lose(&connection);
    assert!(namespace.reconnect("a", &before).is_none());
    namespace.lose(&connection);
    assert!(namespace.reconnect("a", &known).is_some());
}

#[test]
fn the_oldest_sessions_are_removed_over_the_session_limit() {
    let namespace = TestNamespace::with(|options| options.max_sessions(2));
    let connections = ["a", "b", "c"].map(|id| namespace.connect(id, &[]));
    namespace.emit(1, all());
    for connection in &connections {
        namespace.lose(connection);
    }
    let known = connections[0].offset();
    assert!(namespace.reconnect("a", &known).is_none());
    assert!(namespace.reconnect("b", &known).is_some());
    assert!(namespace.reconnect("c", &known).is_some());
}

#[test]
fn the_oldest_sessions_are_removed_over_the_byte_limit() {
    // A session counts 256 bytes, its data and its room.
    let namespace = TestNamespace::with(|options| options.max_session_bytes(64 * 400));
    let ids: Vec<String> = (0..100).map(|n| format!("{n}")).collect();
    let connections: Vec<_> = ids.iter().map(|id| namespace.connect(id, &[])).collect();
    namespace.emit(1, all());
    for connection in &connections {
        namespace.lose(connection);
    }
    let known = connections[0].offset();
    assert!(namespace.reconnect(&ids[0], &known).is_none());
    assert!(namespace.reconnect(&ids[10], &known).is_none());
    for id in &ids[40..] {
        assert!(namespace.reconnect(id, &known).is_some(), "{id}");
    }
}

#[test]
fn a_large_session_does_not_displace_others() {
    let namespace = TestNamespace::with(|options| options.max_session_bytes(64 * 400));
    let small = namespace.connect("small", &["a room"]);
    namespace.emit(1, all());
    let known = small.offset();
    namespace.lose(&small);
    let mut session = namespace.take("small", &known).unwrap();
    namespace.adapter.persist_session(session.clone()).unwrap();
    session.recovery_id = "large".into();
    session.data = serde_json::json!({ "text": "x".repeat(400) });
    let error = namespace.adapter.persist_session(session).unwrap_err();
    assert!(error.to_string().ends_with("raise `max_session_bytes`"));
    assert!(namespace.take("large", &known).is_none());
    assert!(namespace.reconnect("small", &known).is_some());
}

#[test]
fn all_namespaces_share_a_byte_limit() {
    let mut shared = None;
    let first = TestNamespace::with(|options| {
        let options = options.max_total_bytes(10 * 400);
        shared = Some(options.clone());
        options
    });
    let second = TestNamespace::with(|_| shared.unwrap());
    let [a, b] = [&first, &second].map(|namespace| namespace.connect("a", &[]));
    (1..=9).for_each(|n| first.emit(n, all()));
    second.emit(1, all());
    let known = b.offset();
    second.lose(&b);
    assert!(
        second.reconnect("a", &known).is_some(),
        "one packet and one session more fit beside the nine packets"
    );

    (1..=9).for_each(|n| second.emit(n, all()));
    second.lose(&b);
    assert!(second.reconnect("a", &known).is_none());

    // Removing expired entries of another namespace frees namespace.
    drop((a, first));
    let c = second.connect("c", &[]);
    second.emit(10, all());
    let known = c.offset();
    second.lose(&c);
    (1..=5).for_each(|n| second.emit(n, all()));
    assert!(second.reconnect("c", &known).is_some());
}

#[test]
fn a_client_that_reconnects_often_has_one_session() {
    let namespace = TestNamespace::with(|options| options.max_sessions(2));
    let [quiet, noisy] = ["quiet", "noisy"].map(|id| namespace.connect(id, &[]));
    namespace.emit(1, all());
    let known = quiet.offset();
    namespace.lose(&quiet);
    for _ in 0..10 {
        namespace.lose(&noisy);
    }
    assert!(namespace.reconnect("quiet", &known).is_some());
    assert!(namespace.reconnect("noisy", &known).is_some());
}

#[test]
fn limits_of_zero_disable_recovery() {
    let none = |options: RecoveryOptions| options.max_packets(0).max_sessions(0);
    let namespace = TestNamespace::with(none);
    let connection = namespace.connect("a", &[]);
    namespace.emit(1, all());
    namespace.lose(&connection);
    assert!(namespace.reconnect("a", &connection.offset()).is_none());
}

#[test]
fn a_returned_session_keeps_its_age() {
    let namespace =
        TestNamespace::with(|options| options.max_disconnection_duration(Duration::from_secs(1)));
    let [a, b] = ["a", "b"].map(|id| namespace.connect(id, &[]));
    namespace.emit(1, all());
    let known = a.offset();
    namespace.lose(&a);
    namespace.wait(400);
    namespace.lose(&b);
    for _ in 0..3 {
        namespace.wait(200);
        let session = namespace.take("a", &known).unwrap();
        namespace.adapter.persist_session(session).unwrap();
    }
    namespace.wait(1);
    assert!(
        namespace.take("a", &known).is_none(),
        "it was lost 1001 ms ago"
    );
    assert!(namespace.reconnect("b", &known).is_some());
}

#[test]
fn expired_entries_of_an_idle_namespace_free_space() {
    let mut shared = None;
    let quiet = TestNamespace::with(|options| {
        let options = options.max_total_bytes(10 * 400);
        shared = Some(options.clone());
        options
    });
    let busy = TestNamespace::with(|_| shared.unwrap());
    let away = quiet.connect("a", &[]);
    (1..=11).for_each(|n| quiet.emit(n, all()));
    quiet.lose(&away);
    let try_it = || {
        let b = busy.connect("b", &[]);
        busy.emit(1, all());
        let known = b.offset();
        busy.lose(&b);
        busy.emit(2, all());
        busy.reconnect("b", &known)
    };
    assert!(try_it().is_none(), "the total limit is reached");
    // Both namespaces use the same clock.
    quiet.wait(4 * 60 * 1000 + 1);
    assert!(try_it().is_some());
}

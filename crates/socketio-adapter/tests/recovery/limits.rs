//! Each bound, met and crossed. Over it a client is not recovered; it is never told only a part.

use std::time::Duration;

use socketio_adapter::{RecoveryOptions, Room, Target};

use crate::namespace::{Space, everyone};

#[test]
fn a_client_may_come_back_until_its_time_is_over() {
    let space = Space::with(|options| options.max_disconnection_duration(Duration::from_secs(1)));
    let connection = space.connect("a", &[]);
    space.emit(1, everyone());
    let known = connection.offset();
    space.lose(&connection);
    space.wait(1000);
    let back = space.come_back("a", &known).unwrap();
    space.lose(&back);
    space.wait(1001);
    assert!(space.come_back("a", &known).is_none());
}

#[test]
fn the_last_packet_that_a_client_knows_may_be_older_than_its_loss() {
    let space = Space::with(|options| options.max_disconnection_duration(Duration::from_secs(1)));
    let connection = space.connect("a", &[]);
    space.emit(1, everyone());
    let known = connection.offset();
    space.emit(2, Target::all().to("others"));
    space.wait(1000);
    space.lose(&connection);
    space.wait(1000);
    let back = space.come_back("a", &known).unwrap();
    space.wait(1);
    space.lose(&back);
    assert!(
        space.come_back("a", &known).is_none(),
        "the second packet is older than twice the time, and nobody knows any more whom it was for"
    );
}

#[test]
fn where_nothing_was_sent_since_an_offset_is_good_however_old() {
    let space = Space::with(|options| options.max_disconnection_duration(Duration::from_secs(1)));
    let connection = space.connect("a", &[]);
    space.emit(1, everyone());
    let known = connection.offset();
    space.wait(1_000_000);
    space.lose(&connection);
    assert!(space.come_back("a", &known).is_some());
}

#[test]
fn the_oldest_packets_go_when_there_are_too_many() {
    let space = Space::with(|options| options.max_packets(3));
    let connection = space.connect("a", &[]);
    space.emit(1, everyone());
    let known = connection.offset();
    space.lose(&connection);
    (2..=4).for_each(|n| space.emit(n, everyone()));
    let back = space.come_back("a", &known).unwrap();
    assert_eq!(back.numbers(), [2, 3, 4]);

    space.lose(&back);
    let session = space.take("a", &known).unwrap();
    space.emit(5, everyone());
    assert!(space.resume(session, &known).is_none(), "2 is not there");
    let known = back.offset();
    space.lose(&back);
    assert_eq!(space.come_back("a", &known).unwrap().numbers(), [5]);
}

#[test]
fn the_oldest_packets_go_when_they_take_too_much() {
    // Each takes 256 bytes, its text, and its rooms.
    let space = Space::with(|options| options.max_packet_bytes(2 * 400));
    let connection = space.connect("a", &[]);
    space.emit(1, everyone());
    let known = connection.offset();
    space.lose(&connection);
    space.emit(2, everyone());
    space.emit(3, everyone());
    let back = space.come_back("a", &known).unwrap();
    assert_eq!(back.numbers(), [2, 3]);
    space.lose(&back);
    space.emit(4, everyone());
    assert!(space.come_back("a", &known).is_none());
}

#[test]
fn a_packet_that_is_too_large_alone_is_delivered_and_not_kept() {
    let space = Space::with(|options| options.max_packet_bytes(1000));
    let rooms: Vec<Room> = (0..40).map(|n| Room::from(format!("room {n}"))).collect();
    let connection = space.connect("a", &["room 1"]);
    space.emit(1, everyone());
    let before = connection.offset();
    space.emit(2, Target::all().to(rooms));
    let known = connection.offset();
    assert_eq!(connection.numbers(), [1, 2]);
    space.lose(&connection);
    assert!(space.come_back("a", &before).is_none());
    space.lose(&connection);
    assert!(space.come_back("a", &known).is_some());
}

#[test]
fn the_oldest_sessions_go_when_there_are_too_many() {
    let space = Space::with(|options| options.max_sessions(2));
    let connections = ["a", "b", "c"].map(|id| space.connect(id, &[]));
    space.emit(1, everyone());
    for connection in &connections {
        space.lose(connection);
    }
    let known = connections[0].offset();
    assert!(space.come_back("a", &known).is_none());
    assert!(space.come_back("b", &known).is_some());
    assert!(space.come_back("c", &known).is_some());
}

#[test]
fn the_oldest_sessions_go_when_they_take_too_much() {
    // Each takes 256 bytes, its data, and its room.
    let space = Space::with(|options| options.max_session_bytes(64 * 400));
    let ids: Vec<String> = (0..100).map(|n| format!("{n}")).collect();
    let connections: Vec<_> = ids.iter().map(|id| space.connect(id, &[])).collect();
    space.emit(1, everyone());
    for connection in &connections {
        space.lose(connection);
    }
    let known = connections[0].offset();
    assert!(space.come_back(&ids[0], &known).is_none());
    assert!(space.come_back(&ids[10], &known).is_none());
    for id in &ids[40..] {
        assert!(space.come_back(id, &known).is_some(), "{id}");
    }
}

#[test]
fn one_large_session_does_not_drive_out_the_others() {
    let space = Space::with(|options| options.max_session_bytes(64 * 400));
    let small = space.connect("small", &["a room"]);
    space.emit(1, everyone());
    let known = small.offset();
    space.lose(&small);
    let mut session = space.take("small", &known).unwrap();
    space.adapter.persist_session(session.clone()).unwrap();
    session.recovery_id = "large".into();
    session.data = serde_json::json!({ "text": "x".repeat(400) });
    let error = space.adapter.persist_session(session).unwrap_err();
    assert!(error.to_string().ends_with("raise `max_session_bytes`"));
    assert!(space.take("large", &known).is_none());
    assert!(space.come_back("small", &known).is_some());
}

#[test]
fn all_namespaces_together_have_a_bound_too() {
    let mut shared = None;
    let first = Space::with(|options| {
        let options = options.max_total_bytes(10 * 400);
        shared = Some(options.clone());
        options
    });
    let second = Space::with(|_| shared.unwrap());
    let [a, b] = [&first, &second].map(|space| space.connect("a", &[]));
    (1..=9).for_each(|n| first.emit(n, everyone()));
    second.emit(1, everyone());
    let known = b.offset();
    second.lose(&b);
    assert!(
        second.come_back("a", &known).is_some(),
        "one packet and one session more fit beside the nine packets"
    );

    (1..=9).for_each(|n| second.emit(n, everyone()));
    second.lose(&b);
    assert!(second.come_back("a", &known).is_none());

    // What another namespace forgets makes room.
    drop((a, first));
    let c = second.connect("c", &[]);
    second.emit(10, everyone());
    let known = c.offset();
    second.lose(&c);
    (1..=5).for_each(|n| second.emit(n, everyone()));
    assert!(second.come_back("c", &known).is_some());
}

#[test]
fn one_client_that_drops_again_and_again_is_kept_once() {
    let space = Space::with(|options| options.max_sessions(2));
    let [quiet, noisy] = ["quiet", "noisy"].map(|id| space.connect(id, &[]));
    space.emit(1, everyone());
    let known = quiet.offset();
    space.lose(&quiet);
    for _ in 0..10 {
        space.lose(&noisy);
    }
    assert!(space.come_back("quiet", &known).is_some());
    assert!(space.come_back("noisy", &known).is_some());
}

#[test]
fn bounds_of_nothing_keep_nothing() {
    let none = |options: RecoveryOptions| options.max_packets(0).max_sessions(0);
    let space = Space::with(none);
    let connection = space.connect("a", &[]);
    space.emit(1, everyone());
    space.lose(&connection);
    assert!(space.come_back("a", &connection.offset()).is_none());
}

#[test]
fn a_session_that_is_given_back_is_not_younger() {
    let space = Space::with(|options| options.max_disconnection_duration(Duration::from_secs(1)));
    let [a, b] = ["a", "b"].map(|id| space.connect(id, &[]));
    space.emit(1, everyone());
    let known = a.offset();
    space.lose(&a);
    space.wait(400);
    space.lose(&b);
    for _ in 0..3 {
        space.wait(200);
        let session = space.take("a", &known).unwrap();
        space.adapter.persist_session(session).unwrap();
    }
    space.wait(1);
    assert!(space.take("a", &known).is_none(), "it was lost 1001 ms ago");
    assert!(space.come_back("b", &known).is_some());
}

#[test]
fn what_is_too_old_makes_room_where_nobody_looks_at_it() {
    let mut shared = None;
    let quiet = Space::with(|options| {
        let options = options.max_total_bytes(10 * 400);
        shared = Some(options.clone());
        options
    });
    let busy = Space::with(|_| shared.unwrap());
    let away = quiet.connect("a", &[]);
    (1..=11).for_each(|n| quiet.emit(n, everyone()));
    quiet.lose(&away);
    let try_it = || {
        let b = busy.connect("b", &[]);
        busy.emit(1, everyone());
        let known = b.offset();
        busy.lose(&b);
        busy.emit(2, everyone());
        busy.come_back("b", &known)
    };
    assert!(try_it().is_none(), "there is no room");
    // The clock is that of both.
    quiet.wait(4 * 60 * 1000 + 1);
    assert!(try_it().is_some());
}

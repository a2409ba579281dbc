//! The rules of Node's server, one by one.

use std::sync::{Arc, Weak};

use futures_util::FutureExt;
use socketio_adapter::{Adapter, BroadcastOptions, Resume, Target};
use socketio_proto::PacketType;

use crate::namespace::{Space, event, everyone, number, offset};

#[test]
fn an_event_bears_its_offset_as_last_argument() {
    let space = Space::new();
    let connection = space.connect("a", &[]);
    space.emit(1, everyone());
    space.emit(2, Target::all().to("a"));
    let received = connection.received();
    assert_eq!(connection.numbers(), [1, 2]);
    let offsets: Vec<String> = (received.iter())
        .map(|packet| packet.payload.deserialize::<(u64, String)>().unwrap().1)
        .collect();
    assert_ne!(offsets[0], offsets[1]);
}

#[test]
fn what_is_volatile_or_wants_an_answer_or_is_no_event_is_not_kept() {
    let space = Space::new();
    let connection = space.connect("a", &[]);
    space.emit(1, everyone());
    let known = connection.offset();
    let mut volatile = BroadcastOptions::default();
    volatile.flags.volatile = true;
    space.adapter.broadcast(event(2), volatile);
    let mut asking = event(3);
    asking.id = Some(7);
    space.adapter.broadcast(asking, everyone().into());
    drop(
        space
            .adapter
            .broadcast_with_ack(event(4), everyone().into()),
    );
    let mut other = event(5);
    other.kind = PacketType::Ack;
    space.adapter.broadcast(other, everyone().into());
    assert_eq!(connection.numbers(), [1, 2, 3, 4, 5]);
    assert_eq!(connection.offset(), known, "only the first bears an offset");

    space.lose(&connection);
    let back = space.come_back("a", &known).unwrap();
    assert!(back.numbers().is_empty());
}

#[test]
fn the_flags_of_what_was_missed_are_kept() {
    let space = Space::new();
    let connection = space.connect("a", &[]);
    space.emit(1, everyone());
    let known = connection.offset();
    space.lose(&connection);
    let mut options = BroadcastOptions::default();
    options.flags.compress = false;
    space.adapter.broadcast(event(2), options);
    let session = space.take("a", &known).unwrap();
    let resume = Resume::new(|missed| {
        assert_eq!(missed.len(), 1);
        !missed[0].flags.compress
    });
    let resumed = space.adapter.resume_session(session, known, resume);
    assert!(resumed.now_or_never().unwrap().unwrap());
}

#[test]
fn missed_is_what_was_meant_for_the_rooms_of_the_session() {
    let space = Space::new();
    let connection = space.connect("a", &["red", "blue"]);
    space.emit(1, everyone());
    let known = connection.offset();
    space.lose(&connection);
    space.emit(2, everyone());
    space.emit(3, Target::all().to("red"));
    space.emit(4, Target::all().to("green"));
    space.emit(5, Target::all().to(["green", "blue"]));
    space.emit(6, Target::all().except("red"));
    space.emit(7, Target::all().to("red").except("blue"));
    space.emit(8, Target::all().to("red").except("green"));
    space.emit(9, Target::all().to("a"));
    space.emit(10, Target::all().to("b"));
    space.emit(11, Target::all().to("red").except("a"));

    let back = space.come_back("a", &known).unwrap();
    assert_eq!(back.numbers(), [2, 3, 5, 8, 9]);
    space.emit(12, Target::all().to("blue"));
    assert_eq!(back.numbers(), [2, 3, 5, 8, 9, 12]);
    assert_eq!(
        space.sockets.rooms.rooms_of(&back),
        ["a", "red", "blue"].map(socketio_adapter::Room::from)
    );
}

#[test]
fn a_session_is_taken_once() {
    let space = Space::new();
    let connection = space.connect("a", &[]);
    space.emit(1, everyone());
    let known = connection.offset();
    space.lose(&connection);
    let session = space.take("a", &known).unwrap();
    assert_eq!(session.data, serde_json::json!({ "of": "a" }));
    assert!(space.take("a", &known).is_none());
    // Until it is kept anew.
    space.adapter.persist_session(session).unwrap();
    assert!(space.come_back("a", &known).is_some());
    assert!(space.come_back("a", &known).is_none());
}

#[test]
fn an_unknown_session_or_offset_is_not_resumed() {
    let (space, other) = (Space::new(), Space::new());
    let connection = space.connect("a", &[]);
    space.emit(1, everyone());
    let known = connection.offset();
    let foreign = other.connect("a", &[]);
    other.emit(1, everyone());
    assert!(space.come_back("a", &known).is_none(), "it is not lost");
    space.lose(&connection);
    assert!(space.come_back("b", &known).is_none());
    for wrong in [
        "",
        "1",
        &foreign.offset(),
        &known.replace(".1", ".0"),
        &known.replace(".1", ".2"),
    ] {
        space.lose(&connection);
        assert!(space.come_back("a", wrong).is_none(), "{wrong:?}");
    }
    space.lose(&connection);
    assert!(space.come_back("a", &known).is_some());
}

#[test]
fn a_socket_that_was_not_taken_back_is_not_resumed() {
    let space = Space::new();
    let connection = space.connect("a", &[]);
    space.emit(1, everyone());
    let known = connection.offset();
    space.lose(&connection);
    let session = space.take("a", &known).unwrap();
    let resume = Resume::new(|_| false);
    let resumed = space.adapter.resume_session(session, known, resume);
    assert!(!resumed.now_or_never().unwrap().unwrap());
}

#[test]
fn nothing_is_known_after_the_end() {
    let space = Space::new();
    let connection = space.connect("a", &[]);
    space.emit(1, everyone());
    let known = connection.offset();
    space.lose(&connection);
    space.adapter.close().now_or_never().unwrap().unwrap();
    assert!(space.come_back("a", &known).is_none());
    space.lose(&connection);
    assert!(space.come_back("a", &known).is_none());
}

#[test]
fn what_a_delivery_sends_in_turn_follows_it() {
    let space = Arc::new(Space::new());
    let connection = space.connect("a", &[]);
    let adapter: Weak<dyn Adapter> = Arc::downgrade(&space.adapter);
    *space.sockets.listener.lock().unwrap() = Some(Arc::new(move |packet| {
        let number = number(packet);
        if number < 100 {
            let adapter = adapter.upgrade().unwrap();
            adapter.broadcast(event(number * 10), everyone().into());
            adapter.broadcast(event(number * 10 + 1), everyone().into());
        }
    }));
    space.emit(1, everyone());
    assert_eq!(connection.numbers(), [1, 10, 11, 100, 101, 110, 111]);

    // A client that has seen only the first two misses the others, in the same order.
    let received = connection.received();
    let known = offset(&received[..2]).unwrap();
    space.lose(&connection);
    let back = space.come_back("a", &known).unwrap();
    assert_eq!(back.received(), received[2..]);
}

#[test]
fn nobody_is_taken_back_from_within_a_delivery() {
    let space = Arc::new(Space::new());
    let connection = space.connect("a", &[]);
    space.emit(1, everyone());
    let known = connection.offset();
    space.lose(&connection);
    let inside = Arc::downgrade(&space);
    *space.sockets.listener.lock().unwrap() = Some(Arc::new(move |_| {
        assert!(inside.upgrade().unwrap().come_back("a", &known).is_none());
    }));
    space.emit(2, everyone());
}

#[test]
fn a_delivery_that_panics_does_not_stop_the_next() {
    let space = Space::new();
    let connection = space.connect("a", &[]);
    *space.sockets.listener.lock().unwrap() = Some(Arc::new(|packet| {
        assert_ne!(number(packet), 1, "on purpose");
    }));
    let panicking = std::panic::AssertUnwindSafe(|| space.emit(1, everyone()));
    assert!(std::panic::catch_unwind(panicking).is_err());
    space.emit(2, everyone());
    assert_eq!(connection.numbers(), [1, 2]);
}

#[test]
fn what_waits_when_a_delivery_panics_comes_before_the_next() {
    let space = Space::new();
    let connection = space.connect("a", &[]);
    let adapter: Weak<dyn Adapter> = Arc::downgrade(&space.adapter);
    *space.sockets.listener.lock().unwrap() = Some(Arc::new(move |packet| {
        if number(packet) == 1 {
            let adapter = adapter.upgrade().unwrap();
            adapter.broadcast(event(10), everyone().into());
            panic!("on purpose");
        }
    }));
    let panicking = std::panic::AssertUnwindSafe(|| space.emit(1, everyone()));
    assert!(std::panic::catch_unwind(panicking).is_err());
    space.emit(2, everyone());
    assert_eq!(connection.numbers(), [1, 10, 2]);
}

#[test]
fn attachments_are_kept() {
    use bytes::Bytes;
    use socketio_adapter::{Args, Packet};
    let space = Space::new();
    let connection = space.connect("a", &[]);
    space.emit(1, everyone());
    let known = connection.offset();
    space.lose(&connection);
    let large = Bytes::from(vec![7; 1000]);
    let args = Args::from_serialize(Some("file"), &(1, large.slice(10..12))).unwrap();
    let packet = Packet::event(socketio_proto::Namespace::default(), args);
    space.adapter.broadcast(packet, everyone().into());
    let back = space.come_back("a", &known).unwrap();
    let received = back.received();
    assert_eq!(
        received[0].payload.attachments(),
        [Bytes::from_static(&[7, 7])]
    );
    let (_, bytes, offset): (u64, Bytes, String) = received[0].payload.deserialize().unwrap();
    assert_eq!(bytes.len(), 2);
    assert!(!offset.is_empty());
}

/// A client says itself what it has seen last, and may know the offsets of others.
#[test]
fn nothing_is_told_of_the_time_before_the_client_joined() {
    let space = Space::new();
    let early = space.connect("a", &["red"]);
    space.emit(1, everyone());
    let known = early.offset();
    space.emit(2, everyone());
    let late = space.connect("b", &["red"]);
    space.emit(3, everyone());
    space.lose(&late);
    space.emit(4, Target::all().to("red"));
    let back = space.come_back("b", &known).unwrap();
    assert_eq!(back.numbers(), [3, 4]);
    // Coming back is not joining.
    space.lose(&back);
    assert_eq!(space.come_back("b", &known).unwrap().numbers(), [3, 4]);
    space.lose(&early);
    assert_eq!(space.come_back("a", &known).unwrap().numbers(), [2, 3, 4]);
}

#[test]
fn what_was_before_it_joined_need_not_be_there() {
    let space = Space::with(|options| options.max_packets(2));
    let early = space.connect("a", &[]);
    space.emit(1, everyone());
    let known = early.offset();
    space.emit(2, everyone());
    let late = space.connect("b", &[]);
    (3..=4).for_each(|n| space.emit(n, everyone()));
    space.lose(&early);
    assert!(space.come_back("a", &known).is_none());
    space.lose(&late);
    assert_eq!(space.come_back("b", &known).unwrap().numbers(), [3, 4]);
}

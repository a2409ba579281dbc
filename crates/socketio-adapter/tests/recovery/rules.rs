//! The rules of Node's server, one test each.

use std::sync::{Arc, Weak};

use futures_util::FutureExt;
use socketio_adapter::{Adapter, BroadcastOptions, Resume, Target};
use socketio_proto::PacketType;

use crate::namespace::{TestNamespace, all, event, number, offset};

#[test]
fn an_event_has_its_offset_as_last_argument() {
    let namespace = TestNamespace::new();
    let connection = namespace.connect("a", &[]);
    namespace.emit(1, all());
    namespace.emit(2, Target::all().to("a"));
    let received = connection.received();
    assert_eq!(connection.numbers(), [1, 2]);
    let offsets: Vec<String> = (received.iter())
        .map(|packet| packet.payload.deserialize::<(u64, String)>().unwrap().1)
        .collect();
    assert_ne!(offsets[0], offsets[1]);
}

#[test]
fn only_plain_events_are_stored() {
    let namespace = TestNamespace::new();
    let connection = namespace.connect("a", &[]);
    namespace.emit(1, all());
    let known = connection.offset();
    let mut volatile = BroadcastOptions::default();
    volatile.flags.volatile = true;
    namespace.adapter.broadcast(event(2), volatile);
    let mut asking = event(3);
    asking.id = Some(7);
    namespace.adapter.broadcast(asking, all().into());
    drop(namespace.adapter.broadcast_with_ack(event(4), all().into()));
    let mut other = event(5);
    other.kind = PacketType::Ack;
    namespace.adapter.broadcast(other, all().into());
    assert_eq!(connection.numbers(), [1, 2, 3, 4, 5]);
    assert_eq!(connection.offset(), known, "only the first has an offset");

    namespace.lose(&connection);
    let back = namespace.reconnect("a", &known).unwrap();
    assert!(back.numbers().is_empty());
}

#[test]
fn missed_packets_keep_their_flags() {
    let namespace = TestNamespace::new();
    let connection = namespace.connect("a", &[]);
    namespace.emit(1, all());
    let known = connection.offset();
    namespace.lose(&connection);
    let mut options = BroadcastOptions::default();
    options.flags.compress = false;
    namespace.adapter.broadcast(event(2), options);
    let session = namespace.take("a", &known).unwrap();
    let resume = Resume::new(|missed| {
        assert_eq!(missed.len(), 1);
        !missed[0].flags.compress
    });
    let resumed = namespace.adapter.resume_session(session, known, resume);
    assert!(resumed.now_or_never().unwrap().unwrap());
}

#[test]
fn missed_packets_are_selected_by_the_rooms_of_the_session() {
    let namespace = TestNamespace::new();
    let connection = namespace.connect("a", &["red", "blue"]);
    namespace.emit(1, all());
    let known = connection.offset();
    namespace.lose(&connection);
    namespace.emit(2, all());
    namespace.emit(3, Target::all().to("red"));
    namespace.emit(4, Target::all().to("green"));
    namespace.emit(5, Target::all().to(["green", "blue"]));
    namespace.emit(6, Target::all().except("red"));
    namespace.emit(7, Target::all().to("red").except("blue"));
    namespace.emit(8, Target::all().to("red").except("green"));
    namespace.emit(9, Target::all().to("a"));
    namespace.emit(10, Target::all().to("b"));
    namespace.emit(11, Target::all().to("red").except("a"));

    let back = namespace.reconnect("a", &known).unwrap();
    assert_eq!(back.numbers(), [2, 3, 5, 8, 9]);
    namespace.emit(12, Target::all().to("blue"));
    assert_eq!(back.numbers(), [2, 3, 5, 8, 9, 12]);
    assert_eq!(
        namespace.sockets.rooms.rooms_of(&back),
        ["a", "red", "blue"].map(socketio_adapter::Room::from)
    );
}

#[test]
fn a_session_is_taken_once() {
    let namespace = TestNamespace::new();
    let connection = namespace.connect("a", &[]);
    namespace.emit(1, all());
    let known = connection.offset();
    namespace.lose(&connection);
    let session = namespace.take("a", &known).unwrap();
    assert_eq!(session.data, serde_json::json!({ "of": "a" }));
    assert!(namespace.take("a", &known).is_none());
    // Until it is stored again.
    namespace.adapter.persist_session(session).unwrap();
    assert!(namespace.reconnect("a", &known).is_some());
    assert!(namespace.reconnect("a", &known).is_none());
}

#[test]
fn an_unknown_session_or_offset_is_not_resumed() {
    let (namespace, other) = (TestNamespace::new(), TestNamespace::new());
    let connection = namespace.connect("a", &[]);
    namespace.emit(1, all());
    let known = connection.offset();
    let foreign = other.connect("a", &[]);
    other.emit(1, all());
    assert!(namespace.reconnect("a", &known).is_none(), "it is not lost");
    namespace.lose(&connection);
    assert!(namespace.reconnect("b", &known).is_none());
    for wrong in [
        "",
        "1",
        &foreign.offset(),
        &known.replace(".1", ".0"),
        &known.replace(".1", ".2"),
    ] {
        namespace.lose(&connection);
        assert!(namespace.reconnect("a", wrong).is_none(), "{wrong:?}");
    }
    namespace.lose(&connection);
    assert!(namespace.reconnect("a", &known).is_some());
}

#[test]
fn a_socket_that_is_not_recovered_is_not_resumed() {
    let namespace = TestNamespace::new();
    let connection = namespace.connect("a", &[]);
    namespace.emit(1, all());
    let known = connection.offset();
    namespace.lose(&connection);
    let session = namespace.take("a", &known).unwrap();
    let resume = Resume::new(|_| false);
    let resumed = namespace.adapter.resume_session(session, known, resume);
    assert!(!resumed.now_or_never().unwrap().unwrap());
}

#[test]
fn a_closed_adapter_has_no_sessions_or_offsets() {
    let namespace = TestNamespace::new();
    let connection = namespace.connect("a", &[]);
    namespace.emit(1, all());
    let known = connection.offset();
    namespace.lose(&connection);
    namespace.adapter.close().now_or_never().unwrap().unwrap();
    assert!(namespace.reconnect("a", &known).is_none());
    namespace.lose(&connection);
    assert!(namespace.reconnect("a", &known).is_none());
}

#[test]
fn packets_sent_during_a_delivery_follow_it() {
    let namespace = Arc::new(TestNamespace::new());
    let connection = namespace.connect("a", &[]);
    let adapter: Weak<dyn Adapter> = Arc::downgrade(&namespace.adapter);
    *namespace.sockets.listener.lock().unwrap() = Some(Arc::new(move |packet| {
        let number = number(packet);
        if number < 100 {
            let adapter = adapter.upgrade().unwrap();
            adapter.broadcast(event(number * 10), all().into());
            adapter.broadcast(event(number * 10 + 1), all().into());
        }
    }));
    namespace.emit(1, all());
    assert_eq!(connection.numbers(), [1, 10, 11, 100, 101, 110, 111]);

    // A client that has seen only the first two has missed the others, in the same order.
    let received = connection.received();
    let known = offset(&received[..2]).unwrap();
    namespace.lose(&connection);
    let back = namespace.reconnect("a", &known).unwrap();
    assert_eq!(back.received(), received[2..]);
}

#[test]
fn no_socket_is_recovered_during_a_delivery() {
    let namespace = Arc::new(TestNamespace::new());
    let connection = namespace.connect("a", &[]);
    namespace.emit(1, all());
    let known = connection.offset();
    namespace.lose(&connection);
    let inside = Arc::downgrade(&namespace);
    *namespace.sockets.listener.lock().unwrap() = Some(Arc::new(move |_| {
        assert!(inside.upgrade().unwrap().reconnect("a", &known).is_none());
    }));
    namespace.emit(2, all());
}

#[test]
fn a_delivery_that_panics_does_not_stop_the_next() {
    let namespace = TestNamespace::new();
    let connection = namespace.connect("a", &[]);
    *namespace.sockets.listener.lock().unwrap() = Some(Arc::new(|packet| {
        assert_ne!(number(packet), 1, "on purpose");
    }));
    let panicking = std::panic::AssertUnwindSafe(|| namespace.emit(1, all()));
    assert!(std::panic::catch_unwind(panicking).is_err());
    namespace.emit(2, all());
    assert_eq!(connection.numbers(), [1, 2]);
}

#[test]
fn packets_that_wait_when_a_delivery_panics_are_delivered_first() {
    let namespace = TestNamespace::new();
    let connection = namespace.connect("a", &[]);
    let adapter: Weak<dyn Adapter> = Arc::downgrade(&namespace.adapter);
    *namespace.sockets.listener.lock().unwrap() = Some(Arc::new(move |packet| {
        if number(packet) == 1 {
            let adapter = adapter.upgrade().unwrap();
            adapter.broadcast(event(10), all().into());
            panic!("on purpose");
        }
    }));
    let panicking = std::panic::AssertUnwindSafe(|| namespace.emit(1, all()));
    assert!(std::panic::catch_unwind(panicking).is_err());
    namespace.emit(2, all());
    assert_eq!(connection.numbers(), [1, 10, 2]);
}

#[test]
fn attachments_are_stored() {
    use bytes::Bytes;
    use socketio_adapter::{Args, Packet};
    let namespace = TestNamespace::new();
    let connection = namespace.connect("a", &[]);
    namespace.emit(1, all());
    let known = connection.offset();
    namespace.lose(&connection);
    let large = Bytes::from(vec![7; 1000]);
    let args = Args::from_serialize(Some("file"), &(1, large.slice(10..12))).unwrap();
    let packet = Packet::event(socketio_proto::Namespace::default(), args);
    namespace.adapter.broadcast(packet, all().into());
    let back = namespace.reconnect("a", &known).unwrap();
    let received = back.received();
    assert_eq!(
        received[0].payload.attachments(),
        [Bytes::from_static(&[7, 7])]
    );
    let (_, bytes, offset): (u64, Bytes, String) = received[0].payload.deserialize().unwrap();
    assert_eq!(bytes.len(), 2);
    assert!(!offset.is_empty());
}

/// The offset is input from the client, which may know the offsets of other clients.
#[test]
fn packets_from_before_the_client_joined_are_not_replayed() {
    let namespace = TestNamespace::new();
    let early = namespace.connect("a", &["red"]);
    namespace.emit(1, all());
    let known = early.offset();
    namespace.emit(2, all());
    let late = namespace.connect("b", &["red"]);
    namespace.emit(3, all());
    namespace.lose(&late);
    namespace.emit(4, Target::all().to("red"));
    let back = namespace.reconnect("b", &known).unwrap();
    assert_eq!(back.numbers(), [3, 4]);
    // A recovery keeps the offset of the first join.
    namespace.lose(&back);
    assert_eq!(namespace.reconnect("b", &known).unwrap().numbers(), [3, 4]);
    namespace.lose(&early);
    assert_eq!(
        namespace.reconnect("a", &known).unwrap().numbers(),
        [2, 3, 4]
    );
}

#[test]
fn packets_from_before_the_client_joined_may_be_removed() {
    let namespace = TestNamespace::with(|options| options.max_packets(2));
    let early = namespace.connect("a", &[]);
    namespace.emit(1, all());
    let known = early.offset();
    namespace.emit(2, all());
    let late = namespace.connect("b", &[]);
    (3..=4).for_each(|n| namespace.emit(n, all()));
    namespace.lose(&early);
    assert!(namespace.reconnect("a", &known).is_none());
    namespace.lose(&late);
    assert_eq!(namespace.reconnect("b", &known).unwrap().numbers(), [3, 4]);
}

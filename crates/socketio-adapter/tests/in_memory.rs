//! The adapter of a single server, with sockets that record the calls.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use socketio_adapter::{
    AckGuard, AckSink, Adapter, AdapterFactory, Args, BroadcastOptions, InMemoryAdapter,
    LocalSockets, Packet, PendingAck, RecoveryId, RemoteSocketInfo, RoomList, RoomObserver,
    ServerSideReply, StoredSession, Target,
};
use socketio_proto::Namespace;

/// Two sockets, "a" and "b", and the recorded calls.
#[derive(Default)]
struct Sockets {
    calls: Mutex<Vec<String>>,
    pending: Arc<Mutex<BTreeMap<&'static str, PendingAck>>>,
}

impl Sockets {
    fn record(&self, call: String) {
        self.calls.lock().unwrap().push(call);
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

impl LocalSockets for Sockets {
    fn broadcast(&self, _: &Packet, options: &BroadcastOptions) {
        let rooms = options.target.rooms();
        self.record(format!("broadcast {rooms:?} {}", options.flags.volatile));
    }

    fn broadcast_with_ack(
        &self,
        _: &Packet,
        _: &BroadcastOptions,
        sink: Arc<dyn AckSink>,
    ) -> AckGuard {
        for id in ["a", "b"] {
            let owed = PendingAck::new(id.into(), Arc::clone(&sink));
            self.pending.lock().unwrap().insert(id, owed);
        }
        sink.count(2);
        let pending = Arc::clone(&self.pending);
        AckGuard::new(move || pending.lock().unwrap().clear())
    }

    fn join(&self, target: &Target, rooms: &RoomList) {
        self.record(format!("join {:?} {rooms:?}", target.rooms()));
    }

    fn leave(&self, target: &Target, rooms: &RoomList) {
        self.record(format!("leave {:?} {rooms:?}", target.rooms()));
    }

    fn disconnect(&self, target: &Target, close: bool) {
        self.record(format!("disconnect {:?} {close}", target.rooms()));
    }

    fn fetch(&self, target: &Target) -> Vec<RemoteSocketInfo> {
        let info = RemoteSocketInfo::new("a".into(), target.rooms().to_vec());
        vec![info.with_handshake(serde_json::json!({ "address": "127.0.0.1" }))]
    }

    fn count(&self) -> usize {
        2
    }

    fn observe_rooms(&self, _: Arc<dyn RoomObserver>) {}

    fn server_side_event(&self, _: Args, _: Option<ServerSideReply>) {
        unreachable!("there is no other server");
    }
}

fn single_server() -> (Arc<Sockets>, Arc<dyn Adapter>) {
    let namespace = Arc::new(Sockets::default());
    let adapter = InMemoryAdapter::factory().create("/", Arc::clone(&namespace) as _);
    (namespace, adapter)
}

fn red() -> BroadcastOptions {
    Target::all().to("red").into()
}

#[test]
fn operations_reach_the_sockets_of_this_server() {
    let (namespace, adapter) = single_server();
    let mut volatile = red();
    volatile.flags.volatile = true;
    adapter.broadcast(packet(), volatile);
    adapter.add_sockets(red(), ["x", "y"].into_iter().collect());
    adapter.del_sockets(red(), ["x"].into_iter().collect());
    adapter.disconnect_sockets(red(), true);
    assert_eq!(
        namespace.calls(),
        [
            r#"broadcast ["red"] true"#,
            r#"join ["red"] ["x", "y"]"#,
            r#"leave ["red"] ["x"]"#,
            r#"disconnect ["red"] true"#,
        ]
    );
    let sockets = adapter.fetch_sockets(red()).now_or_never().unwrap();
    assert_eq!(sockets.unwrap()[0].rooms, ["red"]);
}

#[test]
fn only_this_server_acknowledges() {
    let (namespace, adapter) = single_server();
    let answers = adapter.broadcast_with_ack(packet(), red());
    let mut pending = std::mem::take(&mut *namespace.pending.lock().unwrap());
    pending.remove("b").unwrap().answer(args());
    drop(pending); // "a" has left
    assert_eq!(answers.all().now_or_never().unwrap(), [args()]);
}

#[test]
fn dropping_the_answers_removes_pending_acknowledgements() {
    let (namespace, adapter) = single_server();
    let answers = adapter.broadcast_with_ack(packet(), red());
    assert_eq!(namespace.pending.lock().unwrap().len(), 2);
    drop(answers);
    assert!(namespace.pending.lock().unwrap().is_empty());
}

#[test]
fn there_is_no_other_server() {
    let (_, adapter) = single_server();
    assert!(adapter.init().now_or_never().unwrap().is_ok());
    assert_eq!(adapter.server_count().now_or_never().unwrap().unwrap(), 1);
    adapter.server_side_emit(args());
    let answers = adapter.server_side_emit_with_ack(args());
    assert!(answers.now_or_never().unwrap().unwrap().is_empty());
    assert!(adapter.close().now_or_never().unwrap().is_ok());
}

#[test]
fn recovery_is_not_supported_by_default() {
    let (_, adapter) = single_server();
    let session = StoredSession::new("a".into(), RecoveryId::from("secret"), Vec::new());
    assert!(!format!("{session:?}").contains("secret"));
    assert!(
        adapter
            .persist_session(session)
            .unwrap_err()
            .is_not_supported()
    );

    assert!(!adapter.supports_recovery());
    let taken = adapter.take_session(RecoveryId::from("secret"), String::new());
    let error = taken.now_or_never().unwrap().unwrap_err();
    assert!(error.is_not_supported() && !error.is_timeout());
    assert!(error.to_string().ends_with("configure one that does"));
}

#[test]
fn a_session_has_the_format_of_nodes_servers() {
    let json = r#"{"sid":"a","pid":"secret","rooms":["a","red"],"data":{"name":"x"}}"#;
    let session: StoredSession = serde_json::from_str(json).unwrap();
    assert_eq!(session.rooms, ["a", "red"]);
    assert_eq!(serde_json::to_string(&session).unwrap(), json);
    // `joined_at` is an additional field, absent if unset.
    let ours = session
        .with_joined_at(Some("7".into()))
        .with_age(Duration::from_secs(1));
    let json = serde_json::to_value(&ours).unwrap();
    assert_eq!(json["joined_at"], "7");
    assert_eq!(json.as_object().unwrap().len(), 5);
}

fn args() -> Args {
    Args::from_serialize(None, &1).unwrap()
}

fn packet() -> Packet {
    let args = Args::from_serialize(Some("event"), &("hello", 1)).unwrap();
    Packet::event(Namespace::default(), args)
}

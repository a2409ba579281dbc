//! Tests events between servers.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{FromRef, State};
use axum::http::{HeaderMap, Uri};
use bytes::Bytes;
use e2e::cluster::cluster;
use e2e::probes::Journal;
use e2e::session::join;
use e2e::sync::{Gate, VirtualTime};
use serde_json::{Value, json};
use socketio::extract::{
    Data, DataRejection, EventName, FromServerEvent, NamespaceName, ServerAck,
};
use socketio::{
    Args, EmitError, Namespace, Reply, ServerEventContext, ServerSideEmitError, SocketIo,
    SocketIoLayer,
};
use socketio_testing::within;

/// The state of the handlers of a server.
#[derive(Clone, FromRef)]
struct App {
    journal: Journal,
    gate: Gate,
}

impl App {
    fn new() -> Self {
        Self {
            journal: Journal::new(),
            gate: Gate::closed(),
        }
    }
}

/// Records an event and its arguments.
async fn record(State(journal): State<Journal>, event: EventName, args: Args) {
    journal.write(format_args!("{event} {}", args.as_json()));
}

#[tokio::test]
async fn an_event_reaches_only_the_other_servers() {
    let [a, b, c] = cluster().await;
    let journals = [&a, &b, &c].map(|server| {
        let app = App::new();
        let main = server.io.with_state(app.clone()).of("/");
        main.on_server_event("event", record)
            .on_server_event("last", record);
        app.journal
    });
    let [own, second, third] = &journals;
    a.io.server_side_emit("event", &(1, "two", json!({ "three": 3 })));
    a.io.of("/").server_side_emit("event", &());
    a.io.server_side_emit("unhandled", &());
    // Other namespaces do not receive it.
    a.io.of("/other").server_side_emit("event", &"other");
    b.io.server_side_emit("last", &"of b");
    for journal in [second, third] {
        journal
            .expect([
                r#"event ["event",1,"two",{"three":3}]"#,
                r#"event ["event"]"#,
            ])
            .await;
    }
    for journal in [own, third] {
        journal.expect([r#"last ["last","of b"]"#]).await;
        assert!(journal.take().await.is_empty());
    }
    assert!(second.take().await.is_empty());
}

/// An extractor that works only in server events.
struct Shout(String);

impl<S: Send + Sync> FromServerEvent<S> for Shout {
    type Rejection = DataRejection;

    async fn from_server_event(
        cx: &mut ServerEventContext,
        state: &S,
    ) -> Result<Self, DataRejection> {
        let Data(text) = Data::<String>::from_server_event(cx, state).await?;
        Ok(Self(text.to_uppercase()))
    }
}

#[tokio::test]
async fn handlers_can_use_all_extractors_of_server_events() {
    let [a, b] = cluster().await;
    let app = App::new();
    let (mut client, _) = join(b.addr).await;
    b.io.with_state(app.clone())
        .of("/")
        .on_server_event(
            "everything",
            async |State(app): State<App>,
                   State(journal): State<Journal>,
                   namespace: Namespace,
                   name: NamespaceName,
                   event: EventName,
                   io: SocketIo,
                   Data((number, bytes)): Data<(u8, Bytes)>,
                   missing: Option<ServerAck>,
                   Shout(_): Shout| {
                drop((app, io, missing, number, bytes, namespace, name, event));
                journal.write("a number is not a text");
            },
        )
        .on_server_event(
            "everything",
            async |State(journal): State<Journal>,
                   namespace: Namespace,
                   name: NamespaceName,
                   event: EventName,
                   io: SocketIo,
                   Data((number, bytes)): Data<(u8, Bytes)>,
                   ack: Option<ServerAck>,
                   shout: Result<Shout, DataRejection>| {
                assert!(ack.is_none() && shout.is_err());
                assert_eq!((namespace.name(), name.as_str()), ("/", "/"));
                io.emit(&event, &number);
                namespace.emit("bytes", &bytes.len());
                journal.write("everything");
            },
        )
        .on_server_event("shout", async |Shout(text): Shout| Reply(text));
    a.io.server_side_emit("everything", &(7, Bytes::from_static(b"abc")));
    client.expect(r#"42["everything",7]"#).await;
    client.expect(r#"42["bytes",3]"#).await;
    app.journal.expect(["everything"]).await;
    assert!(app.journal.take().await.is_empty());
    let answers = a.io.server_side_emit_with_ack::<String>("shout", &"hello");
    let answers = within("the answer", answers).await;
    assert_eq!(answers.expect("the server answers"), ["HELLO"]);
}

/// These extractors are available in every context.
#[tokio::test]
async fn a_server_event_has_an_empty_request() {
    let [a, b] = cluster().await;
    b.io.of("/")
        .on_server_event("read", async |headers: HeaderMap, uri: Uri| {
            Reply((headers.len(), uri.to_string()))
        });
    let answers =
        a.io.server_side_emit_with_ack::<(usize, String)>("read", &());
    let answers = within("the answer", answers).await;
    assert_eq!(answers.expect("the server answers"), [(0, "/".to_owned())]);
}

#[tokio::test]
async fn every_other_server_answers_once() {
    let [a, b, c] = cluster().await;
    a.io.of("/")
        .on_server_event("load", async || -> Reply<u64> {
            unreachable!("this server is not asked")
        });
    b.io.of("/")
        .on_server_event("load", async |Data(factor): Data<u64>| Reply(20 * factor))
        // The first of several answers counts.
        .on_server_event("load", async || Reply(0));
    c.io.of("/")
        .on_server_event("load", async |ack: ServerAck| {
            ack.send(&30);
            ack.send(&31);
        });
    for _ in 0..2 {
        let answers = a.io.server_side_emit_with_ack::<u64>("load", &1);
        let answers = within("both answers", tokio::spawn(answers)).await;
        let mut answers = answers.expect("no panic").expect("both servers answer");
        answers.sort_unstable();
        assert_eq!(answers, [20, 30]);
    }
    let namespace = a.io.of("/");
    let answers = namespace.server_side_emit_with_ack::<Value>("load", &1);
    assert_eq!(
        within("both answers", answers)
            .await
            .expect("both servers answer")
            .len(),
        2
    );
}

/// Corresponds to `ack(null, [])` in Node's adapters.
#[tokio::test]
async fn a_single_server_receives_no_answers() {
    let io = SocketIoLayer::new().io();
    io.of("/").on_server_event("load", async || Reply(1));
    io.server_side_emit("load", &());
    let answers = within(
        "no answers",
        io.server_side_emit_with_ack::<u8>("load", &()),
    )
    .await;
    assert!(answers.expect("no server is missing").is_empty());
    let [a] = cluster().await;
    let answers = within(
        "no answers",
        a.io.server_side_emit_with_ack::<u8>("load", &()),
    )
    .await;
    assert!(answers.expect("no server is missing").is_empty());
}

#[tokio::test]
async fn servers_that_do_not_answer_are_reported_as_missing() {
    let time = VirtualTime::start();
    let [a, b, silent, hanging] = cluster().await;
    b.io.of("/").on_server_event("load", async || Reply(20));
    // This server handles the event without answering.
    silent.io.of("/").on_server_event("load", async || {});
    hanging
        .io
        .of("/")
        .on_server_event("load", async || Reply(0));
    hanging.bus_server.silence();
    let answers = tokio::spawn(a.io.server_side_emit_with_ack::<u64>("load", &()));
    tokio::task::yield_now().await;
    time.advance(Duration::from_secs(5)).await;
    let error = within("an error", answers).await.expect("no panic");
    let error = error.expect_err("two servers are missing");
    assert!(error.is_timeout());
    assert_eq!(error.answers(), [20]);
    // The text starts like that of Node's adapters.
    let text = error.to_string();
    let node = "timeout reached: only 1 responses received out of 3";
    assert!(text.starts_with(node), "{text}");
    assert_eq!(error.into_answers(), [20]);
}

#[tokio::test]
async fn an_answer_of_another_type_is_reported_with_the_valid_answers() {
    let [a, b, c] = cluster().await;
    b.io.of("/").on_server_event("load", async || Reply("much"));
    c.io.of("/").on_server_event("load", async || Reply(30));
    let answers = a.io.server_side_emit_with_ack::<u64>("load", &());
    let error: ServerSideEmitError<u64> = within("an error", answers)
        .await
        .expect_err("a text is not a number");
    assert_eq!(error.answers(), [30]);
    assert!(!error.is_timeout());
    let source = std::error::Error::source(&error).expect("a reason");
    assert!(source.to_string().contains("invalid type"), "{source}");
}

/// Node's server throws an error for them.
#[tokio::test]
async fn reserved_names_are_rejected() {
    let [a, _b] = cluster().await;
    for name in ["connect", "connection", "new_namespace"] {
        let rejected = a.io.try_server_side_emit(name, &());
        assert!(matches!(rejected, Err(EmitError::ReservedEvent(_))));
        let rejected = a.io.of("/").try_server_side_emit(name, &());
        let text = rejected.expect_err("the name is reserved").to_string();
        assert!(text.starts_with(&format!("{name:?} is a reserved event name")));
        let rejected = a.io.server_side_emit_with_ack::<()>(name, &());
        let rejected = within("an error", rejected).await;
        assert!(
            rejected
                .expect_err("the name is reserved")
                .answers()
                .is_empty()
        );
        let io = a.io.clone();
        let register = async move { io.of("/").on_server_event(name, async || {}) };
        assert!(
            tokio::spawn(register)
                .await
                .expect_err("registering panics")
                .is_panic()
        );
    }
    // Other names are allowed, including names that clients cannot send.
    a.io.try_server_side_emit("disconnect", &())
        .expect("the event is sent");
}

#[tokio::test]
async fn a_failing_handler_does_not_affect_other_handlers() {
    let [a, b] = cluster().await;
    let app = App::new();
    b.io.with_state(app.clone())
        .of("/")
        .on_server_event("event", async || -> () { panic!("on purpose") })
        .on_server_event("event", async |_: Data<u8>| {})
        .on_server_event("event", async |_: ServerAck| {})
        .on_server_event("event", record);
    a.io.server_side_emit("event", &"not a number");
    a.io.server_side_emit("event", &"another");
    app.journal
        .expect([
            r#"event ["event","not a number"]"#,
            r#"event ["event","another"]"#,
        ])
        .await;
}

/// Handlers start in order, and a waiting handler does not block others.
#[tokio::test(flavor = "multi_thread")]
async fn handlers_start_in_order_of_the_events() {
    let [a, b] = cluster().await;
    let app = App::new();
    let handler =
        async |State(app): State<App>, Data(number): Data<u32>| -> Result<(), Infallible> {
            app.journal.write(number);
            if number.is_multiple_of(3) {
                app.gate.pass().await;
                app.journal.write("done");
            }
            Ok(())
        };
    b.io.with_state(app.clone())
        .of("/")
        .on_server_event("count", handler);
    for number in 0..300 {
        a.io.server_side_emit("count", &number);
    }
    app.journal
        .expect((0..300).map(|number| number.to_string()))
        .await;
    app.gate.open();
    app.journal.expect(std::iter::repeat_n("done", 100)).await;
}

/// Handlers of a pattern run in each of its namespaces.
#[tokio::test]
async fn namespaces_of_a_pattern_receive_their_own_events() {
    let [a, b] = cluster().await;
    let app = App::new();
    let rooms = b.io.with_state(app.clone()).of(async || true);
    rooms.on_server_event(
        "event",
        async |State(journal): State<Journal>, name: NamespaceName| journal.write(name),
    );
    let (mut client, _) = join(b.addr).await;
    for namespace in ["/red", "/blue"] {
        client.send(&format!("40{namespace},")).await;
        client.expect(&format!("40{namespace},{{…}}")).await;
    }
    a.io.of("/red").server_side_emit("event", &());
    a.io.of("/blue").server_side_emit("event", &());
    a.io.of("/green").server_side_emit("event", &());
    app.journal.expect(["/red", "/blue"]).await;
    assert!(app.journal.take().await.is_empty());
}

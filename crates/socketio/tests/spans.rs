//! Tests the names, fields and parents of the spans, in the form that OpenTelemetry expects.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use e2e::app::serve;
use e2e::session::{assert_alive, open};
use parking_lot::Mutex;
use socketio::extract::Data;
use socketio::{ConnectError, Regex, Reply, Socket, SocketIoLayer, TraceEvents};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

/// The spans that have ended.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<Ended>>>);

#[derive(Debug)]
struct Ended {
    name: &'static str,
    parent: Option<&'static str>,
    fields: Fields,
}

#[derive(Clone, Debug, Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl<S> Layer<S> for Spans
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let span = context.span(id).expect("a new span");
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).expect("an open span");
        let mut extensions = span.extensions_mut();
        values.record(extensions.get_mut::<Fields>().expect("its fields"));
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).expect("a span that ends");
        if !span.name().starts_with("socketio.") {
            return;
        }
        let fields = span.extensions().get::<Fields>().cloned();
        self.0.lock().push(Ended {
            name: span.name(),
            parent: span.parent().map(|parent| parent.name()),
            fields: fields.expect("its fields"),
        });
    }
}

impl Spans {
    fn collect() -> (Self, DefaultGuard) {
        let spans = Self::default();
        let level = tracing_subscriber::filter::LevelFilter::from_level(Level::DEBUG);
        let subscriber = tracing_subscriber::registry()
            .with(spans.clone())
            .with(level);
        (spans, tracing::subscriber::set_default(subscriber))
    }

    /// Removes the only span of this name, and asserts its fields. `…` stands for any value.
    fn expect(&self, name: &str, parent: Option<&str>, fields: &[(&str, &str)]) {
        let mut spans = self.0.lock();
        let found = spans.iter().position(|span| span.name == name);
        let Some(found) = found else {
            panic!("no {name} in {spans:?}");
        };
        let span = spans.remove(found);
        assert_eq!(span.parent, parent, "{span:?}");
        let names: Vec<_> = span.fields.0.keys().copied().collect();
        let mut expected: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
        expected.sort_unstable();
        assert_eq!(names, expected, "{span:?}");
        for (field, value) in fields {
            assert!(
                *value == "…" || span.fields.0[field] == *value,
                "{field} is not {value}: {span:?}"
            );
        }
    }
}

#[tokio::test]
async fn joins_and_leaves_are_spans_with_the_pattern_as_namespace() {
    let (spans, _guard) = Spans::collect();
    let layer = SocketIoLayer::new();
    let io = layer.io();
    io.of(Regex::new("^/game-[0-9]+$").expect("a pattern"))
        .middleware(async || {
            tracing::debug_span!("socketio.test in a middleware").in_scope(|| {});
            Ok::<(), ConnectError>(())
        })
        .on_disconnect(async || tracing::debug_span!("socketio.test in a handler").in_scope(|| {}));
    io.of("/closed")
        .middleware(async || Err::<(), _>(ConnectError::new("no")));
    let addr = serve(layer).await;
    let mut client = open(addr).await;
    client.send("40/game-7,{\"token\":\"secret\"}").await;
    client.expect(r#"40/game-7,{"sid":"…"}"#).await;
    client.send("40/closed,").await;
    client.expect("44/closed,{…}").await;
    client.send("40/unknown,").await;
    client.expect("44/unknown,{…}").await;
    client.send("41/game-7,").await;
    assert_alive(&mut client).await;

    spans.expect(
        "socketio.test in a middleware",
        Some("socketio.connect"),
        &[],
    );
    let common = [
        ("messaging.system", "socketio"),
        ("network.transport", "websocket"),
        ("otel.kind", "server"),
    ];
    let with = |fields: &[(&'static str, &'static str)]| [&common, fields].concat();
    let joined = with(&[
        ("socketio.namespace", "^/game-[0-9]+$"),
        ("socketio.socket.id", "…"),
    ]);
    spans.expect("socketio.connect", None, &joined);
    let refused = with(&[("socketio.namespace", "/closed"), ("error.type", "refused")]);
    spans.expect("socketio.connect", None, &refused);
    let unknown = with(&[("error.type", "namespace unavailable")]);
    spans.expect("socketio.connect", None, &unknown);
    spans.expect(
        "socketio.test in a handler",
        Some("socketio.disconnect"),
        &[],
    );
    spans.expect(
        "socketio.disconnect",
        None,
        &[
            ("messaging.system", "socketio"),
            ("otel.kind", "internal"),
            ("socketio.namespace", "^/game-[0-9]+$"),
            ("socketio.reason", "client namespace disconnect"),
            ("socketio.socket.id", "…"),
        ],
    );
}

#[tokio::test]
async fn acknowledgements_and_broadcasts_are_spans_of_their_caller() {
    let (spans, _guard) = Spans::collect();
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let addr = serve(layer).await;
    let mut client = open(addr).await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    let sockets = io.of("/").sockets();
    let [socket]: &[Socket] = &sockets else {
        panic!("one socket");
    };
    {
        let _caller = tracing::debug_span!("socketio.test caller").entered();
        io.to(["a", "b"]).except("c").emit("news", "secret");
        drop(
            socket
                .timeout(Duration::from_secs(2))
                .emit_with_ack::<()>("late", "secret"),
        );
    }
    let answered = socket.emit_with_ack::<u32>("sure?", "secret");
    client.expect(r#"420["late","secret"]"#).await;
    client.expect(r#"421["sure?","secret"]"#).await;
    client.send(r#"431["not a number"]"#).await;
    answered.await.expect_err("an answer of another type");

    let caller = Some("socketio.test caller");
    spans.expect(
        "socketio.broadcast",
        caller,
        &[
            ("messaging.destination.name", "news"),
            ("messaging.operation.name", "broadcast"),
            ("messaging.operation.type", "send"),
            ("messaging.system", "socketio"),
            ("otel.kind", "producer"),
            ("otel.name", "broadcast news"),
            ("socketio.namespace", "/"),
            ("socketio.recipients", "0"),
            ("socketio.rooms", "2"),
        ],
    );
    let common = [
        ("messaging.operation.name", "ask"),
        ("messaging.operation.type", "send"),
        ("messaging.system", "socketio"),
        ("otel.kind", "client"),
        ("socketio.namespace", "/"),
        ("socketio.socket.id", "…"),
    ];
    let late = [
        ("messaging.destination.name", "late"),
        ("otel.name", "ask late"),
        ("socketio.outcome", "dropped"),
        ("socketio.timeout_ms", "2000"),
    ];
    spans.expect("socketio.ask", caller, &[&common[..], &late].concat());
    let sure = [
        ("error.type", "data"),
        ("messaging.destination.name", "sure?"),
        ("otel.name", "ask sure?"),
        ("socketio.outcome", "data"),
    ];
    spans.expect("socketio.ask", None, &[&common[..], &sure].concat());
}

#[tokio::test]
async fn events_are_spans_inside_of_the_wrap() {
    let (spans, _guard) = Spans::collect();
    let layer = SocketIoLayer::new();
    let io = layer.io();
    io.of(Regex::new("^/game-[0-9]+$").expect("a pattern"))
        .wrap(TraceEvents::new())
        .on("add", async |Data((a, b)): Data<(u32, u32)>| {
            tracing::debug_span!("socketio.test in a handler").in_scope(|| {});
            Reply(a + b)
        });
    io.of("/quiet")
        .wrap(TraceEvents::new().level(Level::TRACE))
        .on("add", async || ());
    io.of("/anonymous")
        .wrap(TraceEvents::new().record_socket(false))
        .on("add", async || ());
    let addr = serve(layer).await;
    let mut client = open(addr).await;
    for name in ["/game-7", "/quiet", "/anonymous"] {
        client.send(&format!("40{name},")).await;
        client.expect(&format!(r#"40{name},{{"sid":"…"}}"#)).await;
    }
    client.send(r#"42/game-7,1["add",1,2]"#).await;
    client.expect("43/game-7,1[3]").await;
    client.send(r#"42/game-7,["add","secret"]"#).await;
    client.send(r#"42/game-7,2["\u001bunknown"]"#).await;
    client.send(r#"42/quiet,["add"]"#).await;
    client.send(r#"42/anonymous,["add"]"#).await;
    assert_alive(&mut client).await;

    let common = [
        ("messaging.operation.name", "process"),
        ("messaging.operation.type", "process"),
        ("messaging.system", "socketio"),
        ("otel.kind", "consumer"),
    ];
    let game = [
        ("socketio.namespace", "^/game-[0-9]+$"),
        ("socketio.socket.id", "…"),
    ];
    spans.expect("socketio.test in a handler", Some("socketio.event"), &[]);
    let added = [
        ("messaging.destination.name", "add"),
        ("messaging.message.body.size", "11"),
        ("otel.name", "process add"),
        ("socketio.ack", "true"),
        ("socketio.outcome", "ok"),
    ];
    spans.expect(
        "socketio.event",
        None,
        &[&common[..], &game, &added].concat(),
    );
    let rejected = [
        ("error.type", "rejected"),
        ("messaging.destination.name", "add"),
        ("messaging.message.body.size", "16"),
        ("otel.name", "process add"),
        ("otel.status_code", "ERROR"),
        ("socketio.ack", "false"),
        ("socketio.outcome", "rejected"),
    ];
    spans.expect(
        "socketio.event",
        None,
        &[&common[..], &game, &rejected].concat(),
    );
    let unknown = [
        ("messaging.destination.name", r"\u{1b}unknown"),
        ("messaging.message.body.size", "17"),
        ("otel.name", r"process \u{1b}unknown"),
        ("socketio.ack", "true"),
        ("socketio.outcome", "unhandled"),
    ];
    spans.expect(
        "socketio.event",
        None,
        &[&common[..], &game, &unknown].concat(),
    );
    let anonymous = [
        ("messaging.destination.name", "add"),
        ("messaging.message.body.size", "7"),
        ("otel.name", "process add"),
        ("socketio.ack", "false"),
        ("socketio.namespace", "/anonymous"),
        ("socketio.outcome", "ok"),
    ];
    spans.expect("socketio.event", None, &[&common[..], &anonymous].concat());
    let rest = spans.0.lock();
    assert!(
        rest.iter().all(|span| span.name != "socketio.event"),
        "{rest:?}"
    );
}

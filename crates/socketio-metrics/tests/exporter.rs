//! The text of the Prometheus exporter, in virtual time.

use std::time::Duration;

use axum::Router;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use socketio::extract::Data;
use socketio::{
    ConnectError, ConnectionStateRecovery, Regex, Reply, Socket, SocketIo, SocketIoLayer,
};
use socketio_metrics::{DURATION_BUCKETS, Metrics, RECIPIENT_BUCKETS, SocketMetrics};
use socketio_test::TestServer;
use tokio::time::sleep;

/// A server whose metrics are recorded for this thread only.
struct Measured {
    io: SocketIo,
    server: TestServer,
    metrics: Metrics,
    prometheus: PrometheusHandle,
    _recorder: metrics::LocalRecorderGuard<'static>,
}

/// Installs a recorder for this thread. Its memory is leaked because the guard borrows it.
fn recorder() -> (PrometheusHandle, metrics::LocalRecorderGuard<'static>) {
    let durations = Matcher::Suffix("duration_seconds".into());
    let recipients = Matcher::Suffix("recipients".into());
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(durations, &DURATION_BUCKETS)
        .and_then(|builder| builder.set_buckets_for_metric(recipients, &RECIPIENT_BUCKETS))
        .expect("buckets")
        .build_recorder();
    let recorder = Box::leak(Box::new(recorder));
    let guard = metrics::set_default_local_recorder(recorder);
    (recorder.handle(), guard)
}

fn measured(options: SocketMetrics, register: impl FnOnce(&SocketIo)) -> Measured {
    let (prometheus, _recorder) = recorder();
    let sockets = SocketIoLayer::new();
    let io = sockets.io();
    let metrics = options.install(&io);
    register(&io);
    Measured {
        io,
        server: TestServer::new(Router::new().layer(sockets)),
        metrics,
        prometheus,
        _recorder,
    }
}

impl Measured {
    /// Returns the lines of the exporter in alphabetical order, without comments.
    fn lines(&self) -> Vec<String> {
        self.metrics.publish();
        let text = self.prometheus.render();
        let mut lines: Vec<_> = text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
            .map(str::to_owned)
            .collect();
        lines.sort();
        lines
    }

    /// Returns the value of one series.
    fn value(&self, series: &str) -> Option<String> {
        let lines = self.lines();
        let value = |line: &String| Some(line.strip_prefix(series)?.strip_prefix(' ')?.to_owned());
        lines.iter().find_map(value)
    }
}

fn on_demand() -> SocketMetrics {
    SocketMetrics::new().interval(None)
}

fn chat(io: &SocketIo) {
    io.of("/chat")
        .on("add", async |Data((a, b)): Data<(u32, u32)>| Reply(a + b))
        .on("slow", async || {
            sleep(Duration::from_millis(30)).await;
            Reply("done")
        })
        .on("fail", async || Err::<(), _>(Reply("sold out")))
        .on("join", async |socket: Socket| {
            socket.join("lobby");
            socket.namespace().to("lobby").emit("joined", "");
        })
        .on("ask", async |socket: Socket| {
            let ask = socket.timeout(Duration::from_secs(1));
            ask.emit_with_ack::<bool>("there?", "").await.ok();
        });
    io.of("/closed")
        .middleware(async || Err::<(), _>(ConnectError::new("no")));
}

/// `UPDATE=1` writes the expected text.
#[tokio::test(start_paused = true)]
async fn a_session_is_exported_byte_for_byte() {
    let measured = measured(on_demand(), chat);
    let server = &measured.server;
    let ada = server.connect("/chat").await.expect("admitted");
    let bob = server.client().websocket().namespace("/chat");
    let bob = bob.connect().await.expect("admitted");
    let sum: u32 = ada.emit_with_ack("add", &(1, 2)).await;
    assert_eq!(sum, 3);
    let _rejected = ada.emit_rejected("add", "no numbers").await;
    let failure: String = ada.emit_with_ack("fail", &()).await;
    assert_eq!(failure, "sold out");
    let _: String = ada.emit_with_ack("slow", &()).await;
    ada.emit("unknown", &()).await;
    bob.emit("join", &()).await;
    let _: String = bob.event("joined").await;
    server.connect("/closed").await.expect_err("refused");
    server.connect("/missing").await.expect_err("refused");
    server.get("/socket.io/?EIO=4&transport=tcp").await;
    bob.close().await;
    sleep(Duration::from_secs(1)).await;
    let lines = measured.lines().join("\n") + "\n";
    if std::env::var_os("UPDATE").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/session.txt");
        std::fs::write(path, &lines).expect("the file");
    }
    assert_eq!(lines, include_str!("session.txt"));
}

#[tokio::test(start_paused = true)]
async fn names_of_clients_are_no_series() {
    let measured = measured(on_demand(), |io| {
        io.of(Regex::new("^/game-[0-9]+$").expect("a pattern"))
            .event_middleware(async || Err::<(), _>("no"));
    });
    let client = measured.server.connect("/game-1").await.expect("admitted");
    for number in 0..10_000 {
        client.emit(&format!("event {number}"), &()).await;
    }
    let other = measured.server.connect("/game-2").await.expect("admitted");
    other.emit("more", &()).await;
    let lines = measured.lines();
    let counts: Vec<_> = lines
        .iter()
        .filter(|line| line.starts_with("socketio_event_duration_seconds_count"))
        .collect();
    let series = r#"{namespace="^/game-[0-9]+$",event="_other",outcome="rejected"}"#;
    let expected = format!("socketio_event_duration_seconds_count{series} 10001");
    assert_eq!(counts, [&expected]);
    let sockets = r#"socketio_sockets{namespace="^/game-[0-9]+$"}"#;
    assert_eq!(measured.value(sockets).as_deref(), Some("2"));
}

#[tokio::test(start_paused = true)]
async fn event_names_above_the_limit_are_one_series() {
    let measured = measured(on_demand().max_event_labels(2), |io| {
        for name in ["a", "b", "c", "d"] {
            io.of("/").on(name, async || ());
        }
    });
    let client = measured.server.connect("/").await.expect("admitted");
    for name in ["a", "b", "c", "d", "a"] {
        client.emit(name, &()).await;
    }
    for (event, count) in [("a", "2"), ("b", "1"), ("_other", "2")] {
        let series = format!(
            r#"socketio_event_duration_seconds_count{{namespace="/",event="{event}",outcome="ok"}}"#
        );
        assert_eq!(measured.value(&series).as_deref(), Some(count), "{event}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_recorder_that_is_installed_late_has_all_counts_after_one_interval() {
    let sockets = SocketIoLayer::new();
    let io = sockets.io();
    SocketMetrics::new().install(&io);
    chat(&io);
    let server = TestServer::new(Router::new().layer(sockets));
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(server.connect("/chat").await.expect("admitted"));
    }
    let _: u32 = clients[0].emit_with_ack("add", &(1, 2)).await;
    clients[2].close().await;

    let (prometheus, _recorder) = recorder();
    sleep(Duration::from_secs(6)).await;
    let _: u32 = clients[0].emit_with_ack("add", &(1, 2)).await;
    let text = prometheus.render();
    for line in [
        r#"socketio_connections{transport="polling"} 2"#,
        r#"socketio_connections_opened_total{transport="polling"} 3"#,
        r#"socketio_sockets{namespace="/chat"} 2"#,
        r#"socketio_disconnections_total{namespace="/chat",reason="transport close"} 1"#,
        // Histograms begin with the recorder.
        r#"socketio_event_duration_seconds_count{namespace="/chat",event="add",outcome="ok"} 1"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn acknowledgements_and_events_in_progress_are_gauges() {
    let measured = measured(on_demand(), chat);
    let client = measured.server.connect("/chat").await.expect("admitted");
    client.emit("ask", &()).await;
    let (_, asked) = client.event_with_ack::<String>("there?").await;
    let gauge = |name: &str| measured.value(&format!(r#"{name}{{namespace="/chat"}}"#));
    assert_eq!(gauge("socketio_acks_pending").as_deref(), Some("1"));
    assert_eq!(gauge("socketio_events_pending").as_deref(), Some("1"));
    drop(asked);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(gauge("socketio_acks_pending").as_deref(), Some("0"));
    assert_eq!(gauge("socketio_events_pending").as_deref(), Some("0"));
    let failures = r#"socketio_ack_failures_total{namespace="/chat",reason="timeout"}"#;
    assert_eq!(measured.value(failures).as_deref(), Some("1"));
}

#[tokio::test(start_paused = true)]
async fn lost_clients_are_sessions_until_they_recover() {
    let (prometheus, _recorder) = recorder();
    let sockets = SocketIoLayer::builder()
        .connection_state_recovery(ConnectionStateRecovery::new())
        .build();
    let io = sockets.io();
    let metrics = on_demand().install(&io);
    let server = TestServer::new(Router::new().layer(sockets));
    let mut client = server.connect("/").await.expect("admitted");
    io.emit("news", "");
    let _: String = client.event("news").await;
    let series = r#"socketio_recovery_sessions{namespace="/"}"#;
    let sessions = || {
        metrics.publish();
        let text = prometheus.render();
        let value = text.lines().find_map(|line| line.strip_prefix(series));
        value.map(|value| value.trim().to_owned())
    };
    assert_eq!(sessions().as_deref(), Some("0"));
    client.lose().await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(sessions().as_deref(), Some("1"));
    client.reconnect().await.expect("admitted");
    assert!(client.recovered());
    assert_eq!(sessions().as_deref(), Some("0"));
}

#[tokio::test(start_paused = true)]
async fn queues_are_measured() {
    let measured = measured(on_demand(), chat);
    let _client = measured.server.connect("/chat").await.expect("admitted");
    let queued = || measured.value("socketio_send_queue_bytes");
    assert_eq!(queued().as_deref(), Some("0"));
    // The poll of the client is answered when this test waits.
    measured.io.of("/chat").emit("news", &"x".repeat(1_000));
    let bytes: f64 = queued().expect("a gauge").parse().expect("a number");
    assert!((1_000.0..1_200.0).contains(&bytes), "{bytes}");
    assert_eq!(measured.value("socketio_send_queue_bytes_max"), queued());
}

#[test]
#[should_panic(expected = "call `install` in a tokio runtime, or set `interval(None)`")]
fn an_interval_needs_a_runtime() {
    SocketMetrics::new().install(&SocketIoLayer::new().io());
}

#[test]
#[should_panic(expected = "the interval of metrics is zero")]
fn an_interval_of_zero_is_refused() {
    let _ = SocketMetrics::new().interval(Duration::ZERO);
}

//! Metrics for Prometheus, a dashboard for Grafana, and a page that plots the main figures live.
//!
//! Run it with `cargo run -p example-metrics`, then open <http://127.0.0.1:3000>. `PORT=8080` selects another port.

use std::env;
use std::error::Error;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use socketio::extract::{Auth, Data};
use socketio::{Reply, Socket, SocketIo, SocketIoLayer};
use socketio_metrics::{DURATION_BUCKETS, Metrics, RECIPIENT_BUCKETS, SocketMetrics};
use tokio::net::TcpListener;
use tokio::time;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

/// Allows the page to load its own files only.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// How often a client is asked whether it is there.
const ASK_INTERVAL: Duration = Duration::from_secs(2);

/// How long a client may take to answer.
const ASK_TIMEOUT: Duration = Duration::from_secs(1);

/// How often the recorder drops what it no longer needs, as its documentation demands.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt::init();
    let prometheus = recorder()?;

    let sockets = SocketIoLayer::new();
    let io = sockets.io();
    // First, so that the handlers below are measured.
    let metrics = SocketMetrics::new().install(&io);
    register(&io);

    let header = HeaderValue::from_static(CONTENT_SECURITY_POLICY);
    let policy = SetResponseHeaderLayer::overriding(header::CONTENT_SECURITY_POLICY, header);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("public");
    let app: Router = Router::new()
        .route("/metrics", get(async move || render(&metrics, &prometheus)))
        .fallback_service(ServeDir::new(page))
        .layer(policy)
        .layer(sockets);

    let port = env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("Metrics at http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

/// Installs the recorder of the process.
fn recorder() -> Result<PrometheusHandle, Box<dyn Error>> {
    let prometheus = PrometheusBuilder::new()
        .set_buckets_for_metric(
            Matcher::Suffix("duration_seconds".to_owned()),
            &DURATION_BUCKETS,
        )?
        .set_buckets_for_metric(
            Matcher::Suffix("broadcast_recipients".to_owned()),
            &RECIPIENT_BUCKETS,
        )?
        .install_recorder()?;
    let handle = prometheus.clone();
    tokio::spawn(async move {
        loop {
            time::sleep(UPKEEP_INTERVAL).await;
            handle.run_upkeep();
        }
    });
    Ok(prometheus)
}

/// Renders the metrics with the values of this moment.
fn render(metrics: &Metrics, prometheus: &PrometheusHandle) -> String {
    metrics.publish();
    prometheus.render()
}

/// Registers the handlers that are measured.
fn register(io: &SocketIo) {
    io.of("/")
        .on_connect(ask_regularly)
        .on("add", async |Data((a, b)): Data<(i64, i64)>| {
            Reply(a.saturating_add(b))
        })
        .on("search", search)
        .on("say", say);
    io.of("/members")
        .middleware(async |Auth(name): Auth<Option<String>>| match name {
            Some(name) if !name.is_empty() => Ok(()),
            _ => Err("join with a name"),
        });
}

/// Asks a client whether it is there, until it disconnects.
async fn ask_regularly(socket: Socket) {
    let asks = {
        let socket = socket.clone();
        async move {
            loop {
                let there = socket
                    .timeout(ASK_TIMEOUT)
                    .emit_with_ack::<bool>("there?", &());
                if let Err(error) = there.await {
                    tracing::info!(%error, "a client is silent");
                }
                time::sleep(ASK_INTERVAL).await;
            }
        }
    };
    tokio::select! {
        () = asks => {}
        _ = socket.closed() => {}
    }
}

/// Searches for a word. The time depends on the word, as that of a database would.
async fn search(Data(word): Data<String>) -> Result<Reply<usize>, Reply<&'static str>> {
    if word.len() < 2 {
        return Err(Reply("search for at least two letters"));
    }
    let letters = u64::try_from(word.len()).unwrap_or(u64::MAX);
    time::sleep(Duration::from_millis(15).saturating_mul(letters.min(100) as u32)).await;
    Ok(Reply(word.len()))
}

/// Sends a text to all members of a room, which the client joins first.
async fn say(socket: Socket, Data((room, text)): Data<(String, String)>) {
    socket.join(room.as_str());
    socket.to(room.as_str()).emit("said", &text);
}

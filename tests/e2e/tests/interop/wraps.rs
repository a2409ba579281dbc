//! Wraps and tower layers with the official client, compared with middleware of Node's server that
//! replaces the callbacks of events.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use e2e::app::serve;
use e2e::clients::{self, NodeServer, Transports};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use socketio::extract::{Data, Event};
use socketio::{Args, EmitError, Next, Outcome, Rejection, Reply, Socket, SocketIoLayer};
use tower::ServiceBuilder;

/// Long enough for the requests of a client on a busy machine.
const LIMIT: Duration = Duration::from_secs(1);

/// The results of the handler `compute`, and how often it has run.
#[derive(Clone, Default)]
struct Computed(Arc<Mutex<(HashMap<u32, Args>, u32)>>);

impl Computed {
    fn update<R>(&self, update: impl FnOnce(&mut (HashMap<u32, Args>, u32)) -> R) -> R {
        update(&mut self.0.lock().expect("no test panics"))
    }

    fn count(&self) -> u32 {
        self.update(|(_, count)| {
            *count += 1;
            *count
        })
    }
}

/// Puts each answer into an envelope. A value with attachments is read with its bytes.
async fn envelope(next: Next) -> Result<Outcome, EmitError> {
    let mut outcome = next.run().await;
    if let Some(value) = outcome.reply_as::<socketio::Value>() {
        outcome.set_reply(&Envelope { value: value.ok() })?;
    }
    Ok(outcome)
}

#[derive(Serialize)]
struct Envelope {
    value: Option<socketio::Value>,
}

async fn limited(next: Next) -> Result<Outcome, Rejection> {
    let run = tokio::time::timeout(LIMIT, next.run()).await;
    run.map_err(|_| Rejection::with_status(StatusCode::GATEWAY_TIMEOUT, "too slow"))
}

async fn cached(event: Event, computed: Computed, next: Next) -> Result<Outcome, EmitError> {
    let key: Option<u32> = event.args().deserialize().ok();
    let Some(key) = key.filter(|_| event.name() == "compute") else {
        return Ok(next.run().await);
    };
    if let Some(answer) = computed.update(|(answers, _)| answers.get(&key).cloned()) {
        return Outcome::replied(&answer);
    }
    let outcome = next.run().await;
    if let Some(answer) = outcome.reply() {
        computed.update(|(answers, _)| answers.insert(key, answer.clone()));
    }
    Ok(outcome)
}

async fn rename(mut event: Event, next: Next) -> Result<Outcome, EmitError> {
    if event.name() == "old" {
        event.set_name("add")?;
    }
    Ok(next.run_as(event).await)
}

async fn add(Data((a, b)): Data<(u32, u32)>) -> Reply<u32> {
    Reply(a + b)
}

async fn bytes(Data(bytes): Data<Bytes>) -> Reply<First> {
    let first = bytes.first().copied();
    Reply(First { first, bytes })
}

#[derive(Serialize)]
struct First {
    first: Option<u8>,
    bytes: Bytes,
}

/// Starts the application of `clients/wraps-server.mjs`.
async fn start() -> SocketAddr {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let computed = Computed::default();
    let [of_cache, of_compute, of_count, of_silent] = [(); 4].map(|()| computed.clone());
    io.of("/")
        .wrap(envelope)
        .wrap(limited)
        .wrap(move |event: Event, next: Next| cached(event, of_cache, next))
        .wrap(rename)
        .on("add", add)
        .on("compute", async move |Data(number): Data<u32>| {
            Reply(json!([number * number, of_compute.count()]))
        })
        .on("bytes", bytes)
        .on("never", std::future::pending::<()>)
        .on("count", async move || {
            Reply(of_count.update(|(_, count)| *count))
        })
        .on("silent", async move || {
            of_silent.count();
        });
    let limits = ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(1)
        .timeout(LIMIT);
    io.of("/limited")
        .layer(limits)
        .on("never", async |socket: Socket, Data(id): Data<u32>| {
            socket.emit("started", &id);
            std::future::pending::<()>().await;
        })
        .on("quick", async || Reply("done"));
    serve(layer).await
}

async fn answers(addr: SocketAddr, transports: Transports) -> Option<Vec<Value>> {
    let url = format!("http://{addr}");
    let args = ["--url", &url, "--transports", transports.option()];
    let output = clients::script("wraps.mjs", &["socket.io-client"], &args).await?;
    let lines = output.lines().map(serde_json::from_str);
    Some(lines.collect::<Result<_, _>>().expect("JSON lines"))
}

async fn compare(transports: Transports) {
    let Some(node) = NodeServer::start("wraps-server.mjs").await else {
        return;
    };
    let Some(expected) = answers(node.addr(), transports).await else {
        return;
    };
    let Some(answers) = answers(start().await, transports).await else {
        return;
    };
    assert_eq!(answers, expected);
    // A few of the answers in full, so that both cannot be wrong in the same way.
    let answer = |name: &str| {
        let mut named = answers.iter().filter(|answer| answer["name"] == name);
        named.next().map(|answer| &answer["answer"])
    };
    assert_eq!(answer("add"), Some(&json!([{ "value": 3 }])));
    assert_eq!(answer("cached"), Some(&json!([{ "value": [49, 1] }])));
    let binary = json!([{ "value": { "first": 98, "bytes": "bytes" } }]);
    assert_eq!(answer("binary"), Some(&binary));
    let overloaded = json!([{ "status": "Service Unavailable", "error": "service overloaded" }]);
    assert_eq!(answer("overloaded"), Some(&overloaded));
    assert_eq!(answers.len(), 13);
}

#[tokio::test(flavor = "multi_thread")]
async fn polling() {
    compare(Transports::Polling).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn websocket() {
    compare(Transports::WebSocket).await;
}

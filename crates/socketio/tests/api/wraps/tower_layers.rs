//! Tests layers of tower around the handlers of events.

use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use e2e::probes::Journal;
use e2e::session::{assert_alive, join};
use e2e::sync::VirtualTime;
use socketio::handler::{EventCall, InnerEvents};
use socketio::{Outcome, Rejection, Reply};
use tower::filter::FilterLayer;
use tower::layer::layer_fn;
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::timeout::TimeoutLayer;
use tower::util::MapResponseLayer;
use tower::{BoxError, Service, ServiceBuilder};

use super::around;
use crate::journaled::{App, server};

async fn block(State(app): State<App>) -> Reply<&'static str> {
    app.journal.write("handler");
    app.gate.pass().await;
    Reply("handled")
}

fn unavailable(id: u32, text: &str) -> String {
    format!(r#"43{id}[{{"status":"Service Unavailable","error":"{text}"}}]"#)
}

#[tokio::test]
async fn the_layers_of_tower_limit_events() {
    let time = VirtualTime::start();
    let (addr, app) = server(|namespace| {
        let limits = ServiceBuilder::new()
            .load_shed()
            .concurrency_limit(1)
            .timeout(Duration::from_secs(3));
        namespace.layer(limits).on("event", block)
    })
    .await;
    let (mut client, _) = join(addr).await;
    let (mut other, _) = join(addr).await;
    client.send(r#"420["event"]"#).await;
    app.journal.expect(["handler"]).await;
    // The limit is that of the namespace.
    other.send(r#"421["event"]"#).await;
    other.expect(&unavailable(1, "service overloaded")).await;
    time.advance(Duration::from_secs(3)).await;
    client.expect(&unavailable(0, "request timed out")).await;
    app.gate.open();
    other.send(r#"422["event"]"#).await;
    other.expect(r#"432["handled"]"#).await;
}

#[tokio::test]
async fn layers_and_wraps_are_one_list() {
    let time = VirtualTime::start();
    let (addr, app) = server(|namespace| {
        namespace
            .layer(LoadShedLayer::new())
            .wrap(around("outer"))
            .layer(ConcurrencyLimitLayer::new(1))
            .wrap(around("inner"))
            .layer(TimeoutLayer::new(Duration::from_secs(3)))
            .on("event", block)
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["event"]"#).await;
    client.send(r#"421["event"]"#).await;
    // The second event waits for the limit.
    let entered = ["outer enters", "inner enters", "handler", "outer enters"];
    app.journal.expect(entered).await;
    assert_alive(&mut client).await;
    assert!(app.journal.take().await.is_empty());
    time.advance(Duration::from_secs(3)).await;
    client.expect(&unavailable(0, "request timed out")).await;
    app.gate.open();
    client.expect(r#"431["handled"]"#).await;
}

#[tokio::test]
async fn services_can_filter_events_and_change_answers() {
    let (addr, _) = server(|namespace| {
        let filter = FilterLayer::new(|call: EventCall| match call.args().len() {
            0 => Err(BoxError::from(Rejection::with_status(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("{} of {}", call.name(), call.socket().namespace().name()),
            ))),
            1 => Err(BoxError::from("one argument")),
            _ => Ok(call),
        });
        let shout = MapResponseLayer::new(|mut outcome: Outcome| {
            if let Some(Ok(reply)) = outcome.reply_as::<String>() {
                outcome.set_reply(&reply.to_uppercase()).expect("a string");
            }
            outcome
        });
        namespace
            .layer(filter)
            .layer(shout)
            .on("event", async || Reply("handled"))
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["event"]"#).await;
    client
        .expect(r#"430[{"status":"Payload Too Large","error":"event of /"}]"#)
        .await;
    client.send(r#"421["event",1]"#).await;
    client.expect(&unavailable(1, "one argument")).await;
    client.send(r#"422["event",1,2]"#).await;
    client.expect(r#"432["HANDLED"]"#).await;
}

/// A service of the application that handles some events itself.
#[derive(Clone)]
struct Ping<T>(T);

impl<T> Service<EventCall> for Ping<T>
where
    T: Service<EventCall, Response = Outcome, Future: Send + 'static>,
    T::Error: Into<BoxError>,
{
    type Response = Outcome;
    type Error = BoxError;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Outcome, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, call: EventCall) -> Self::Future {
        if call.name() == "direct" {
            return Box::pin(async move { Ok(call.into_next().run().await) });
        }
        let inner = self.0.call(call);
        Box::pin(async move { inner.await.map_err(Into::into) })
    }
}

#[tokio::test]
async fn a_service_of_the_application_can_run_the_rest_itself() {
    let (addr, app) = server(|namespace| {
        namespace
            .layer(layer_fn(|inner: InnerEvents| Ping(inner)))
            .wrap(around("inner"))
            .on("direct", async |State(journal): State<Journal>| {
                journal.write("direct");
                Reply(1)
            })
            .on("other", async || Reply(2))
    })
    .await;
    let (mut client, _) = join(addr).await;
    client.send(r#"420["direct"]"#).await;
    client.expect("430[1]").await;
    app.journal.expect(["inner enters", "direct"]).await;
    client.send(r#"421["other"]"#).await;
    client.expect("431[2]").await;
}

//! Middleware that every event passes before its handler: an audit log, a rate limit, and the validation of
//! arguments. The handlers contain none of it.
//!
//! Run it with `cargo run -p example-event-middleware`. `PORT=8080` selects another port.

mod audit;
mod rate;
#[cfg(test)]
mod tests;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use socketio::extract::{Data, Event, EventName};
use socketio::{Rejection, Reply, Socket, SocketIoLayer};
use tokio::net::TcpListener;

use crate::audit::{Audit, Entry};
use crate::rate::Bucket;

/// The longest post, in bytes.
const MAX_POST: usize = 280;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt::init();
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("Posts at http://{}", listener.local_addr()?);
    axum::serve(listener, app()).await
}

/// Creates the application.
fn app() -> Router {
    let audit = Audit::default();
    let sockets = SocketIoLayer::with_state(audit.clone());
    let namespace = sockets.io().of("/");
    namespace
        .on_connect(fill)
        // They run in this order.
        .event_middleware(record)
        .event_middleware(limit)
        .event_middleware(normalize)
        .on("post", post)
        .on("time", async || Reply("tea time"))
        .on_rejection(refuse);

    Router::new()
        .route("/audit", get(read_audit))
        .with_state(audit)
        .layer(sockets)
}

/// Gives each socket a full bucket.
async fn fill(socket: Socket) {
    socket.data().insert(Bucket::full());
}

/// Records each event, also events without a handler and events that are rejected later.
async fn record(socket: Socket, event: EventName, State(audit): State<Audit>) {
    audit.record(socket.id().as_str(), event.as_str());
}

/// Rejects the events of a client that exceeds the rate limit.
async fn limit(socket: Socket) -> Result<(), Rejection> {
    match socket.data().update(Bucket::take) {
        Some(true) => Ok(()),
        _ => Err(Rejection::with_status(
            axum::http::StatusCode::TOO_MANY_REQUESTS,
            "Wait some seconds before the next event.",
        )),
    }
}

/// Normalizes the white space of a post, and rejects invalid posts.
async fn normalize(mut event: Event) -> Result<Event, Rejection> {
    if event.name() == "post" {
        let post: Post = event.args().deserialize().map_err(|_| {
            Rejection::new("A post is an object with a text: { \"text\": \"hello\" }.")
        })?;
        let text = post.text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.is_empty() || text.len() > MAX_POST {
            return Err(Rejection::new("Write 1 to 280 bytes."));
        }
        event.set_args(&Post { text })?;
    }
    Ok(event)
}

#[derive(Deserialize, Serialize)]
struct Post {
    text: String,
}

/// Sends a post to all other clients. It has passed the middleware.
async fn post(socket: Socket, Data(post): Data<Post>) -> Reply<Answer> {
    socket.broadcast().emit("post", &post);
    Reply(Answer {
        ok: true,
        error: None,
    })
}

/// The acknowledgement of an event.
#[derive(Serialize)]
struct Answer {
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Answers rejected events in the same format.
async fn refuse(rejection: Rejection) -> Reply<Answer> {
    Reply(Answer {
        ok: false,
        error: Some(rejection.to_string()),
    })
}

async fn read_audit(State(audit): State<Audit>) -> Json<Vec<Entry>> {
    Json(audit.entries())
}

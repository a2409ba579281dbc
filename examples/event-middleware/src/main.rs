//! Run with `cargo run -p example-event-middleware`. `PORT=8080` chooses another port.
//!
//! What every event goes through before its handler: an audit that notes it, a limit of how many a
//! client may send, and rules that put arguments right or refuse them. The handlers see none of it.

mod audit;
mod rate;

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
    let audit = Audit::default();
    let sockets = SocketIoLayer::with_state(audit.clone());
    let namespace = sockets.io().of("/");
    namespace
        .on_connect(fill)
        // One after the other, in this order.
        .event_middleware(note)
        .event_middleware(limit)
        .event_middleware(tidy)
        .on("post", post)
        .on("time", async || Reply("tea time"))
        .on_rejection(refuse);

    let app = Router::new()
        .route("/audit", get(read_audit))
        .with_state(audit)
        .layer(sockets);
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("Posts at http://{}", listener.local_addr()?);
    axum::serve(listener, app).await
}

async fn fill(socket: Socket) {
    socket.data().insert(Bucket::full());
}

/// Notes each event, also those that nothing handles and those that are refused later.
async fn note(socket: Socket, event: EventName, State(audit): State<Audit>) {
    audit.note(socket.id().as_str(), event.as_str());
}

/// Refuses what a client sends too fast.
async fn limit(socket: Socket) -> Result<(), Rejection> {
    match socket.data().update(Bucket::take) {
        Some(true) => Ok(()),
        _ => Err(Rejection::with_status(
            axum::http::StatusCode::TOO_MANY_REQUESTS,
            "Wait some seconds before the next event.",
        )),
    }
}

/// Puts the text of a post right, so that no handler has to: it is changed on its way.
async fn tidy(mut event: Event) -> Result<Event, Rejection> {
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

/// Shows a post to everybody else. Only tidy ones come here.
async fn post(socket: Socket, Data(post): Data<Post>) -> Reply<Answer> {
    socket.broadcast().emit("post", &post);
    Reply(Answer {
        ok: true,
        error: None,
    })
}

/// What a client is answered.
#[derive(Serialize)]
struct Answer {
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Answers refused events in the form of all other answers.
async fn refuse(rejection: Rejection) -> Reply<Answer> {
    Reply(Answer {
        ok: false,
        error: Some(rejection.to_string()),
    })
}

async fn read_audit(State(audit): State<Audit>) -> Json<Vec<Entry>> {
    Json(audit.entries())
}

//! A news ticker whose readers miss no headlines when they lose the connection for a short time.
//!
//! A client that reconnects in time recovers its socket with its rooms and data, and receives the missed events
//! first.
//!
//! Run it with `cargo run -p example-recovery`. `PORT=8080` selects another port.

#[cfg(test)]
mod tests;

use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::routing::post;
use serde::{Deserialize, Serialize};
use socketio::extract::{Auth, Data, SocketData};
use socketio::{ConnectError, ConnectionStateRecovery, Reply, Socket, SocketIo, SocketIoLayer};
use tokio::net::TcpListener;

/// The longest interruption after which a reader can recover.
const MAX_INTERRUPTION: Duration = Duration::from_secs(60);

/// The most topics that a reader may follow.
const MAX_TOPICS: usize = 20;

/// A reader. It is shared data, because only shared data is recovered.
#[derive(Clone, Deserialize, Serialize)]
struct Reader {
    name: String,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt::init();
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("News at http://{}", listener.local_addr()?);
    axum::serve(listener, app()).await
}

/// Creates the application.
fn app() -> Router {
    let recovery = ConnectionStateRecovery::new().max_disconnection_duration(MAX_INTERRUPTION);
    let sockets: SocketIoLayer = SocketIoLayer::builder()
        .connection_state_recovery(recovery)
        .max_rooms(MAX_TOPICS)
        .build();
    let readers = sockets.io().of("/").share_data::<Reader>("reader");
    readers
        .middleware(introduce)
        .on_connect(greet)
        .on("follow", follow);

    Router::new()
        .route("/news/{topic}", post(publish))
        .layer(sockets)
}

/// Requires a name. Middleware does not run for recovered sockets, which have passed it before.
async fn introduce(socket: Socket, Auth(reader): Auth<Reader>) -> Result<(), ConnectError> {
    if reader.name.is_empty() || reader.name.len() > 40 {
        return Err(ConnectError::new("Choose a name of 1 to 40 bytes."));
    }
    socket.data().insert(reader);
    Ok(())
}

/// Runs for new and for recovered sockets.
async fn greet(socket: Socket, SocketData(reader): SocketData<Reader>) {
    if socket.recovered() {
        socket.emit("welcome back", &reader.name);
    } else {
        socket.emit("welcome", &reader.name);
    }
}

/// Adds the reader to the room of a topic.
async fn follow(socket: Socket, Data(topic): Data<String>) -> Result<Reply<()>, Reply<String>> {
    let joined = socket.try_join(room(&topic));
    joined.map_err(|error| Reply(error.to_string()))?;
    Ok(Reply(()))
}

/// Sends a headline to the followers of a topic, including readers that can still recover.
async fn publish(io: SocketIo, Path(topic): Path<String>, headline: String) {
    io.to(room(&topic)).emit("headline", &(topic, headline));
}

fn room(topic: &str) -> String {
    format!("topic:{topic}")
}

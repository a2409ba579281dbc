//! One login for HTTP and for sockets.
//!
//! The `Session` of tower-sessions is extracted in HTTP handlers, in a namespace middleware and in an event
//! handler. A logout over HTTP disconnects the sockets of the session.
//!
//! Run it with `cargo run -p example-sessions`. `PORT=8080` selects another port.

#[cfg(test)]
mod tests;

use axum::{
    Form, Router,
    http::StatusCode,
    routing::{get, post},
};
use serde::Deserialize;
use socketio::{ConnectError, Reply, Socket, SocketIo, SocketIoLayer};
use tokio::net::TcpListener;
use tower_sessions::{MemoryStore, Session, SessionManagerLayer, session};

#[derive(Deserialize)]
struct Login {
    name: String,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt::init();
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("Sessions at http://{}", listener.local_addr()?);
    axum::serve(listener, app()).await
}

/// Creates the application.
fn app() -> Router {
    let sockets = SocketIoLayer::new();
    let namespace = sockets.io().of("/").middleware(authenticate);
    namespace.on_connect(connected).on("count", count);

    // Remove `with_secure(false)` when the server uses HTTPS.
    let sessions = SessionManagerLayer::new(MemoryStore::default()).with_secure(false);
    Router::new()
        .route("/", get(show))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .layer(sockets)
        // This layer is outside the layer of the sockets, so that their requests have a session.
        .layer(sessions)
}

/// Refuses clients that have not logged in over HTTP.
async fn authenticate(session: Session) -> Result<(), ConnectError> {
    match session.get::<String>("name").await {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(ConnectError::new("Log in first: POST to /login.")),
        Err(_) => Err(ConnectError::new("No session store. Try again later.")),
    }
}

/// Adds the socket to the room of its session.
async fn connected(socket: Socket, session: Session) {
    if let Some(id) = session.id() {
        socket.join(room(id));
    }
}

/// Increases the counter in the session.
async fn count(session: Session) -> Result<Reply<u64>, Reply<String>> {
    let count = increase(&session).await;
    count.map(Reply).map_err(|error| Reply(error.to_string()))
}

/// Loads and saves the session. For an HTTP request the session layer does it.
async fn increase(session: &Session) -> Result<u64, session::Error> {
    session.load().await?;
    let count: Option<u64> = session.get("count").await?;
    let count = count.unwrap_or(0).saturating_add(1);
    session.insert("count", count).await?;
    session.save().await?;
    Ok(count)
}

async fn login(session: Session, Form(login): Form<Login>) -> Result<String, StatusCode> {
    // A new id prevents session fixation.
    session.cycle_id().await.map_err(unavailable)?;
    let inserted = session.insert("name", &login.name).await;
    inserted.map_err(unavailable)?;
    Ok(format!("Welcome, {}\n", login.name))
}

async fn show(session: Session) -> Result<String, StatusCode> {
    let name: Option<String> = session.get("name").await.map_err(unavailable)?;
    let name = name.ok_or(StatusCode::UNAUTHORIZED)?;
    let count: Option<u64> = session.get("count").await.map_err(unavailable)?;
    Ok(format!("{name} has counted to {}\n", count.unwrap_or(0)))
}

/// Ends the session, and notifies and disconnects its sockets.
async fn logout(io: SocketIo, session: Session) -> Result<(), StatusCode> {
    let id = session.id();
    session.flush().await.map_err(unavailable)?;
    if let Some(id) = id {
        io.to(room(id)).emit("logged out", &());
        io.to(room(id)).disconnect_clients();
    }
    Ok(())
}

fn room(id: session::Id) -> String {
    format!("session:{id}")
}

fn unavailable(_: session::Error) -> StatusCode {
    StatusCode::SERVICE_UNAVAILABLE
}

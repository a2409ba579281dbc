//! Private messages between users, identified by a chosen name.
//!
//! Sessions survive a reload and are shared by the windows of a user. The client shows online users, and messages to
//! offline users are stored. The events are those of the tutorial on Socket.IO's website.
//!
//! Run it with `cargo run -p example-private-messages`. `PORT=8080` selects another port.

mod messenger;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use socketio::extract::{Auth, Data, SocketData};
use socketio::{ConnectError, Reply, Socket, SocketIoLayer};
use tokio::net::TcpListener;

use crate::messenger::{Message, Messenger, Problem, User};

/// The `auth` payload of a client: its session if it has one, or a name.
#[derive(Deserialize)]
struct Login {
    #[serde(rename = "sessionID")]
    session_id: Option<String>,
    username: Option<String>,
}

/// The credentials that a client stores to reconnect as the same user. They are secret.
#[derive(Clone, Serialize)]
struct Session {
    #[serde(rename = "sessionID")]
    session_id: String,
    #[serde(rename = "userID")]
    user_id: String,
}

/// A new message.
#[derive(Deserialize)]
struct NewMessage {
    to: String,
    content: String,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt::init();
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("Private messages at http://{}", listener.local_addr()?);
    axum::serve(listener, app()).await
}

/// Creates the application.
fn app() -> Router {
    let sockets = SocketIoLayer::with_state(Messenger::default());
    let namespace = sockets.io().of("/").middleware(log_in);
    namespace
        .on_connect(connected)
        .on("private message", message)
        .on_disconnect(disconnected);

    Router::new().layer(sockets)
}

/// Restores a session or starts one.
async fn log_in(
    socket: Socket,
    Auth(login): Auth<Login>,
    State(messenger): State<Messenger>,
) -> Result<(), ConnectError> {
    let known = login.session_id.and_then(|session_id| {
        let user = messenger.user_of(&session_id)?;
        Some((session_id, user))
    });
    let (session_id, user) = match known {
        Some(known) => known,
        // A client with an unknown session starts a new one with its name.
        None => messenger.start_session(login.username.as_deref().unwrap_or_default())?,
    };
    socket.data().insert(Session {
        session_id,
        user_id: user.user_id.clone(),
    });
    socket.data().insert(user);
    Ok(())
}

/// Sends a client its session and its contacts, and notifies other users.
async fn connected(
    socket: Socket,
    SocketData(session): SocketData<Session>,
    SocketData(user): SocketData<User>,
    State(messenger): State<Messenger>,
) {
    // All windows of a user are in one room.
    socket.join(room(&user.user_id));
    let is_first_window = messenger.open_window(&user);
    socket.emit("session", &session);
    socket.emit("users", &messenger.contacts_of(&user));
    if is_first_window {
        socket.broadcast().emit("user connected", &user);
    }
}

/// Stores a message and sends it to the recipient and to the other windows of the sender.
async fn message(
    socket: Socket,
    SocketData(from): SocketData<User>,
    Data(new): Data<NewMessage>,
    State(messenger): State<Messenger>,
) -> Result<Reply<Message>, Reply<Problem>> {
    let message = messenger.store(&from, &new.to, new.content);
    let message = message.map_err(Reply)?;
    let windows = socket.to([room(&message.to), room(&message.from)]);
    windows.emit("private message", &message);
    Ok(Reply(message))
}

/// Notifies other users when a user has closed the last window.
async fn disconnected(
    socket: Socket,
    SocketData(user): SocketData<User>,
    State(messenger): State<Messenger>,
) {
    if messenger.close_window(&user) {
        let user_id = &user.user_id;
        socket.broadcast().emit("user disconnected", user_id);
    }
}

fn room(user_id: &str) -> String {
    format!("user:{user_id}")
}

//! Run with `cargo run -p example-private-messages`. `PORT=8080` chooses another port.
//!
//! Private messages between people who choose a name: sessions that survive a reload and are shared
//! by windows, who is online, and messages that wait for those who are not. It is the counterpart of
//! the tutorial of Socket.IO's website, and its events have the same names.

mod messenger;

use axum::Router;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use socketio::extract::{Auth, Data, SocketData};
use socketio::{ConnectError, Reply, Socket, SocketIoLayer};
use tokio::net::TcpListener;

use crate::messenger::{Message, Messenger, Person, Problem};

/// What a client sends when it connects: its session, if it has one, or else a name.
#[derive(Deserialize)]
struct Login {
    #[serde(rename = "sessionID")]
    session_id: Option<String>,
    username: Option<String>,
}

/// What a client keeps, to come back as the same person. It is a secret.
#[derive(Clone, Serialize)]
struct Session {
    #[serde(rename = "sessionID")]
    session_id: String,
    #[serde(rename = "userID")]
    user_id: String,
}

#[derive(Deserialize)]
struct Draft {
    to: String,
    content: String,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt::init();
    let sockets = SocketIoLayer::with_state(Messenger::default());
    let namespace = sockets.io().of("/").middleware(log_in);
    namespace
        .on_connect(arrive)
        .on("private message", message)
        .on_disconnect(depart);

    let app = Router::new().layer(sockets);
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("Private messages at http://{}", listener.local_addr()?);
    axum::serve(listener, app).await
}

/// Finds who belongs to a session, or begins one.
async fn log_in(
    socket: Socket,
    Auth(login): Auth<Login>,
    State(messenger): State<Messenger>,
) -> Result<(), ConnectError> {
    let known = login.session_id.and_then(|session_id| {
        let person = messenger.person_of(&session_id)?;
        Some((session_id, person))
    });
    let (session_id, person) = match known {
        Some(known) => known,
        // The session of a client that was gone for too long is unknown: its name serves again.
        None => messenger.begin_session(login.username.as_deref().unwrap_or_default())?,
    };
    socket.data().insert(Session {
        session_id,
        user_id: person.user_id.clone(),
    });
    socket.data().insert(person);
    Ok(())
}

/// Tells a client who it is and who else there is, and the others that somebody came.
async fn arrive(
    socket: Socket,
    SocketData(session): SocketData<Session>,
    SocketData(person): SocketData<Person>,
    State(messenger): State<Messenger>,
) {
    // All windows of a person are in one room.
    socket.join(room(&person.user_id));
    let is_first_window = messenger.arrive(&person);
    socket.emit("session", &session);
    socket.emit("users", &messenger.contacts_of(&person));
    if is_first_window {
        socket.broadcast().emit("user connected", &person);
    }
}

/// Keeps a message, and shows it to whom it is for and in the other windows of the sender.
async fn message(
    socket: Socket,
    SocketData(from): SocketData<Person>,
    Data(draft): Data<Draft>,
    State(messenger): State<Messenger>,
) -> Result<Reply<Message>, Reply<Problem>> {
    let message = messenger.keep(&from, &draft.to, draft.content);
    let message = message.map_err(Reply)?;
    let windows = socket.to([room(&message.to), room(&message.from)]);
    windows.emit("private message", &message);
    Ok(Reply(message))
}

/// Tells the others when somebody has closed the last window.
async fn depart(
    socket: Socket,
    SocketData(person): SocketData<Person>,
    State(messenger): State<Messenger>,
) {
    if messenger.depart(&person) {
        let user_id = &person.user_id;
        socket.broadcast().emit("user disconnected", user_id);
    }
}

fn room(user_id: &str) -> String {
    format!("user:{user_id}")
}

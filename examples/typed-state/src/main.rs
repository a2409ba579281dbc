//! Notes that are synchronized between the devices of a user.
//!
//! Each handler extracts its part of the state (`State` and `FromRef` as in axum). A middleware identifies users
//! by a token, and each user has a room. Acknowledgements have a value or an error.
//!
//! Run it with `cargo run -p example-typed-state`. `PORT=8080` selects another port.

#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router,
    extract::{FromRef, Path, State},
    routing::post,
};
use parking_lot::Mutex;
use serde::Deserialize;
use socketio::{
    ConnectError, Reply, Socket, SocketIo, SocketIoLayer,
    extract::{Auth, Data, SocketData},
};
use tokio::net::TcpListener;

/// The most notes of a user.
const MAX_NOTES: usize = 100;

#[derive(Clone, FromRef)]
struct AppState {
    tokens: Tokens,
    notes: Notes,
}

/// The users by their tokens. This stands for a table of a database.
#[derive(Clone)]
struct Tokens(&'static [(&'static str, User)]);

#[derive(Clone, Default)]
struct Notes(Arc<Mutex<HashMap<User, Vec<String>>>>);

#[derive(Clone, Copy, Eq, Hash, PartialEq)]
struct User(&'static str);

#[derive(Deserialize)]
struct Login {
    token: String,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt::init();
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("Notes at http://{}", listener.local_addr()?);
    axum::serve(listener, app()).await
}

/// Creates the application.
fn app() -> Router {
    let state = AppState {
        tokens: Tokens(&[("sesame", User("ada")), ("abracadabra", User("bob"))]),
        notes: Notes::default(),
    };
    let sockets = SocketIoLayer::with_state(state.clone());
    let namespace = sockets.io().of("/").middleware(authenticate);
    namespace.on_connect(enter).on("add", add).on("list", list);

    let notify = Router::new().route("/notify/{user}", post(notify));
    notify.with_state(state).layer(sockets)
}

/// Refuses clients without a valid token, which receive a `connect_error`.
async fn authenticate(
    socket: Socket,
    Auth(login): Auth<Login>,
    State(Tokens(tokens)): State<Tokens>,
) -> Result<(), ConnectError> {
    let known = tokens.iter().find(|(token, _)| *token == login.token);
    let (_, user) = known.ok_or_else(|| ConnectError::new("Unknown token. Log in again."))?;
    socket.data().insert(*user);
    Ok(())
}

/// Adds the device to the room of its user.
async fn enter(socket: Socket, SocketData(user): SocketData<User>) {
    socket.join(room(user.0));
}

/// Stores a note and sends it to the other devices of the user.
async fn add(
    socket: Socket,
    SocketData(user): SocketData<User>,
    State(Notes(notes)): State<Notes>,
    Data(note): Data<String>,
) -> Result<Reply<usize>, Reply<&'static str>> {
    let mut notes = notes.lock();
    let own_notes = notes.entry(user).or_default();
    if own_notes.len() >= MAX_NOTES {
        return Err(Reply("You have too many notes. Restart the example."));
    }
    socket.to(room(user.0)).emit("note", &note);
    own_notes.push(note);
    Ok(Reply(own_notes.len()))
}

/// Returns the notes of the user.
async fn list(SocketData(user): SocketData<User>, notes: State<Notes>) -> Reply<Vec<String>> {
    Reply(notes.0.0.lock().get(&user).cloned().unwrap_or_default())
}

/// Sends a notice from an HTTP handler to the devices of a user.
async fn notify(io: SocketIo, Path(user): Path<String>, text: String) {
    io.to(room(&user)).emit("notice", &text);
}

fn room(user: &str) -> String {
    format!("user:{user}")
}

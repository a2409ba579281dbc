//! Run with `cargo run -p example-typed-state`. `PORT=8080` chooses another port.
//!
//! Notes that follow a person from device to device. It shows a state of which each handler takes
//! its part (`State` and `FromRef` as in axum), a middleware that knows people by a token, a room
//! per person, and answers to acknowledgements, good ones and bad ones.

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

/// How many notes a person can have.
const MAX_NOTES: usize = 100;

#[derive(Clone, FromRef)]
struct AppState {
    tokens: Tokens,
    notes: Notes,
}

/// Who has which token. It stands for a table of a database.
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
    let state = AppState {
        tokens: Tokens(&[("sesame", User("ada")), ("abracadabra", User("bob"))]),
        notes: Notes::default(),
    };
    let sockets = SocketIoLayer::with_state(state.clone());
    let namespace = sockets.io().of("/").middleware(authenticate);
    namespace.on_connect(enter).on("add", add).on("list", list);

    let notify = Router::new().route("/notify/{user}", post(notify));
    let app = notify.with_state(state).layer(sockets);
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("Notes at http://{}", listener.local_addr()?);
    axum::serve(listener, app).await
}

/// Lets those in who have a token. The others get a `connect_error`.
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

async fn enter(socket: Socket, SocketData(user): SocketData<User>) {
    socket.join(room(user.0));
}

/// Keeps a note and shows it on the person's other devices.
async fn add(
    socket: Socket,
    SocketData(user): SocketData<User>,
    State(Notes(notes)): State<Notes>,
    Data(note): Data<String>,
) -> Result<Reply<usize>, Reply<&'static str>> {
    let mut notes = notes.lock();
    let mine = notes.entry(user).or_default();
    if mine.len() >= MAX_NOTES {
        return Err(Reply("You have too many notes. Restart the example."));
    }
    socket.to(room(user.0)).emit("note", &note);
    mine.push(note);
    Ok(Reply(mine.len()))
}

async fn list(SocketData(user): SocketData<User>, notes: State<Notes>) -> Reply<Vec<String>> {
    Reply(notes.0.0.lock().get(&user).cloned().unwrap_or_default())
}

/// HTTP handlers reach the sockets as well.
async fn notify(io: SocketIo, Path(user): Path<String>, text: String) {
    io.to(room(&user)).emit("notice", &text);
}

fn room(user: &str) -> String {
    format!("user:{user}")
}

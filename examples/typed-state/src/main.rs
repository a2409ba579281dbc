//! Run with `cargo run -p example-typed-state`.
//!
//! Notes that follow a person from device to device. It shows
//!
//! - state of several parts, each handler taking its own: `State` and `FromRef` as in axum,
//! - a namespace middleware that knows people by a token,
//! - a room per person, which all their devices are in,
//! - answers to acknowledgements, good ones and bad ones: `Result<Reply<_>, Reply<_>>`.
//!
//! Try it from a folder with `socket.io-client`, such as `examples/chat` after `npm ci`:
//!
//! ```sh
//! node -e 'const s = require("socket.io-client").io("http://127.0.0.1:3000", { auth: { token: "sesame" } });
//!   s.onAny(console.log).on("connect_error", (e) => console.log(e.message, e.data));
//!   s.emit("add", { text: "Buy milk" }, (note) => s.emit("list", (all) => console.log(note, all)));'
//! curl -d 'Lunch is ready' http://127.0.0.1:3000/notify/ada
//! ```
//!
//! A second such window receives the notes of the first; the token `abracadabra` is somebody else.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router,
    extract::{FromRef, Path, State},
    routing::post,
};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use socketio::{
    ConnectError, Reply, Socket, SocketIo, SocketIoLayer,
    extract::{Auth, Data, SocketData},
};
use tokio::net::TcpListener;

/// How many notes a person can have.
const MAX_NOTES: usize = 100;

/// How long a note can be, in bytes.
const MAX_TEXT: usize = 1000;

/// Who has which token. It stands for a table of a database.
const TOKENS: [(&str, User); 2] = [("sesame", User("ada")), ("abracadabra", User("bob"))];

#[derive(Clone, FromRef)]
struct AppState {
    logins: Logins,
    notes: Notes,
}

#[derive(Clone)]
struct Logins(Arc<HashMap<&'static str, User>>);

#[derive(Clone, Default)]
struct Notes(Arc<Mutex<HashMap<User, Vec<Note>>>>);

#[derive(Clone, Copy, Eq, Hash, PartialEq)]
struct User(&'static str);

#[derive(Clone, Deserialize, Serialize)]
struct Note {
    text: String,
}

#[derive(Serialize)]
struct Problem {
    error: &'static str,
}

#[derive(Deserialize)]
struct Login {
    token: String,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt::init();
    let state = AppState {
        logins: Logins(Arc::new(HashMap::from(TOKENS))),
        notes: Notes::default(),
    };
    let sockets = SocketIoLayer::with_state(state.clone());
    let namespace = sockets.io().of("/").middleware(authenticate);
    namespace
        .on_connect(connected)
        .on("add", add)
        .on("list", list);

    let app = Router::new()
        .route("/notify/{user}", post(notify))
        .with_state(state)
        .layer(sockets);
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("Notes at http://{}", listener.local_addr()?);
    axum::serve(listener, app).await
}

/// Lets those in who have a token. The others get a `connect_error`.
async fn authenticate(
    socket: Socket,
    Auth(login): Auth<Login>,
    State(Logins(logins)): State<Logins>,
) -> Result<(), ConnectError> {
    let user = logins.get(login.token.as_str());
    let user = *user.ok_or_else(|| ConnectError::new("Unknown token. Log in again."))?;
    socket.data().insert(user);
    Ok(())
}

async fn connected(socket: Socket, SocketData(user): SocketData<User>) {
    socket.join(room(user.0));
}

/// Keeps a note and shows it on the person's other devices.
async fn add(
    socket: Socket,
    SocketData(user): SocketData<User>,
    State(Notes(notes)): State<Notes>,
    Data(note): Data<Note>,
) -> Result<Reply<Note>, Reply<Problem>> {
    let problem = |error| Err(Reply(Problem { error }));
    if note.text.len() > MAX_TEXT {
        return problem("The note is too long. Make two of it.");
    }
    {
        let mut notes = notes.lock();
        let notes = notes.entry(user).or_default();
        if notes.len() >= MAX_NOTES {
            return problem("You have too many notes. Restart the example.");
        }
        notes.push(note.clone());
    }
    socket.to(room(user.0)).emit("note", &note);
    Ok(Reply(note))
}

async fn list(
    SocketData(user): SocketData<User>,
    State(Notes(notes)): State<Notes>,
) -> Reply<Vec<Note>> {
    Reply(notes.lock().get(&user).cloned().unwrap_or_default())
}

/// HTTP handlers reach the sockets as well.
async fn notify(io: SocketIo, Path(user): Path<String>, text: String) {
    io.to(room(&user)).emit("notice", &text);
}

fn room(user: &str) -> String {
    format!("user:{user}")
}

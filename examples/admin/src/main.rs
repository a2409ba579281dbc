//! Run with `cargo run -p example-admin`. `PORT=8080` chooses another port, `ADMIN_PASSWORD=…`
//! another password than `sesame`.
//!
//! A small application and a namespace from which it is watched and governed: who is there and in
//! which rooms, who comes and goes, and a way to move or send away one client, a room, or everybody.
//! The administrators' namespace is guarded by a middleware; clients of `/` cannot reach it.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use socketio::extract::{Auth, Data, SocketData};
use socketio::{
    BroadcastOperator, ConnectError, DisconnectReason, Reply, Socket, SocketIo, SocketIoLayer,
};
use tokio::net::TcpListener;

/// The namespace of the administrators.
const ADMIN: &str = "/admin";

/// What administrators have to know.
#[derive(Clone)]
struct Password(String);

/// A client of the application. It is shared, so that it is seen by `fetch_sockets`, on every server
/// if there are several.
#[derive(Clone, Deserialize, Serialize)]
struct Guest {
    name: String,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt::init();
    let password = std::env::var("ADMIN_PASSWORD").unwrap_or_else(|_| "sesame".to_owned());
    let sockets = SocketIoLayer::with_state(Password(password));
    let io = sockets.io();
    let guests = io.of("/").share_data::<Guest>("guest");
    guests
        .middleware(introduce)
        .on_connect(arrived)
        .on("enter", enter)
        .on_disconnect(left);
    let admins = io.of(ADMIN).middleware(admins_only);
    admins
        .on("list", list)
        .on("announce", announce)
        .on("move", relocate)
        .on("kick", kick);

    let app = Router::new().layer(sockets);
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!(
        "Guests and administrators at http://{}",
        listener.local_addr()?
    );
    // With it, handshakes know the client's address.
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app).await
}

// What guests do.

/// Asks guests for a name.
async fn introduce(socket: Socket, Auth(guest): Auth<Guest>) -> Result<(), ConnectError> {
    if guest.name.is_empty() || guest.name.len() > 40 {
        return Err(ConnectError::new("Choose a name of 1 to 40 bytes."));
    }
    socket.data().insert(guest);
    Ok(())
}

async fn arrived(socket: Socket, io: SocketIo, SocketData(guest): SocketData<Guest>) {
    let arrival = (socket.id(), guest.name);
    io.of(ADMIN).emit("arrived", &arrival);
}

async fn enter(socket: Socket, Data(room): Data<String>) -> Result<Reply<()>, Reply<String>> {
    let joined = socket.try_join(room);
    joined.map_err(|error| Reply(error.to_string()))?;
    Ok(Reply(()))
}

async fn left(socket: Socket, io: SocketIo, reason: DisconnectReason) {
    io.of(ADMIN).emit("left", &(socket.id(), reason.as_str()));
}

// What administrators do.

#[derive(Deserialize)]
struct Login {
    password: String,
}

/// Lets those in who know the password.
async fn admins_only(
    Auth(login): Auth<Login>,
    State(Password(password)): State<Password>,
) -> Result<(), ConnectError> {
    if login.password != password {
        return Err(ConnectError::new("Wrong password."));
    }
    Ok(())
}

/// A guest, as administrators see it.
#[derive(Serialize)]
struct Present {
    id: String,
    name: Option<String>,
    address: Option<String>,
    rooms: Vec<String>,
}

/// Lists the guests: all of them, or those in a room.
async fn list(
    io: SocketIo,
    Data(whom): Data<Whom>,
) -> Result<Reply<Vec<Present>>, Reply<&'static str>> {
    let fetched = whom.among_guests(&io).fetch_sockets().await;
    // With several servers, one may not answer in time.
    let sockets = fetched.map_err(|_| Reply("Not all servers have answered. Try again."))?;
    let present = sockets.iter().map(|socket| Present {
        id: socket.id().to_string(),
        name: socket
            .data_as("guest")
            .ok()
            .flatten()
            .map(|guest: Guest| guest.name),
        address: socket
            .handshake()
            .address()
            .map(|address| address.to_string()),
        // Without the room of its own id, in which every socket is.
        rooms: socket
            .rooms()
            .iter()
            .skip(1)
            .map(|room| room.to_string())
            .collect(),
    });
    let mut present: Vec<_> = present.collect();
    present.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Reply(present))
}

async fn announce(io: SocketIo, Data((whom, text)): Data<(Whom, String)>) {
    whom.among_guests(&io).emit("announcement", &text);
}

/// Moves guests into a room.
async fn relocate(io: SocketIo, Data((whom, room)): Data<(Whom, String)>) -> Reply<()> {
    whom.among_guests(&io).sockets_join(room);
    Reply(())
}

/// Sends guests away, and tells them why.
async fn kick(io: SocketIo, Data((whom, why)): Data<(Whom, String)>) -> Reply<()> {
    let guests = whom.among_guests(&io);
    guests.emit("kicked", &why);
    guests.disconnect_clients();
    Reply(())
}

/// Whom an administrator means: a room, or the id of a socket, which is the room of that socket
/// alone; or everybody, with `null`.
#[derive(Deserialize)]
struct Whom(Option<String>);

impl Whom {
    fn among_guests(self, io: &SocketIo) -> BroadcastOperator {
        // No rooms at all mean everybody.
        io.to(Vec::from_iter(self.0))
    }
}

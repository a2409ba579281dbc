//! An application with a namespace for administrators.
//!
//! Administrators see the guests and their rooms, are notified when guests connect and disconnect, and can
//! move or disconnect one guest, a room, or all guests. A middleware guards their namespace.
//!
//! Run it with `cargo run -p example-admin`. `PORT=8080` selects another port, and `ADMIN_PASSWORD=…` another
//! password than `sesame`.

#[cfg(test)]
mod tests;

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

/// The password of the administrators.
#[derive(Clone)]
struct Password(String);

/// A client of the application. It is shared data, so that `fetch_sockets` returns it, also from other
/// servers of a cluster.
#[derive(Clone, Deserialize, Serialize)]
struct Guest {
    name: String,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt::init();
    let password = std::env::var("ADMIN_PASSWORD").unwrap_or_else(|_| "sesame".to_owned());
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!(
        "Guests and administrators at http://{}",
        listener.local_addr()?
    );
    // Adds the address of the client to its handshake.
    let app = app(password).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app).await
}

/// Creates the application.
fn app(password: String) -> Router {
    let sockets = SocketIoLayer::with_state(Password(password));
    let io = sockets.io();
    let guests = io.of("/").share_data::<Guest>("guest");
    guests
        .middleware(introduce)
        .on_connect(connected)
        .on("enter", enter)
        .on_disconnect(disconnected);
    let admins = io.of(ADMIN).middleware(admins_only);
    admins
        .on("list", list)
        .on("announce", announce)
        .on("move", move_guests)
        .on("kick", kick);

    Router::new().layer(sockets)
}

// Handlers of guests.

/// Requires a name of each guest.
async fn introduce(socket: Socket, Auth(guest): Auth<Guest>) -> Result<(), ConnectError> {
    if guest.name.is_empty() || guest.name.len() > 40 {
        return Err(ConnectError::new("Choose a name of 1 to 40 bytes."));
    }
    socket.data().insert(guest);
    Ok(())
}

async fn connected(socket: Socket, io: SocketIo, SocketData(guest): SocketData<Guest>) {
    let arrival = (socket.id(), guest.name);
    io.of(ADMIN).emit("arrived", &arrival);
}

async fn enter(socket: Socket, Data(room): Data<String>) -> Result<Reply<()>, Reply<String>> {
    let joined = socket.try_join(room);
    joined.map_err(|error| Reply(error.to_string()))?;
    Ok(Reply(()))
}

async fn disconnected(socket: Socket, io: SocketIo, reason: DisconnectReason) {
    io.of(ADMIN).emit("left", &(socket.id(), reason.as_str()));
}

// Handlers of administrators.

#[derive(Deserialize)]
struct Login {
    password: String,
}

/// Refuses clients without the password.
async fn admins_only(
    Auth(login): Auth<Login>,
    State(Password(password)): State<Password>,
) -> Result<(), ConnectError> {
    if login.password != password {
        return Err(ConnectError::new("Wrong password."));
    }
    Ok(())
}

/// A guest in the list of the administrators.
#[derive(Serialize)]
struct GuestEntry {
    id: String,
    name: Option<String>,
    address: Option<String>,
    rooms: Vec<String>,
}

/// Lists the selected guests.
async fn list(
    io: SocketIo,
    Data(selection): Data<Selection>,
) -> Result<Reply<Vec<GuestEntry>>, Reply<&'static str>> {
    let fetched = selection.guests(&io).fetch_sockets().await;
    // In a cluster, a server may not answer in time.
    let sockets = fetched.map_err(|_| Reply("Not all servers have answered. Try again."))?;
    let entries = sockets.iter().map(|socket| GuestEntry {
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
        // The first room is the one of the socket id.
        rooms: socket
            .rooms()
            .iter()
            .skip(1)
            .map(|room| room.to_string())
            .collect(),
    });
    let mut entries: Vec<_> = entries.collect();
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Reply(entries))
}

/// Sends an announcement to the selected guests.
async fn announce(io: SocketIo, Data((selection, text)): Data<(Selection, String)>) {
    selection.guests(&io).emit("announcement", &text);
}

/// Adds the selected guests to a room.
async fn move_guests(
    io: SocketIo,
    Data((selection, room)): Data<(Selection, String)>,
) -> Reply<()> {
    selection.guests(&io).sockets_join(room);
    Reply(())
}

/// Disconnects the selected guests with a reason.
async fn kick(io: SocketIo, Data((selection, reason)): Data<(Selection, String)>) -> Reply<()> {
    let guests = selection.guests(&io);
    guests.emit("kicked", &reason);
    guests.disconnect_clients();
    Reply(())
}

/// A selection of guests: a room, the id of a socket (which is the room of only that socket), or `null` for
/// all guests.
#[derive(Deserialize)]
struct Selection(Option<String>);

impl Selection {
    fn guests(self, io: &SocketIo) -> BroadcastOperator {
        // Without rooms, the operator selects all sockets.
        io.to(Vec::from_iter(self.0))
    }
}

//! Listeners of one socket have no state: the state belongs to the namespace.

use axum::extract::State;
use socketio::Socket;

#[derive(Clone)]
struct AppState;

async fn connected(socket: Socket) {
    socket.on("event", async |_: State<AppState>| {});
    socket.event_middleware(async |_: State<AppState>| {});
    socket.on_disconnect(async |_: State<AppState>| {});
}

fn main() {
    let _ = connected;
}

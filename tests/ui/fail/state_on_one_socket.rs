//! A listener of one socket is registered without a state.

use axum::extract::State;
use socketio::Socket;

#[derive(Clone)]
struct AppState;

async fn message(_: State<AppState>) {}

async fn connected(socket: Socket) {
    socket.on("message", message);
}

fn main() {
    let _ = connected;
}

//! A handler with a state that is neither the layer's state nor a part of it.

use axum::extract::State;
use socketio::SocketIoLayer;

#[derive(Clone)]
struct AppState;

#[derive(Clone)]
struct Other;

async fn message(_: State<AppState>) {}

fn main() {
    SocketIoLayer::with_state(Other)
        .io()
        .of("/")
        .on("message", message);
}

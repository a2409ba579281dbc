//! A handler with a state, although the layer has none.

use axum::extract::State;
use socketio::{Socket, SocketIoLayer};

#[derive(Clone)]
struct AppState;

async fn connected(_: Socket, _: State<AppState>) {}

fn main() {
    SocketIoLayer::new().io().of("/").on_connect(connected);
}

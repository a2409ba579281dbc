//! `debug_handler` reports the state that an argument requires.

use axum::extract::State;
use socketio::{Socket, debug_handler};

#[derive(Clone)]
struct AppState;

#[derive(Clone)]
struct Other;

#[debug_handler(connect, state = Other)]
async fn connected(_: Socket, _: State<AppState>) {}

#[debug_handler]
async fn message(_: Socket, _: State<AppState>) {}

fn main() {}

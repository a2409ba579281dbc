//! `debug_handler` reports signatures that are invalid for any types.

use axum::extract::Path;
use socketio::extract::Data;
use socketio::{Socket, debug_handler};

#[debug_handler]
async fn reference(_: &Socket) {}

#[debug_handler]
async fn hidden(_: impl Clone) {}

#[debug_handler]
async fn generic<T>(_: Data<T>) {}

#[debug_handler]
async fn routed(_: Path<u32>) {}

#[debug_handler]
async fn method(self, _: Socket) {}

#[rustfmt::skip]
#[debug_handler]
async fn many(
    _: Socket, _: Socket, _: Socket, _: Socket, _: Socket, _: Socket, _: Socket,
    _: Socket, _: Socket, _: Socket, _: Socket, _: Socket, _: Socket,
) {}

fn main() {}

//! `debug_handler` reports the argument that is not an extractor, for each kind of handler.

use socketio::extract::Data;
use socketio::{DisconnectReason, Socket, debug_handler};

#[debug_handler(event)]
async fn message(_: Socket, _: bool, _: Data<u32>) {}

#[debug_handler(connect)]
async fn connected(_: bool, _: Socket) {}

#[debug_handler(middleware)]
async fn authenticate(_: Socket, _: bool) -> Result<(), &'static str> {
    Ok(())
}

#[debug_handler(disconnect)]
async fn left(_: DisconnectReason, _: bool) {}

fn main() {}

//! `debug_handler` names the argument that is no extractor, in each phase.

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

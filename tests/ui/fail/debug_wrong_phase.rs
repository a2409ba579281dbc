//! `debug_handler` reports the argument that belongs to another kind of handler.

use socketio::extract::{Ack, Auth, Data};
use socketio::{DisconnectReason, Rejection, debug_handler};

#[debug_handler(connect)]
async fn connected(_: Ack) {}

#[debug_handler(middleware)]
async fn authenticate(_: Data<u32>) -> Result<(), &'static str> {
    Ok(())
}

#[debug_handler(event)]
async fn message(_: Auth<u32>, _: DisconnectReason) {}

#[debug_handler(disconnect)]
async fn left(_: Rejection) {}

fn main() {}

//! Functions that are not handlers of server-side events.

use axum::extract::State;
use socketio::extract::{Ack, Data};
use socketio::{Reply, Socket, SocketIoLayer, debug_handler};

async fn with_socket(_: Socket) {}

#[debug_handler(server_event)]
async fn with_ack(_: Data<String>, _: Ack) {}

#[debug_handler(server_event)]
async fn with_other_state(_: State<String>) -> Reply<u8> {
    Reply(1)
}

#[debug_handler(server_event)]
async fn returns_plain_value() -> u8 {
    1
}

fn main() {
    let main = SocketIoLayer::new().io().of("/");
    main.on_server_event("event", with_socket);
}

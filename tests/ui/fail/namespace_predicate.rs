//! Functions that are not predicates of namespaces, and values that are not names.

use socketio::extract::{Data, NamespaceName};
use socketio::{Socket, SocketIoLayer, debug_handler};

async fn with_socket(_: Socket) -> bool {
    true
}

#[debug_handler(namespace)]
async fn with_data(_: Data<String>) -> bool {
    true
}

#[debug_handler(namespace)]
async fn decides_nothing(_: NamespaceName) {}

fn main() {
    let io = SocketIoLayer::new().io();
    io.of(with_socket);
    io.of(7);
}

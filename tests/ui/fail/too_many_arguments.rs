//! A handler with 13 arguments.

use socketio::{Socket, SocketIoLayer};

async fn message(
    _: Socket,
    _: Socket,
    _: Socket,
    _: Socket,
    _: Socket,
    _: Socket,
    _: Socket,
    _: Socket,
    _: Socket,
    _: Socket,
    _: Socket,
    _: Socket,
    _: Socket,
) {
}

fn main() {
    SocketIoLayer::new().io().of("/").on("message", message);
}

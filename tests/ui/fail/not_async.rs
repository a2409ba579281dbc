//! A handler that is not asynchronous.

use socketio::{Socket, SocketIoLayer};

fn connected(_: Socket) {}

fn main() {
    SocketIoLayer::new().io().of("/").on_connect(connected);
}

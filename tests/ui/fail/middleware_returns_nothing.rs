//! Middleware that does not return whether the client may join.

use socketio::{Socket, SocketIoLayer};

async fn authenticate(_: Socket) {}

fn main() {
    SocketIoLayer::new().io().of("/").middleware(authenticate);
}

//! A disconnect handler that returns a value.

use socketio::{Reply, SocketIoLayer};

async fn left() -> Reply<u32> {
    Reply(7)
}

fn main() {
    SocketIoLayer::new().io().of("/").on_disconnect(left);
}

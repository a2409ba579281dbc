//! A disconnect handler has nobody to answer.

use socketio::{Reply, SocketIoLayer};

async fn left() -> Reply<u32> {
    Reply(7)
}

fn main() {
    SocketIoLayer::new().io().of("/").on_disconnect(left);
}

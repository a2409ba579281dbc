//! A handler returns a value that is not marked as a reply.

use socketio::SocketIoLayer;

async fn count() -> u32 {
    7
}

fn main() {
    SocketIoLayer::new().io().of("/").on("count", count);
}

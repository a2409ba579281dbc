//! A handler that returns a value without `Reply`.

use socketio::SocketIoLayer;

async fn count() -> u32 {
    7
}

fn main() {
    SocketIoLayer::new().io().of("/").on("count", count);
}

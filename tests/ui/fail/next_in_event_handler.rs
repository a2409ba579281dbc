//! `Next` outside of a wrap.

use socketio::{Next, SocketIoLayer, debug_handler};

async fn message(next: Next) {
    drop(next.run().await);
}

#[debug_handler(event)]
async fn checked(next: Next) {
    drop(next.run().await);
}

fn main() {
    SocketIoLayer::new().io().of("/").on("message", message);
}

//! A wrap with an invalid return type.

use socketio::{Next, SocketIoLayer, debug_handler};

async fn nothing(next: Next) {
    drop(next.run().await);
}

#[debug_handler(wrap)]
async fn checked(next: Next) {
    drop(next.run().await);
}

#[debug_handler(wrap)]
async fn number(next: Next) -> usize {
    next.run().await.handlers()
}

fn main() {
    SocketIoLayer::new().io().of("/").wrap(nothing);
}

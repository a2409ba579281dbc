//! A closure without the types of its arguments.

use socketio::SocketIoLayer;

fn main() {
    SocketIoLayer::new()
        .io()
        .of("/")
        .on("message", |socket| async move {});
}

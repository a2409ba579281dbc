//! A handler whose return type is `!`, because it never returns.

use socketio::SocketIoLayer;

fn main() {
    SocketIoLayer::new()
        .io()
        .of("/")
        .on("message", async || panic!("not implemented yet"));
}

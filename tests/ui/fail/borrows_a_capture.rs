//! A closure that borrows a local variable.

use socketio::{Socket, SocketIoLayer};

fn main() {
    let name = String::from("name");
    SocketIoLayer::new()
        .io()
        .of("/")
        .on("message", async |socket: Socket| socket.emit("name", &name));
}

//! A closure that captures a value that is not `Send`, and one that borrows.

use std::rc::Rc;

use socketio::{Socket, SocketIoLayer};

fn main() {
    let count = Rc::new(1);
    SocketIoLayer::new()
        .io()
        .of("/")
        .on("message", async move |_: Socket| drop(Rc::clone(&count)));
}

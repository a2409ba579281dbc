//! A handler holds something across an await that may not change threads.

use std::rc::Rc;

use socketio::{Socket, SocketIoLayer};

async fn message(_: Socket) {
    let count = Rc::new(1);
    std::future::ready(()).await;
    drop(count);
}

fn main() {
    SocketIoLayer::new().io().of("/").on("message", message);
}

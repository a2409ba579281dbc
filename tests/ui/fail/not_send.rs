//! A handler that holds a value across an await that is not `Send`.

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

//! `debug_handler` reports the value that is held across an await and is not `Send`.

use std::rc::Rc;

use socketio::{Socket, debug_handler};

#[debug_handler(event)]
async fn message(_: Socket) {
    let count = Rc::new(1);
    std::future::ready(()).await;
    drop(count);
}

fn main() {}

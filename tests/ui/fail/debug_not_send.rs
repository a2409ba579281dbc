//! `debug_handler` shows what is held across an await and may not change threads.

use std::rc::Rc;

use socketio::{Socket, debug_handler};

#[debug_handler(event)]
async fn message(_: Socket) {
    let count = Rc::new(1);
    std::future::ready(()).await;
    drop(count);
}

fn main() {}

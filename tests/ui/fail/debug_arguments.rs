//! `debug_handler` reports arguments that no handler can have.

use std::rc::Rc;
use std::sync::Mutex;

use socketio::extract::{Auth, Data};
use socketio::{Reply, Socket, debug_handler};

#[debug_handler(event)]
async fn borrows(Data(text): Data<&str>) {
    drop(text);
}

#[debug_handler(connect)]
async fn borrows_in_tuple(_: Option<Auth<(String, &'static str)>>) {}

#[debug_handler(event)]
async fn shares(_: Rc<u8>) {}

#[debug_handler(event)]
async fn never() -> ! {
    panic!()
}

struct Answer;

#[debug_handler(event)]
async fn answers() -> Reply<Answer> {
    Reply(Answer)
}

#[debug_handler(event)]
async fn holds_a_guard(socket: Socket) {
    let lock = Mutex::new(1);
    let guard = lock.lock();
    socket.drained().await;
    drop(guard);
}

fn main() {}

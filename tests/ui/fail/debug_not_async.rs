//! `debug_handler` sees that `async` is missing.

use socketio::{Socket, debug_handler};

#[debug_handler(connect)]
fn connected(_: Socket) {}

fn main() {}

//! `debug_handler` reports a missing `async`.

use socketio::{Socket, debug_handler};

#[debug_handler(connect)]
fn connected(_: Socket) {}

fn main() {}

//! `debug_handler` reports invalid arguments of the attribute.

use socketio::debug_handler;

#[debug_handler(conect)]
async fn misspelt() {}

#[debug_handler(event, connect)]
async fn two_phases() {}

#[debug_handler(event, State = u8)]
async fn capital() {}

#[debug_handler(state = u8, state = u16)]
async fn two_states() {}

struct NotClone;

#[debug_handler(state = NotClone)]
async fn not_clone() {}

#[debug_handler]
struct NotEvenAFunction;

fn main() {}

//! `debug_handler` reports the wrong return type of each kind of handler.

use socketio::debug_handler;

#[debug_handler(event)]
async fn count() -> u32 {
    7
}

#[debug_handler(connect)]
async fn connected() -> u32 {
    7
}

#[debug_handler(middleware)]
async fn authenticate() -> Result<(), bool> {
    Ok(())
}

#[debug_handler(middleware)]
async fn authorise() {}

#[debug_handler(middleware)]
async fn allowed() -> bool {
    true
}

#[debug_handler(disconnect)]
async fn left() -> u32 {
    7
}

fn main() {}

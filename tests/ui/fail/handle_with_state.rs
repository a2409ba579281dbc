//! A handle with state where a function expects the handle without state.

use socketio::{Namespace, SocketIo, SocketIoLayer};

#[derive(Clone)]
struct App;

fn announce(_: SocketIo) {}

fn announce_in(_: Namespace) {}

fn main() {
    let io = SocketIoLayer::with_state(App).io();
    announce(&io);
    announce_in(&io.of("/"));
}

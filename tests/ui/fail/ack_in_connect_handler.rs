//! A connect handler that takes `Ack`: a CONNECT packet has no acknowledgement.

use socketio::extract::Ack;
use socketio::{Socket, SocketIoLayer};

async fn connected(_: Socket, _: Ack) {}

fn main() {
    SocketIoLayer::new().io().of("/").on_connect(connected);
}

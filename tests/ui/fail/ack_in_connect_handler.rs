//! Nothing can be acknowledged while a client joins.

use socketio::extract::Ack;
use socketio::{Socket, SocketIoLayer};

async fn connected(_: Socket, _: Ack) {}

fn main() {
    SocketIoLayer::new().io().of("/").on_connect(connected);
}

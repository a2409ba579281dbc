//! An argument that is not an extractor: the `Data` of the event is missing.

use socketio::{Socket, SocketIoLayer};

async fn message(_: Socket, _: u32) {}

fn main() {
    SocketIoLayer::new().io().of("/").on("message", message);
}

//! An argument is no extractor: the event's data lacks its `Data`.

use socketio::{Socket, SocketIoLayer};

async fn message(_: Socket, _: u32) {}

fn main() {
    SocketIoLayer::new().io().of("/").on("message", message);
}

//! A middleware does not say whether the client may join.

use socketio::{Socket, SocketIoLayer};

async fn authenticate(_: Socket) {}

fn main() {
    SocketIoLayer::new().io().of("/").middleware(authenticate);
}

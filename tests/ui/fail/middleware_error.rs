//! A middleware fails with what cannot be told to a client.

use socketio::{Socket, SocketIoLayer};

async fn authenticate(_: Socket) -> Result<(), bool> {
    Ok(())
}

fn main() {
    SocketIoLayer::new().io().of("/").middleware(authenticate);
}

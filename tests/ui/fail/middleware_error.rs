//! Middleware with an error that cannot be sent to a client.

use socketio::{Socket, SocketIoLayer};

async fn authenticate(_: Socket) -> Result<(), bool> {
    Ok(())
}

fn main() {
    SocketIoLayer::new().io().of("/").middleware(authenticate);
}

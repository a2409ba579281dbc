//! Event middleware with an invalid return type.

use socketio::{Socket, SocketIoLayer, debug_handler};

async fn authorize(socket: Socket) -> bool {
    socket.connected()
}

#[debug_handler(event_middleware)]
async fn checked(socket: Socket) -> bool {
    socket.connected()
}

fn main() {
    SocketIoLayer::new().io().of("/").event_middleware(authorize);
}

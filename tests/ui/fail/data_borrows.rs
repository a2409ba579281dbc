//! An event handler that borrows the argument of the event.

use socketio::SocketIoLayer;
use socketio::extract::Data;

async fn message(Data(text): Data<&str>) {
    drop(text);
}

fn main() {
    SocketIoLayer::new().io().of("/").on("message", message);
}

//! The data of an event cannot be deserialised.

use socketio::SocketIoLayer;
use socketio::extract::Data;

struct Message;

async fn message(_: Data<Message>) {}

fn main() {
    SocketIoLayer::new().io().of("/").on("message", message);
}

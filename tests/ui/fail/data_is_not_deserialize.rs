//! An event whose data is not `Deserialize`.

use socketio::SocketIoLayer;
use socketio::extract::Data;

struct Message;

async fn message(_: Data<Message>) {}

fn main() {
    SocketIoLayer::new().io().of("/").on("message", message);
}

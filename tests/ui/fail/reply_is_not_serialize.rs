//! An answer that is not `Serialize`.

use socketio::{Reply, SocketIoLayer};

struct Answer;

async fn message() -> Reply<Answer> {
    Reply(Answer)
}

fn main() {
    SocketIoLayer::new().io().of("/").on("message", message);
}

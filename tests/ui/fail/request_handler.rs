//! Functions that are not handlers of `allow_request`.

use axum::extract::State;
use socketio::{Socket, SocketIoLayer};

async fn with_socket(_: Socket) -> bool {
    true
}

async fn with_other_state(_: State<u32>) -> bool {
    true
}

async fn answers_a_number() -> u32 {
    7
}

struct Unknown;

async fn fails_with_anything() -> Result<(), Unknown> {
    Err(Unknown)
}

fn main() {
    let _ = SocketIoLayer::builder().allow_request(with_socket);
    let _ = SocketIoLayer::builder().allow_request(with_other_state);
    let _ = SocketIoLayer::builder().allow_request(answers_a_number);
    let _ = SocketIoLayer::builder().allow_request(fails_with_anything);
    SocketIoLayer::new().io().engine().generate_id(answers_a_number);
}

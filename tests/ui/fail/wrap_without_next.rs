//! A wrap without `Next`.

use socketio::extract::EventName;
use socketio::{Outcome, SocketIoLayer, debug_handler};

async fn refuse(_: EventName) -> Outcome {
    Outcome::ignored()
}

#[debug_handler(wrap)]
async fn checked(_: EventName) -> Outcome {
    Outcome::ignored()
}

#[debug_handler(wrap)]
async fn without_arguments() -> Outcome {
    Outcome::ignored()
}

fn main() {
    SocketIoLayer::new().io().of("/").wrap(refuse);
}

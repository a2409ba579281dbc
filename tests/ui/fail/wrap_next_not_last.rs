//! A wrap whose last argument is an extractor.

use socketio::extract::EventName;
use socketio::{Next, Outcome, SocketIoLayer, debug_handler};

async fn pass(next: Next, _: EventName) -> Outcome {
    next.run().await
}

#[debug_handler(wrap)]
async fn checked(next: Next, _: EventName) -> Outcome {
    next.run().await
}

fn main() {
    SocketIoLayer::new().io().of("/").wrap(pass);
}

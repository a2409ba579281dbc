//! The test client against the server of this repository.

mod acknowledgements;
mod connecting;
mod failures;
mod layers;
mod lifetime;
mod many;
mod messages;
mod time;

use axum::Router;
use socketio::{SocketIo, SocketIoLayer};
use socketio_test::{ClientBuilder, TestServer};

/// Creates a server whose handlers `register` adds.
fn serve(register: impl FnOnce(&SocketIo)) -> (TestServer, SocketIo) {
    let sockets = SocketIoLayer::new();
    let io = sockets.io();
    register(&io);
    (TestServer::new(Router::new().layer(sockets)), io)
}

/// Returns a builder for each transport.
fn transports(server: &TestServer) -> [ClientBuilder; 2] {
    [server.client(), server.client().websocket()]
}

/// Runs a future that must panic, and returns the text of the panic.
async fn panic_of<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> String {
    let Err(failed) = tokio::spawn(future).await else {
        panic!("the future did not panic");
    };
    let panic = failed.into_panic();
    let text = panic.downcast_ref::<String>().cloned();
    text.expect("a panic with a text")
}

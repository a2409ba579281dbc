//! The same server with socketioxide.

use axum::Router;
use socketioxide::SocketIo;
use socketioxide::extract::{Data, SocketRef};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let (sockets, io) = SocketIo::new_layer();
    io.ns("/", async |socket: SocketRef| {
        socket.on("hello", async |socket: SocketRef, Data(name): Data<String>| {
            socket.emit("welcome", &name).ok();
        });
    });

    let app = Router::new().layer(sockets);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, app).await
}

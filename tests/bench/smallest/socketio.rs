//! The smallest server of this project: the program of its README.

use axum::Router;
use socketio::{Socket, SocketIoLayer, extract::Data};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let sockets = SocketIoLayer::new();
    sockets.io().of("/").on("hello", async |socket: Socket, Data(name): Data<String>| {
        socket.emit("welcome", &name);
    });

    let app = Router::new().layer(sockets);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, app).await
}

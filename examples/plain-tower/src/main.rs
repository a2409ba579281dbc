//! Socket.IO in front of any tower service, on hyper and without axum.
//!
//! The layer serves `/socket.io/` and passes other requests to the inner service.
//!
//! Run it with `cargo run -p example-plain-tower`. `PORT=8080` selects another port.

use std::{convert::Infallible, error::Error};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use socketio::{Reply, SocketIoLayer, extract::Data};
use tokio::net::TcpListener;
use tower::{Layer as _, service_fn};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt::init();
    let sockets = SocketIoLayer::new();
    sockets.io().of("/").on("shout", shout);

    // Apply the layer once and clone the service for each connection.
    let service = TowerToHyperService::new(sockets.layer(service_fn(greet)));
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("Listening at http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        let service = service.clone();
        tokio::spawn(async move {
            // WebSocket requires a connection with upgrades.
            let connection = Builder::new(TokioExecutor::new())
                .serve_connection_with_upgrades(TokioIo::new(stream), service)
                .await;
            if let Err(error) = connection {
                eprintln!("connection: {error}");
            }
        });
    }
}

/// The inner service.
async fn greet<B>(request: Request<B>) -> Result<Response<Full<Bytes>>, Infallible> {
    let text = format!("{} is not a Socket.IO request\n", request.uri().path());
    Ok(Response::new(Full::from(text)))
}

/// Answers with the text in upper case.
async fn shout(Data(text): Data<String>) -> Reply<String> {
    Reply(text.to_uppercase())
}

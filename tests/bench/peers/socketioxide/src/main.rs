//! The measured application on socketioxide: `peer-socketioxide PORT [current|multi]`.

use std::io;
use std::net::Ipv4Addr;

use axum::Router;
use axum::serve::ListenerExt as _;
use bytes::Bytes;
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};
use tokio::net::TcpSocket;
use tokio::runtime::Builder;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().and_then(|port| port.parse().ok());
    let port =
        port.ok_or_else(|| io::Error::other("usage: peer-socketioxide PORT [current|multi]"))?;
    let mut runtime = match arguments.next().as_deref() {
        Some("current") => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    let runtime = runtime.enable_all().build()?;
    runtime.block_on(async { tokio::spawn(serve(port)).await.map_err(io::Error::other)? })
}

async fn serve(port: u16) -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    let listener = socket.listen(4096)?.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let (layer, io) = SocketIo::builder().build_layer();
    io.ns("/", async |socket: SocketRef| connected(&socket));
    axum::serve(listener, Router::new().layer(layer)).await
}

fn connected(socket: &SocketRef) {
    socket.join("room");
    socket.on("echo", async |socket: SocketRef, Data::<String>(text)| {
        let _ = socket.emit("echo", &text);
    });
    socket.on("ack", async |Data::<String>(text), ack: AckSender| {
        let _ = ack.send(&text);
    });
    socket.on("bin", async |socket: SocketRef, Data::<Bytes>(bytes)| {
        let _ = socket.emit("bin", &bytes);
    });
    socket.on("broadcast", async |io: SocketIo, Data::<String>(text)| {
        let _ = io.to("room").emit("broadcast", &text).await;
    });
    socket.on(
        "join",
        async |socket: SocketRef, Data::<Vec<String>>(rooms), ack: AckSender| {
            socket.join(rooms);
            let _ = ack.send(&());
        },
    );
    socket.on(
        "leave",
        async |socket: SocketRef, Data::<Vec<String>>(rooms), ack: AckSender| {
            socket.leave(rooms);
            let _ = ack.send(&());
        },
    );
}

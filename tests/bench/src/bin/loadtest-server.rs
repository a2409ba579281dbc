//! The application that is measured: `loadtest-server PORT [current|multi]`.
//!
//! The same small application is written for every server that the benchmark compares.

use std::io;
use std::net::Ipv4Addr;

use axum::Router;
use axum::serve::ListenerExt as _;
use bytes::Bytes;
use socketio::extract::Data;
use socketio::{Reply, Socket, SocketIoLayer};
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Builder;

/// Connections that may wait to be accepted: the generator opens them faster than one is accepted.
const BACKLOG: u32 = 4096;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().and_then(|port| port.parse().ok());
    let mut runtime = match arguments.next().as_deref() {
        None | Some("multi") => Builder::new_multi_thread(),
        Some("current") => Builder::new_current_thread(),
        Some(_) => return Err(usage()),
    };
    let port = port.ok_or_else(usage)?;
    let runtime = runtime.enable_all().build()?;
    runtime.block_on(async {
        // A task of its own: the accept loop then runs on a worker, not on the main thread beside it.
        tokio::spawn(serve(port)).await.map_err(io::Error::other)?
    })
}

fn usage() -> io::Error {
    io::Error::other("usage: loadtest-server PORT [current|multi]")
}

async fn serve(port: u16) -> io::Result<()> {
    let listener = listen(port)?.tap_io(|stream| {
        // A stream that has just been accepted and is gone already shows that when it is read.
        let _ = stream.set_nodelay(true);
    });
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let everyone = io.clone();
    io.of("/")
        .on_connect(async |socket: Socket| socket.join("room"))
        .on("echo", async |socket: Socket, Data(text): Data<String>| {
            socket.emit("echo", &text);
        })
        .on("ack", async |Data(text): Data<String>| Reply(text))
        .on("bin", async |socket: Socket, Data(bytes): Data<Bytes>| {
            socket.emit("bin", &bytes);
        })
        .on("broadcast", async move |Data(text): Data<String>| {
            everyone.to("room").emit("broadcast", &text);
        })
        .on(
            "join",
            async |socket: Socket, Data(rooms): Data<Vec<String>>| {
                socket.join(rooms);
                Reply(())
            },
        )
        .on(
            "leave",
            async |socket: Socket, Data(rooms): Data<Vec<String>>| {
                for room in rooms {
                    socket.leave(room);
                }
                Reply(())
            },
        );
    axum::serve(listener, Router::new().layer(layer)).await
}

fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    socket.listen(BACKLOG)
}

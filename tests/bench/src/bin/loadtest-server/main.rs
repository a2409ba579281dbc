//! The measured application.
//!
//! All compared servers run the same small application. Only this one has the events that begin with
//! `timed` or `inner`, and the second namespace.

mod arguments;
mod inner;
mod join_times;

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt as _;
use bytes::Bytes;
use socketio::extract::Data;
use socketio::{ConnectionStateRecovery, Reply, Socket, SocketIo, SocketIoLayer};
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Builder;

use self::arguments::{Arguments, USAGE};
use self::inner::Inner;
use self::join_times::JoinTimes;

/// The backlog of the listener: the generator connects faster than connections are accepted.
const BACKLOG: u32 = 4096;

fn main() -> io::Result<()> {
    let arguments = Arguments::parse(std::env::args().skip(1));
    let arguments = arguments.ok_or_else(|| io::Error::other(USAGE))?;
    let mut runtime = if arguments.one_thread {
        Builder::new_current_thread()
    } else {
        Builder::new_multi_thread()
    };
    let runtime = runtime.enable_all().build()?;
    runtime.block_on(async {
        // A spawned task runs on a worker, and not on the main thread.
        tokio::spawn(serve(arguments))
            .await
            .map_err(io::Error::other)?
    })
}

async fn serve(arguments: Arguments) -> io::Result<()> {
    let listener = listen(arguments.port)?;
    println!("{}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        // If the connection is already closed, the next read reports it.
        let _ = stream.set_nodelay(true);
    });
    let recovery = arguments.recovery.then(ConnectionStateRecovery::new);
    let mut options = SocketIoLayer::builder()
        .per_message_deflate(arguments.deflate)
        .connection_state_recovery(recovery);
    if arguments.unpinged {
        options = options.ping_interval(Duration::from_secs(24 * 3600));
    }
    let layer = options.build();
    let io = layer.io();
    usual_events(&io);
    timed_events(&io);
    io.of("/two").on_connect(async || {});
    let app = Router::new().layer(layer);
    if arguments.inner {
        let (inner, within) = Inner::start()?;
        inner_events(&io, inner);
        tokio::spawn(axum::serve(within, app.clone()).into_future());
    }
    axum::serve(listener, app).await
}

/// Registers the events that all compared servers have.
fn usual_events(io: &SocketIo) {
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
}

/// Registers the events that measure broadcasts and joins, and the event that returns the durations.
fn timed_events(io: &SocketIo) {
    let everyone = io.clone();
    let times = Arc::new(JoinTimes::default());
    let (broadcasts, joins) = (Arc::clone(&times), Arc::clone(&times));
    io.of("/")
        .on("timed_broadcast", async move |Data(text): Data<String>| {
            broadcasts.broadcast(|| everyone.to("room").emit("broadcast", &text));
        })
        .on(
            "timed_join",
            async move |socket: Socket, Data(rooms): Data<Vec<String>>| {
                joins.join(|| socket.join(rooms));
                Reply(())
            },
        )
        .on("join_times", async move || Reply(times.take()));
}

/// Registers the events that control the clients in this process.
fn inner_events(io: &SocketIo, inner: Inner) {
    let inner = Arc::new(inner);
    let (allocator, opener) = (Arc::clone(&inner), Arc::clone(&inner));
    io.of("/")
        .on("inner_allocate", async move |Data(clients): Data<usize>| {
            allocator.allocate(clients);
            Reply(())
        })
        .on(
            "inner_open",
            async move |Data((clients, leave)): Data<(usize, bool)>| {
                opener.open(clients, leave);
                Reply(())
            },
        )
        .on("inner_progress", async move || Reply(inner.progress()));
}

fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    socket.listen(BACKLOG)
}

//! The practical limit of a WebSocket server on tokio: `peer-tungstenite PORT [current|multi]`.
//!
//! This is not a Socket.IO server. It checks a few bytes of each message and answers as the generator
//! expects, with one flush for all available input. A server that implements the protocol can approach
//! these figures but not reach them. It supports neither long-polling nor rooms.

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

const OPEN: &str = r#"0{"sid":"AAAAAAAAAAAAAAAAAAAA","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
const CONNECTED: &str = r#"40{"sid":"BBBBBBBBBBBBBBBBBBBB"}"#;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().and_then(|port| port.parse().ok());
    let port =
        port.ok_or_else(|| io::Error::other("usage: peer-tungstenite PORT [current|multi]"))?;
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
    let listener = socket.listen(4096)?;
    let members = Members::default();
    loop {
        let (stream, _) = listener.accept().await?;
        // A connection returns an error when its client disconnects.
        tokio::spawn(converse(stream, members.clone()));
    }
}

async fn converse(stream: TcpStream, members: Members) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    // The default of 128 KiB per connection would dominate the memory of an idle one.
    let config = WebSocketConfig::default().read_buffer_size(4096);
    let mut socket = tokio_tungstenite::accept_async_with_config(stream, Some(config)).await?;
    socket.send(Message::text(OPEN)).await?;
    let (sender, mut broadcasts) = mpsc::unbounded_channel();
    members.add(sender);
    loop {
        tokio::select! {
            message = socket.next() => {
                let mut next = message;
                while let Some(message) = next {
                    let message = message?;
                    if message.is_close() {
                        return Ok(());
                    }
                    if let Some(answer) = answer(message, &members) {
                        socket.feed(answer).await?;
                    }
                    match socket.next().now_or_never() {
                        Some(message) => next = message,
                        None => break,
                    }
                }
                socket.flush().await?;
            }
            broadcast = broadcasts.recv() => {
                let mut next = broadcast;
                while let Some(text) = next {
                    socket.feed(Message::Text(text)).await?;
                    next = broadcasts.try_recv().ok();
                }
                socket.flush().await?;
            }
        }
    }
}

fn answer(message: Message, members: &Members) -> Option<Message> {
    let Message::Text(text) = message else {
        return message.is_binary().then_some(message);
    };
    match text.as_bytes() {
        b"40" => Some(Message::text(CONNECTED)),
        b"3" => None,
        [b'4', b'2', b'0'..=b'9', ..] => {
            let (id, argument) = text[2..].split_once("[\"ack\",")?;
            Some(Message::text(format!("43{id}[{argument}")))
        }
        bytes if bytes.starts_with(b"42[\"broadcast\"") => {
            members.send(&text);
            None
        }
        _ => Some(Message::Text(text)),
    }
}

#[derive(Clone, Default)]
struct Members(Arc<Mutex<Vec<UnboundedSender<Utf8Bytes>>>>);

impl Members {
    fn add(&self, sender: UnboundedSender<Utf8Bytes>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(sender);
    }

    fn send(&self, text: &Utf8Bytes) {
        let mut members = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        members.retain(|member| member.send(text.clone()).is_ok());
    }
}

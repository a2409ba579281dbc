//! A client that sends many messages does not starve other tasks.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Poll;

use engineio::{Config, PerMessageDeflate};
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use zlib_rs::{Deflate, DeflateFlush};

use crate::polling_client::PollingClient;
use crate::server::Server;
use crate::websocket_client::OPEN;

/// The number of bytes that a run of a driver receives, except for the last message.
const BYTES_PER_RUN: usize = 256 * 1024;

/// The run in which each message arrived, and its size.
#[derive(Clone, Default)]
struct Runs {
    now: Arc<AtomicUsize>,
    messages: Arc<Mutex<Vec<(usize, usize)>>>,
}

impl Runs {
    /// Creates a server that records its messages while another task runs whenever it may.
    fn server(&self) -> Server {
        let now = Arc::clone(&self.now);
        tokio::spawn(poll_fn(move |cx| {
            now.fetch_add(1, SeqCst);
            // Yielding would wait until no other task wants to run.
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        }));
        let runs = self.clone();
        let config = Config::default().per_message_deflate(PerMessageDeflate::default());
        Server::directed(config, |application| {
            application.on_message = Arc::new(move |_, message| {
                let run = runs.now.load(SeqCst);
                runs.messages.lock().push((run, message.len()));
            });
        })
    }

    fn assert_fair(&self, count: usize) {
        let messages = self.messages.lock();
        assert_eq!(messages.len(), count);
        for of_one_run in messages.chunk_by(|a, b| a.0 == b.0) {
            let before_the_last = of_one_run.split_last().map_or(&[][..], |(_, rest)| rest);
            let bytes: usize = before_the_last.iter().map(|(_, bytes)| bytes).sum();
            assert!(bytes < BYTES_PER_RUN, "{bytes} bytes in one turn");
        }
    }
}

/// Returns a compressed binary frame without history, with a key of zeros.
fn compressed(message: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 65_535];
    let mut context = Deflate::new(6, false, 15);
    let flush = DeflateFlush::SyncFlush;
    context.compress(message, &mut out, flush).unwrap();
    assert_eq!(context.total_in(), message.len() as u64);
    let length = u16::try_from(context.total_out() - 4).unwrap();
    let mut frame = vec![0xc2, 0x80 | 126];
    frame.extend(length.to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(&out[..length.into()]);
    frame
}

#[tokio::test]
async fn compressed_messages_take_many_runs() {
    let runs = Runs::default();
    let server = runs.server();
    let mut client = server.connect(1_000_000);
    let request = format!(
        "GET {OPEN} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n\r\n"
    );
    client.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(client.read_u8().await.unwrap());
    }
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.contains("permessage-deflate"), "{answer}");

    let frame = compressed(&[0; 200_000]);
    assert!(frame.len() < 1_000);
    client.write_all(&frame.repeat(60)).await.unwrap();
    while runs.messages.lock().len() < 60 {
        tokio::task::yield_now().await;
    }
    runs.assert_fair(60);
}

#[tokio::test]
async fn the_messages_of_a_post_take_many_runs() {
    let runs = Runs::default();
    let server = runs.server();
    let client = PollingClient::open(&server).await;
    let packets = vec![format!("4{}", "x".repeat(30_000)); 30];
    let posted = client.start_post_of(&packets.join("\x1e"));
    while runs.messages.lock().len() < 30 {
        tokio::task::yield_now().await;
    }
    runs.assert_fair(30);
    posted.answer().await.is(200, "ok");
}

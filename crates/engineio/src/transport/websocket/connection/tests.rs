use std::pin::pin;
use std::task::Waker;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::task::coop::unconstrained;

use super::*;
use crate::config::per_message_deflate::PerMessageDeflate;
use crate::transport::websocket::extension::tests::negotiate_offer;

const MAX: usize = 1_000_000;

const CODING: Coding = Coding {
    protocol: engineio_proto::Protocol::V4,
    base64: false,
};

fn connect(capacity: usize) -> (WebSocket<DuplexStream>, DuplexStream) {
    let (server, client) = duplex(capacity);
    (
        WebSocket::new(server, &Bytes::new(), MAX, CODING, None),
        client,
    )
}

/// Returns a client frame with a key of zeros, which masks nothing.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    assert!(length < 126);
    [&[first, 0x80 | length, 0, 0, 0, 0], payload].concat()
}

/// Receives one message, as a run of a driver does.
fn poll_receive<T: AsyncRead + AsyncWrite + Unpin>(
    connection: &mut WebSocket<T>,
    cx: &mut Context<'_>,
) -> Poll<Incoming> {
    let mut buffer = [MaybeUninit::uninit(); READ_BUFFER];
    let mut window = ReadWindow::new(&mut buffer);
    let received = connection.poll_receive(cx, &mut window);
    connection.save_unread(&mut window);
    received
}

async fn receive(connection: &mut WebSocket<DuplexStream>) -> String {
    match poll_fn(|cx| poll_receive(connection, cx)).await {
        Incoming::Text(text) => text.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_connection_holds_nothing_between_messages() {
    let (mut connection, mut client) = connect(100_000);
    let burst: Vec<u8> = (0..100).flat_map(|_| frame(0x81, b"4hello")).collect();
    client.write_all(&burst).await.unwrap();
    for _ in 0..100 {
        assert_eq!(receive(&mut connection).await, "4hello");
    }
    for _ in 0..100 {
        connection.send_text(&"4answer".into(), true);
    }
    poll_fn(|cx| connection.poll_flush(cx)).await.unwrap();
    let pending = poll_fn(|cx| Poll::Ready(poll_receive(&mut connection, cx).is_pending())).await;
    assert!(pending);
    assert_eq!(connection.unread.capacity(), 0);
    assert_eq!(connection.queue.pending(), 0);
}

#[tokio::test]
async fn bytes_read_by_http_are_received_and_its_buffer_is_freed() {
    let (server, _client) = duplex(1_000);
    let mut read = BytesMut::with_capacity(8_192);
    read.extend_from_slice(&frame(0x81, b"4early"));
    let mut connection = WebSocket::new(server, &read.freeze(), MAX, CODING, None);
    assert!(connection.unread.capacity() < 100);
    assert_eq!(receive(&mut connection).await, "4early");
    let (server, _client) = duplex(1_000);
    let empty = BytesMut::with_capacity(8_192).freeze();
    assert_eq!(
        WebSocket::new(server, &empty, MAX, CODING, None)
            .unread
            .capacity(),
        0
    );
}

/// Sends a short text with `write` and with `write_text`, and returns the bytes of both.
async fn frames(deflate: Option<&PerMessageDeflate>, text: &str, compress: bool) -> [Vec<u8>; 2] {
    let mut frames = [Vec::new(), Vec::new()];
    for (copied, frame) in frames.iter_mut().enumerate() {
        let (server, mut client) = duplex(10_000);
        let deflate =
            deflate.map(|options| negotiate_offer(options, "permessage-deflate").unwrap().0);
        let mut connection = WebSocket::new(server, &Bytes::new(), MAX, CODING, deflate);
        if copied == 0 {
            connection.send_text(&text.into(), compress);
        } else {
            connection.send_copied(text, compress);
        }
        assert!(!connection.is_flushed());
        poll_fn(|cx| connection.poll_flush(cx)).await.unwrap();
        drop(connection);
        client.read_to_end(frame).await.unwrap();
    }
    frames
}

#[tokio::test]
async fn a_copied_text_is_compressed_like_any_other() {
    const COMPRESSED: u8 = 0xc1;
    const PLAIN: u8 = 0x81;
    let text = format!("4{}", "compressible ".repeat(20));
    let always = PerMessageDeflate::default().threshold(0);
    let longer = PerMessageDeflate::default().threshold(text.len() + 1);
    for (deflate, compress, first) in [
        (None, true, PLAIN),
        (Some(&always), true, COMPRESSED),
        (Some(&always), false, PLAIN),
        (Some(&longer), true, PLAIN),
    ] {
        let [shared, copied] = frames(deflate, &text, compress).await;
        assert_eq!(copied.first(), Some(&first), "{deflate:?}, {compress}");
        assert_eq!(copied, shared);
        let plain = copied
            .windows(text.len())
            .any(|bytes| bytes == text.as_bytes());
        assert_eq!(plain, first == PLAIN);
    }
}

#[tokio::test]
async fn a_websocket_is_small() {
    let size = size_of::<WebSocket>();
    assert!(size <= 192, "{size} bytes");
}

#[tokio::test]
async fn pings_are_answered_in_order_with_their_payload() {
    let (mut connection, mut client) = connect(1_000);
    let pings: Vec<u8> = (0..10).flat_map(|n| frame(0x89, &[n])).collect();
    client.write_all(&pings).await.unwrap();
    client.write_all(&frame(0x81, b"4")).await.unwrap();
    assert_eq!(receive(&mut connection).await, "4");
    poll_fn(|cx| connection.poll_flush(cx)).await.unwrap();
    let mut pongs = [0; 30];
    client.read_exact(&mut pongs).await.unwrap();
    let expected: Vec<u8> = (0..10).flat_map(|n| [0x8a, 1, n]).collect();
    assert_eq!(pongs[..], expected);
}

#[test]
fn a_client_that_pings_without_reading_is_not_read() {
    let (mut connection, mut client) = connect(1_000);
    let flood: Vec<u8> = (0..1_000).flat_map(|_| frame(0x89, &[0; 100])).collect();
    let mut sent = 0;
    let cx = &mut Context::from_waker(Waker::noop());
    // Continues until neither end makes progress.
    let mut stuck = 0;
    while stuck < 10 {
        match pin!(client.write(&flood[sent % flood.len()..])).poll(cx) {
            Poll::Ready(written) => {
                sent += written.unwrap();
                stuck = 0;
            }
            Poll::Pending => stuck += 1,
        }
        assert!(poll_receive(&mut connection, cx).is_pending());
        assert!(connection.queue.pending() <= WRITE_BUFFER + 200);
    }
    assert!(sent < 100_000, "{sent} bytes were read");
}

#[tokio::test]
async fn a_ping_does_not_block_receiving_during_a_write() {
    let (mut connection, mut client) = connect(1_000);
    connection.send_binary(&vec![1; 100_000].into(), true);
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(connection.poll_flush(cx).is_pending());
    for _ in 0..10 {
        client.write_all(&frame(0x89, b"there?")).await.unwrap();
        client.write_all(&frame(0x81, b"4hello")).await.unwrap();
        let Poll::Ready(Incoming::Text(text)) = poll_receive(&mut connection, cx) else {
            panic!("the message is there to be read");
        };
        assert_eq!(text, "4hello");
    }
}

#[tokio::test]
async fn pongs_are_limited_while_a_message_is_queued() {
    unconstrained(async {
        let (mut connection, mut client) = connect(1_000);
        let message = 100_000;
        connection.send_binary(&vec![1; message].into(), true);
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(connection.poll_flush(cx).is_pending());
        let before = connection.queue.pending();
        // The last ping that is read may exceed the limit by its own size.
        let ping = frame(0x89, &[0; 94]);
        let mut pings = 0;
        while pings < 1_000 && pin!(client.write_all(&ping)).poll(cx).is_ready() {
            assert!(poll_receive(&mut connection, cx).is_pending());
            pings += 1;
        }
        let pongs = connection.queue.pending() - before;
        assert!(
            (MAX_PONG_BYTES.into()..17_000).contains(&pongs),
            "{pongs} bytes"
        );

        // Once the client reads, it is read again.
        let reads = async {
            client.read_exact(&mut vec![0; message + 10]).await.unwrap();
            client.write_all(&frame(0x81, b"4hello")).await.unwrap();
            client
        };
        let (text, _client) = tokio::join!(receive(&mut connection), reads);
        assert_eq!(text, "4hello");
    })
    .await;
}

#[tokio::test]
async fn a_slow_client_blocks_the_writer() {
    let (mut connection, mut client) = connect(1_000);
    let payload = Bytes::from(vec![1; 5_000]);
    let cx = &mut Context::from_waker(Waker::noop());
    let mut queued = 0;
    while connection.poll_writable(cx).is_ready() {
        connection.send_binary(&payload, true);
        queued += 1;
        assert!(queued < 100);
    }
    assert_eq!(queued, WRITE_BUFFER.div_ceil(5_000));
    assert!(connection.poll_flush(cx).is_pending());

    // Space for one more message is enough.
    let mut taken = [0; 3_000];
    let reading = async {
        client.read_exact(&mut taken).await.unwrap();
    };
    let writable = poll_fn(|cx| connection.poll_writable(cx));
    let (writable, ()) = tokio::join!(writable, reading);
    assert!(writable.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_close_without_an_answer_times_out() {
    let (connection, mut client) = connect(1_000);
    let before = tokio::time::Instant::now();
    connection.close(None).await;
    assert_eq!(before.elapsed(), CLOSE_DEADLINE);
    let mut sent = Vec::new();
    client.read_to_end(&mut sent).await.unwrap();
    assert_eq!(sent, [0x88, 0]);
}

#[tokio::test(start_paused = true)]
async fn the_close_handshake_ends_with_the_clients_answer() {
    let (connection, mut client) = connect(1_000);
    let before = tokio::time::Instant::now();
    // Messages in transit are discarded, and pings are not answered any more.
    client.write_all(&frame(0x81, b"4late")).await.unwrap();
    client.write_all(&frame(0x89, b"late")).await.unwrap();
    client.write_all(&frame(0x88, &[0x03, 0xe8])).await.unwrap();
    connection.close(None).await;
    assert_eq!(before.elapsed(), Duration::ZERO);
    let mut sent = Vec::new();
    client.read_to_end(&mut sent).await.unwrap();
    assert_eq!(sent, [0x88, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_violated_the_protocol_is_read_to_the_end() {
    let (mut connection, mut client) = connect(100_000);
    client.write_all(&[0xff; 50_000]).await.unwrap();
    let Incoming::Failed(code) = poll_fn(|cx| poll_receive(&mut connection, cx)).await else {
        panic!("a failure");
    };
    assert_eq!(code, CloseCode::Protocol);
    let closing = tokio::spawn(connection.close(Some(code)));
    let mut sent = Vec::new();
    client.read_to_end(&mut sent).await.unwrap();
    assert_eq!(sent, [0x88, 2, 0x03, 0xea]);
    assert!(!closing.is_finished());
    drop(client);
    closing.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_close_frame_is_answered_with_its_code() {
    for code in [&[][..], &[0x03, 0xe8], &[0x0f, 0xa0]] {
        let (mut connection, mut client) = connect(1_000);
        client.write_all(&frame(0x88, code)).await.unwrap();
        let received = poll_fn(|cx| poll_receive(&mut connection, cx)).await;
        assert!(matches!(received, Incoming::Closed));
        let before = tokio::time::Instant::now();
        connection.close(None).await;
        assert_eq!(before.elapsed(), Duration::ZERO);
        let mut sent = Vec::new();
        client.read_to_end(&mut sent).await.unwrap();
        assert_eq!(sent, [&[0x88, code.len() as u8], code].concat());
    }
}

/// Flush tasks may write while the driver only reads, so reading must not write without
/// `has_pongs`.
#[tokio::test]
async fn receiving_without_pongs_writes_nothing() {
    let (mut connection, mut client) = connect(100_000);
    let pings: Vec<u8> = (0..400).flat_map(|_| frame(0x89, &[b'x'; 125])).collect();
    client.write_all(&pings).await.unwrap();
    let cx = &mut Context::from_waker(Waker::noop());
    let mut writes = 0;
    for _ in 0..20 {
        let had_pongs = connection.has_pongs();
        unconstrained(poll_fn(|_| {
            Poll::Ready(poll_receive(&mut connection, cx).is_pending())
        }))
        .await;
        let mut seen = [0; 1];
        let mut read = pin!(client.read(&mut seen));
        if read.as_mut().poll(cx).is_ready() {
            assert!(had_pongs);
            writes += 1;
        }
    }
    assert!(writes > 0, "400 pings are answered during the read");
}

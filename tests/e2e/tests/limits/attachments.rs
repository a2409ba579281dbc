//! What the attachments of one packet may be: their number, their bytes, the time until they are
//! here.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::State;
use e2e::app::serve;
use e2e::probes::Journal;
use e2e::session::{assert_alive, join, join_polling, settle};
use e2e::sync::VirtualTime;
use socketio::{Args, DisconnectReason, Socket, SocketIoBuilder, SocketIoLayer};

/// How long attachments may take by default.
const TIMEOUT: Duration = Duration::from_secs(30);

const HOUR: Duration = Duration::from_secs(3_600);
const MOMENT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn another_time_for_attachments() {
    let time = VirtualTime::start();
    let timeout = Duration::from_secs(5);
    let (addr, journal) = echo(SocketIoLayer::builder().attachments_timeout(timeout)).await;
    let (mut client, _) = join(addr).await;
    client.send(&header(1)).await;
    settle(addr).await;
    time.advance(timeout).await;
    client.expect_close(None).await;
    journal.expect(["forced server close"]).await;
}

/// Guards against any number of attachments that may be announced.
#[tokio::test]
async fn as_many_attachments_as_allowed_are_served() {
    for limit in [1, 10] {
        let (addr, _) = echo(SocketIoLayer::builder().max_attachments(limit)).await;
        let (mut client, _) = join(addr).await;
        let header = header(limit);
        client.send(&header).await;
        for number in 0..limit {
            client.send_binary(&[number as u8]).await;
        }
        client.expect(&header).await;
        for number in 0..limit {
            client.expect_binary(&[number as u8]).await;
        }

        let (mut polling, _) = join_polling(addr).await;
        polling.send(&header).await;
        polling.send(&vec!["bAQ=="; limit].join("\u{1e}")).await;
        polling.expect(&header).await;
        for _ in 0..limit {
            polling.expect("bAQ==").await;
        }
    }
}

#[tokio::test]
async fn more_attachments_than_allowed_close_the_connection_when_they_are_announced() {
    for (limit, count) in [(1, 2), (10, 11), (10, 1_000_000_000), (10, usize::MAX)] {
        let (addr, journal) = echo(SocketIoLayer::builder().max_attachments(limit)).await;
        let event = format!(r#"45{count}-["echo"]"#);
        let (mut client, _) = join(addr).await;
        client.send(&event).await;
        client.expect_close(None).await;
        let (polling, _) = join_polling(addr).await;
        polling.send(&event).await;
        polling.expect_close().await;
        journal.expect(["forced close", "forced close"]).await;
    }
}

#[tokio::test]
async fn attachments_of_as_many_bytes_as_allowed_are_served() {
    let (addr, _) = echo(SocketIoLayer::builder().max_attachment_bytes(1_000)).await;
    let (mut client, _) = join(addr).await;
    client.send(&header(2)).await;
    client.send_binary(&[1; 600]).await;
    client.send_binary(&[2; 400]).await;
    client.expect(&header(2)).await;
    client.expect_binary(&[1; 600]).await;
    client.expect_binary(&[2; 400]).await;
}

#[tokio::test]
async fn attachments_of_more_bytes_close_the_connection() {
    let (addr, journal) = echo(SocketIoLayer::builder().max_attachment_bytes(2)).await;
    let (mut client, _) = join(addr).await;
    client.send(&header(3)).await;
    client.send_binary(&[1, 2]).await;
    // Two of three are too much already.
    client.send_binary(&[3]).await;
    client.expect_close(None).await;
    let (polling, _) = join_polling(addr).await;
    polling
        .send(&format!("{}\u{1e}bAQI=\u{1e}bAw==", header(3)))
        .await;
    polling.expect_close().await;
    journal.expect(["forced close", "forced close"]).await;
}

#[tokio::test]
async fn attachments_that_are_here_in_time_are_served() {
    let time = VirtualTime::start();
    let (addr, _) = echo(SocketIoLayer::builder().ping_interval(HOUR)).await;
    let (mut client, _) = join(addr).await;
    for _ in 0..2 {
        client.send(&header(1)).await;
        settle(addr).await;
        time.advance(TIMEOUT - MOMENT).await;
        client.send_binary(&[0]).await;
        client.expect(&header(1)).await;
        client.expect_binary(&[0]).await;
    }
    // With the last of them, the time has stopped.
    time.advance(TIMEOUT).await;
    assert_alive(&mut client).await;
}

/// Guards against memory that announced attachments hold for ever.
#[tokio::test]
async fn attachments_that_do_not_come_in_time_close_the_connection() {
    let time = VirtualTime::start();
    let (addr, journal) = echo(SocketIoLayer::builder().ping_interval(HOUR)).await;
    let (mut client, _) = join(addr).await;
    client.send(&header(2)).await;
    let (polling, _) = join_polling(addr).await;
    polling.send(&header(2)).await;
    let pending = polling.begin_get().await;
    settle(addr).await;

    time.advance(TIMEOUT - MOMENT).await;
    // One that comes does not extend the time for the next.
    client.send_binary(&[0]).await;
    polling.send("bAA==").await;
    settle(addr).await;
    assert!(journal.take().await.is_empty());

    time.advance(MOMENT).await;
    client.expect_close(None).await;
    pending.expect("1").await;
    journal
        .expect(["forced server close", "forced server close"])
        .await;
}

/// A server that sends back what the event `echo` brings, and what it writes down: why clients left.
async fn echo(builder: SocketIoBuilder) -> (SocketAddr, Journal) {
    let journal = Journal::new();
    let layer = builder.with_state(journal.clone()).build();
    let left = async |reason: DisconnectReason, State(journal): State<Journal>| {
        journal.write(reason);
    };
    layer
        .io()
        .of("/")
        .on("echo", async |socket: Socket, args: Args| {
            socket.emit("echo", &args);
        })
        .on_disconnect(left);
    (serve(layer).await, journal)
}

/// The text of an event with so many attachments.
fn header(count: usize) -> String {
    let placeholders: String = (0..count)
        .map(|number| format!(r#",{{"_placeholder":true,"num":{number}}}"#))
        .collect();
    format!(r#"45{count}-["echo"{placeholders}]"#)
}

//! Tests the limits of attachments: their number, size and time.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::State;
use e2e::app::serve;
use e2e::probes::Journal;
use e2e::session::{assert_alive, join, join_polling, settle};
use e2e::sync::VirtualTime;
use socketio::{Args, DisconnectReason, Socket, SocketIoBuilder, SocketIoLayer};

/// The default time limit for attachments.
const TIMEOUT: Duration = Duration::from_secs(30);

const HOUR: Duration = Duration::from_secs(3_600);
const MOMENT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn the_attachments_timeout_is_configurable() {
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

/// Guards against announcing any number of attachments.
#[tokio::test]
async fn attachments_up_to_the_maximum_number_are_accepted() {
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
async fn announcing_too_many_attachments_closes_the_connection() {
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
async fn attachments_up_to_the_maximum_size_are_accepted() {
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
async fn attachments_over_the_maximum_size_close_the_connection() {
    let (addr, journal) = echo(SocketIoLayer::builder().max_attachment_bytes(2)).await;
    let (mut client, _) = join(addr).await;
    client.send(&header(3)).await;
    client.send_binary(&[1, 2]).await;
    // The first two of three attachments already exceed the limit.
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
async fn attachments_that_arrive_in_time_are_accepted() {
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
    // The last attachment stops the timer.
    time.advance(TIMEOUT).await;
    assert_alive(&mut client).await;
}

/// Guards against announced attachments that occupy memory forever.
#[tokio::test]
async fn late_attachments_close_the_connection() {
    let time = VirtualTime::start();
    let (addr, journal) = echo(SocketIoLayer::builder().ping_interval(HOUR)).await;
    let (mut client, _) = join(addr).await;
    client.send(&header(2)).await;
    let (polling, _) = join_polling(addr).await;
    polling.send(&header(2)).await;
    let pending = polling.begin_get().await;
    settle(addr).await;

    time.advance(TIMEOUT - MOMENT).await;
    // An attachment does not extend the time limit of the next one.
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

/// Starts a server that echoes the event `echo` and records disconnect reasons.
async fn echo(builder: SocketIoBuilder) -> (SocketAddr, Journal) {
    let journal = Journal::new();
    let layer = builder.with_state(journal.clone()).build();
    let record = async |reason: DisconnectReason, State(journal): State<Journal>| {
        journal.write(reason);
    };
    layer
        .io()
        .of("/")
        .on("echo", async |socket: Socket, args: Args| {
            socket.emit("echo", &args);
        })
        .on_disconnect(record);
    (serve(layer).await, journal)
}

/// Returns the header of an event with this number of attachments.
fn header(count: usize) -> String {
    let placeholders: String = (0..count)
        .map(|number| format!(r#",{{"_placeholder":true,"num":{number}}}"#))
        .collect();
    format!(r#"45{count}-["echo"{placeholders}]"#)
}

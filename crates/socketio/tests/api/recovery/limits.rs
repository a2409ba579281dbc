//! Tests the limits of recovery: the time without a connection and the amount of stored data.

use std::time::Duration;

use e2e::sync::VirtualTime;
use socketio::ConnectionStateRecovery;

use super::{Client, serve_default, serve_with};

const MOMENT: Duration = Duration::from_millis(100);
const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn the_default_recovery_window_is_two_minutes() {
    let time = VirtualTime::start();
    let recovery = ConnectionStateRecovery::default();
    let (addr, _, journal) = serve_with(recovery, |builder| builder.ping_interval(HOUR)).await;
    for (away, recovered) in [(120, true), (121, false)] {
        let client = Client::in_rooms(addr, &[]).await;
        // The last event that the client knows may be older than the disconnect.
        time.advance(Duration::from_secs(60)).await;
        let credentials = client.disconnect();
        journal
            .expect(["new [me]", "leaving [me all]", "transport close []"])
            .await;
        time.advance(Duration::from_secs(away) - MOMENT).await;
        if recovered {
            let client = credentials.recover(addr, &[]).await;
            journal.expect(["recovered [me all]"]).await;
            client.disconnect();
            journal
                .expect(["leaving [me all]", "transport close []"])
                .await;
        } else {
            credentials.recover_fails(addr).await;
        }
    }
}

#[tokio::test]
async fn a_client_that_missed_a_ping_can_recover() {
    let time = VirtualTime::start();
    let (addr, io, journal) = serve_default().await;
    let mut client = Client::in_rooms(addr, &[]).await;
    time.advance(Duration::from_secs(25)).await;
    client.websocket.expect("2").await;
    io.emit("lost", "");
    time.advance(Duration::from_secs(20)).await;
    journal
        .expect(["new [me]", "leaving [me all]", "ping timeout []"])
        .await;
    io.emit("missed", "");
    // The last event that the client knows is 45 seconds older than the disconnect.
    time.advance(Duration::from_secs(120) - MOMENT).await;
    client.credentials.recover(addr, &["lost", "missed"]).await;
}

#[tokio::test]
async fn the_recovery_window_is_configurable() {
    let time = VirtualTime::start();
    let recovery =
        ConnectionStateRecovery::new().max_disconnection_duration(Duration::from_secs(5));
    let (addr, _, journal) = serve_with(recovery, |builder| builder).await;
    let credentials = Client::in_rooms(addr, &[]).await.disconnect();
    journal
        .expect(["new [me]", "leaving [me all]", "transport close []"])
        .await;
    time.advance(Duration::from_secs(5)).await;
    credentials.recover_fails(addr).await;
}

#[tokio::test]
async fn the_number_of_missed_packets_is_limited() {
    let recovery = ConnectionStateRecovery::new().max_packets(3);
    let (addr, io, journal) = serve_with(recovery, |builder| builder).await;
    let credentials = Client::in_rooms(addr, &[]).await.disconnect();
    journal
        .expect(["new [me]", "leaving [me all]", "transport close []"])
        .await;
    (0..3).for_each(|n| io.emit("event", &n));
    let client = credentials
        .recover(addr, &["event", "event", "event"])
        .await;
    let credentials = client.disconnect();
    journal
        .expect([
            "recovered [me all]",
            "leaving [me all]",
            "transport close []",
        ])
        .await;
    (0..4).for_each(|n| io.emit("event", &n));
    credentials.recover_fails(addr).await;
}

#[tokio::test]
async fn the_bytes_of_missed_packets_are_limited() {
    let recovery = ConnectionStateRecovery::new().max_packet_bytes(10_000);
    let (addr, io, journal) = serve_with(recovery, |builder| builder).await;
    let credentials = Client::in_rooms(addr, &[]).await.disconnect();
    journal
        .expect(["new [me]", "leaving [me all]", "transport close []"])
        .await;
    let large = "x".repeat(4_000);
    (0..2).for_each(|_| io.emit("event", &large));
    let client = credentials.recover(addr, &["event", "event"]).await;
    let credentials = client.disconnect();
    journal
        .expect([
            "recovered [me all]",
            "leaving [me all]",
            "transport close []",
        ])
        .await;
    (0..3).for_each(|_| io.emit("event", &large));
    credentials.recover_fails(addr).await;
}

#[tokio::test]
async fn the_number_of_stored_sessions_is_limited() {
    let recovery = ConnectionStateRecovery::new().max_sessions(2);
    let (addr, _, journal) = serve_with(recovery, |builder| builder).await;
    let mut away = Vec::new();
    for _ in 0..3 {
        away.push(Client::in_rooms(addr, &[]).await.disconnect());
        journal
            .expect(["new [me]", "leaving [me all]", "transport close []"])
            .await;
    }
    let [first, second, third] = <[_; 3]>::try_from(away).expect("three clients");
    let _first = first.recover_fails(addr).await;
    let _second = second.recover(addr, &[]).await;
    let _third = third.recover(addr, &[]).await;
}

/// Clients choose the rooms here, and a large session must not evict other sessions.
#[tokio::test]
async fn the_size_of_a_stored_session_is_limited() {
    let recovery = ConnectionStateRecovery::new().max_session_bytes(64 * 1_000);
    let (addr, _, journal) = serve_with(recovery, |builder| builder).await;
    let small = Client::in_rooms(addr, &["red"]).await;
    let large = Client::in_rooms(addr, &[&"x".repeat(900)]).await;
    journal.expect(["new [me]", "new [me]"]).await;
    let small = small.disconnect();
    journal
        .expect(["leaving [me all red]", "transport close []"])
        .await;
    let large = large.disconnect();
    journal.next().await;
    journal.expect(["transport close []"]).await;
    large.recover_fails(addr).await;
    small.recover(addr, &[]).await;
}

#[tokio::test]
async fn the_total_size_is_limited_across_namespaces() {
    for (elsewhere, recovered) in [(3_000, true), (4_600, false)] {
        let recovery = ConnectionStateRecovery::new().max_total_bytes(5_000);
        let (addr, io, journal) = serve_with(recovery, |builder| builder).await;
        io.of("/other").emit("event", &"x".repeat(elsewhere));
        let credentials = Client::in_rooms(addr, &[]).await.disconnect();
        journal
            .expect(["new [me]", "leaving [me all]", "transport close []"])
            .await;
        if recovered {
            credentials.recover(addr, &[]).await;
        } else {
            credentials.recover_fails(addr).await;
        }
    }
}

/// Otherwise, a client that cannot receive all missed packets would be disconnected repeatedly.
#[tokio::test]
async fn missed_packets_must_fit_into_the_queue() {
    let (addr, io, journal) = serve_with(ConnectionStateRecovery::new(), |builder| {
        builder.max_outbound_bytes(10_000)
    })
    .await;
    let credentials = Client::in_rooms(addr, &[]).await.disconnect();
    journal
        .expect(["new [me]", "leaving [me all]", "transport close []"])
        .await;
    let large = "x".repeat(4_000);
    (0..2).for_each(|_| io.emit("event", &large));
    let client = credentials.recover(addr, &["event", "event"]).await;
    let credentials = client.disconnect();
    journal
        .expect([
            "recovered [me all]",
            "leaving [me all]",
            "transport close []",
        ])
        .await;
    (0..3).for_each(|_| io.emit("event", &large));
    credentials.recover_fails(addr).await;
}

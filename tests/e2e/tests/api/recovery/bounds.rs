//! How long clients may be away, and what is too much to be kept.

use std::time::Duration;

use e2e::sync::VirtualTime;
use socketio::ConnectionStateRecovery;

use super::{Client, serve_default, serve_with};

const MOMENT: Duration = Duration::from_millis(100);
const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn by_default_a_client_may_be_away_for_two_minutes() {
    let time = VirtualTime::start();
    let recovery = ConnectionStateRecovery::default();
    let (addr, _, journal) = serve_with(recovery, |builder| builder.ping_interval(HOUR)).await;
    for (away, recovered) in [(120, true), (121, false)] {
        let client = Client::in_rooms(addr, &[]).await;
        // What it knows may be older.
        time.advance(Duration::from_secs(60)).await;
        let known = client.lose();
        journal
            .expect(["new [me]", "leaving [me all]", "transport close []"])
            .await;
        time.advance(Duration::from_secs(away) - MOMENT).await;
        if recovered {
            let client = known.come_back(addr, &[]).await;
            journal.expect(["back [me all]"]).await;
            client.lose();
            journal
                .expect(["leaving [me all]", "transport close []"])
                .await;
        } else {
            known.begin_anew(addr).await;
        }
    }
}

#[tokio::test]
async fn a_client_that_did_not_answer_a_ping_may_come_back() {
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
    // The last event that the client knows is older than the loss by 45 seconds.
    time.advance(Duration::from_secs(120) - MOMENT).await;
    client.known.come_back(addr, &["lost", "missed"]).await;
}

#[tokio::test]
async fn another_time() {
    let time = VirtualTime::start();
    let recovery =
        ConnectionStateRecovery::new().max_disconnection_duration(Duration::from_secs(5));
    let (addr, _, journal) = serve_with(recovery, |builder| builder).await;
    let known = Client::in_rooms(addr, &[]).await.lose();
    journal
        .expect(["new [me]", "leaving [me all]", "transport close []"])
        .await;
    time.advance(Duration::from_secs(5)).await;
    known.begin_anew(addr).await;
}

#[tokio::test]
async fn too_many_packets() {
    let recovery = ConnectionStateRecovery::new().max_packets(3);
    let (addr, io, journal) = serve_with(recovery, |builder| builder).await;
    let known = Client::in_rooms(addr, &[]).await.lose();
    journal
        .expect(["new [me]", "leaving [me all]", "transport close []"])
        .await;
    (0..3).for_each(|n| io.emit("event", &n));
    let client = known.come_back(addr, &["event", "event", "event"]).await;
    let known = client.lose();
    journal
        .expect(["back [me all]", "leaving [me all]", "transport close []"])
        .await;
    (0..4).for_each(|n| io.emit("event", &n));
    known.begin_anew(addr).await;
}

#[tokio::test]
async fn too_many_bytes() {
    let recovery = ConnectionStateRecovery::new().max_packet_bytes(10_000);
    let (addr, io, journal) = serve_with(recovery, |builder| builder).await;
    let known = Client::in_rooms(addr, &[]).await.lose();
    journal
        .expect(["new [me]", "leaving [me all]", "transport close []"])
        .await;
    let large = "x".repeat(4_000);
    (0..2).for_each(|_| io.emit("event", &large));
    let client = known.come_back(addr, &["event", "event"]).await;
    let known = client.lose();
    journal
        .expect(["back [me all]", "leaving [me all]", "transport close []"])
        .await;
    (0..3).for_each(|_| io.emit("event", &large));
    known.begin_anew(addr).await;
}

#[tokio::test]
async fn too_many_clients_that_are_away() {
    let recovery = ConnectionStateRecovery::new().max_sessions(2);
    let (addr, _, journal) = serve_with(recovery, |builder| builder).await;
    let mut away = Vec::new();
    for _ in 0..3 {
        away.push(Client::in_rooms(addr, &[]).await.lose());
        journal
            .expect(["new [me]", "leaving [me all]", "transport close []"])
            .await;
    }
    let [first, second, third] = <[_; 3]>::try_from(away).expect("three");
    let _first = first.begin_anew(addr).await;
    let _second = second.come_back(addr, &[]).await;
    let _third = third.come_back(addr, &[]).await;
}

/// Clients choose the rooms here, and one must not drive the others out with it.
#[tokio::test]
async fn too_large_a_session() {
    let recovery = ConnectionStateRecovery::new().max_session_bytes(64 * 1_000);
    let (addr, _, journal) = serve_with(recovery, |builder| builder).await;
    let small = Client::in_rooms(addr, &["red"]).await;
    let large = Client::in_rooms(addr, &[&"x".repeat(900)]).await;
    journal.expect(["new [me]", "new [me]"]).await;
    let small = small.lose();
    journal
        .expect(["leaving [me all red]", "transport close []"])
        .await;
    let large = large.lose();
    journal.next().await;
    journal.expect(["transport close []"]).await;
    large.begin_anew(addr).await;
    small.come_back(addr, &[]).await;
}

#[tokio::test]
async fn all_namespaces_together() {
    for (elsewhere, recovered) in [(3_000, true), (4_600, false)] {
        let recovery = ConnectionStateRecovery::new().max_total_bytes(5_000);
        let (addr, io, journal) = serve_with(recovery, |builder| builder).await;
        io.of("/other").emit("event", &"x".repeat(elsewhere));
        let known = Client::in_rooms(addr, &[]).await.lose();
        journal
            .expect(["new [me]", "leaving [me all]", "transport close []"])
            .await;
        if recovered {
            known.come_back(addr, &[]).await;
        } else {
            known.begin_anew(addr).await;
        }
    }
}

/// A client that could not take what it has missed would be cut off for it, again and again.
#[tokio::test]
async fn more_than_may_wait_for_one_client() {
    let (addr, io, journal) = serve_with(ConnectionStateRecovery::new(), |builder| {
        builder.max_outbound_bytes(10_000)
    })
    .await;
    let known = Client::in_rooms(addr, &[]).await.lose();
    journal
        .expect(["new [me]", "leaving [me all]", "transport close []"])
        .await;
    let large = "x".repeat(4_000);
    (0..2).for_each(|_| io.emit("event", &large));
    let client = known.come_back(addr, &["event", "event"]).await;
    let known = client.lose();
    journal
        .expect(["back [me all]", "leaving [me all]", "transport close []"])
        .await;
    (0..3).for_each(|_| io.emit("event", &large));
    known.begin_anew(addr).await;
}

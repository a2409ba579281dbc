//! Connection state recovery on the wire, as Node's server has it.

use std::net::SocketAddr;

use e2e::server::Server;
use e2e::session::{WEBSOCKET, open};
use socketio_testing::{PollingClient, WsClient, matches};

/// What a client knows of its socket.
struct Known {
    sid: String,
    pid: String,
}

/// The ids that the server's CONNECT packet gives.
fn ids_of(connect: &str) -> Known {
    let mut quoted = connect.split('"');
    assert!(
        matches(r#"40{"sid":"…","pid":"…"}"#, connect),
        "{connect:?}"
    );
    let sid = quoted.nth(3).expect("a sid").to_owned();
    let pid = quoted.nth(3).expect("a pid").to_owned();
    Known { sid, pid }
}

async fn join(addr: SocketAddr) -> (WsClient, Known) {
    let mut client = open(addr).await;
    client.send("40").await;
    let known = ids_of(&client.expect(r#"40{"sid":"…","pid":"…"}"#).await);
    (client, known)
}

/// What a client sends that comes back.
fn connect(pid: &str, offset: &str) -> String {
    format!(r#"40{{"pid":"{pid}","offset":"{offset}"}}"#)
}

async fn come_back(addr: SocketAddr, known: &Known, offset: &str) -> WsClient {
    let mut client = open(addr).await;
    client.send(&connect(&known.pid, offset)).await;
    client
}

/// The offset of an event: its last argument.
fn offset(event: &str) -> String {
    let (_, rest) = event.rsplit_once(",\"").expect("an offset");
    rest.strip_suffix("\"]").expect("a text").to_owned()
}

/// Lets the server send an event, and returns its offset.
async fn echo(client: &mut WsClient) -> String {
    client.send(r#"42["echo","hello"]"#).await;
    offset(&client.expect(r#"42["echo","hello","…"]"#).await)
}

/// Waits until the server has noticed that a socket is gone, and returns why.
async fn departed(other: &mut WsClient, sid: &str) -> String {
    other.send(&format!(r#"427["reason","{sid}"]"#)).await;
    other.expect(r#"437[{"reason":"…","rooms":…}]"#).await
}

#[tokio::test]
async fn the_ids_are_two_secrets_of_20_characters() {
    let server = Server::with_recovery().await;
    let (_one, one) = join(server.addr()).await;
    let (_two, two) = join(server.addr()).await;
    let ids = [&one.sid, &one.pid, &two.sid, &two.pid];
    for id in ids {
        assert_eq!(id.len(), 20);
        assert!(
            id.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        );
        assert_eq!(ids.iter().filter(|other| **other == id).count(), 1);
    }
}

#[tokio::test]
async fn events_bear_an_offset_and_answers_do_not() {
    let server = Server::with_recovery().await;
    let (mut client, _) = join(server.addr()).await;
    let first = echo(&mut client).await;
    client.send(r#"42["echo"]"#).await;
    let second = offset(&client.expect(r#"42["echo","…"]"#).await);
    assert_ne!(first, second);
    client.send(r#"420["ack",1,2]"#).await;
    client.expect("430[1,2]").await;
    client.send(r#"42["ask","?",1000]"#).await;
    let question = client.expect(r#"42…["question","?"]"#).await;
    let id = question
        .trim_start_matches("42")
        .split('[')
        .next()
        .expect("an id");
    client.send(&format!(r#"43{id}["yes"]"#)).await;
    client.expect(r#"42["answered","yes","…"]"#).await;
    client.send(r#"421["io-to",{},"news",{"a":1}]"#).await;
    client.expect(r#"42["news",{"a":1},"…"]"#).await;
    client.expect("431[]").await;
}

#[tokio::test]
async fn binary_events_bear_an_offset() {
    let server = Server::with_recovery().await;
    let (mut client, known) = join(server.addr()).await;
    client
        .send(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    client.send_binary(&[1, 2, 3]).await;
    let event = client
        .expect(r#"451-["echo",{"_placeholder":true,"num":0},"…"]"#)
        .await;
    client.expect_binary(&[1, 2, 3]).await;
    let before = offset(&event);

    client
        .send(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    client.send_binary(&[4]).await;
    let lost = client
        .expect(r#"451-["echo",{"_placeholder":true,"num":0},"…"]"#)
        .await;
    client.expect_binary(&[4]).await;
    client.reset();
    let (mut other, _) = join(server.addr()).await;
    departed(&mut other, &known.sid).await;
    let mut client = come_back(server.addr(), &known, &before).await;
    client.expect(&lost).await;
    client.expect_binary(&[4]).await;
    client
        .expect(&format!(
            r#"40{{"sid":"{}","pid":"{}"}}"#,
            known.sid, known.pid
        ))
        .await;
}

#[tokio::test]
async fn a_client_that_comes_back_gets_what_it_has_missed_and_then_its_ids() {
    let server = Server::with_recovery().await;
    let (mut client, known) = join(server.addr()).await;
    let (mut other, _) = join(server.addr()).await;
    client.send(r#"420["join",["red","blue"]]"#).await;
    client.expect(r#"430[["blue","red"]]"#).await;
    let last = echo(&mut client).await;
    client.reset();
    assert_eq!(
        departed(&mut other, &known.sid).await,
        r#"437[{"reason":"transport close","rooms":["blue","red"]}]"#
    );
    let missed = [
        r#"{"to":["red"]}"#,
        r#"{"to":["green"]}"#,
        r#"{"to":["green","blue"]}"#,
        r#"{"except":["red"]}"#,
        r#"{"to":["red"],"except":["blue"]}"#,
        "{}",
        &format!(r#"{{"to":["{}"]}}"#, known.sid),
    ];
    for (number, target) in missed.iter().enumerate() {
        other
            .send(&format!(r#"421["io-to",{target},"news",{number}]"#))
            .await;
        loop {
            let text = other.expect("…").await;
            if text == "431[]" {
                break;
            }
        }
    }

    let mut client = come_back(server.addr(), &known, &last).await;
    for number in [0, 2, 5, 6] {
        client.expect(&format!(r#"42["news",{number},"…"]"#)).await;
    }
    let ids = format!(r#"40{{"sid":"{}","pid":"{}"}}"#, known.sid, known.pid);
    client.expect(&ids).await;
    // It is in its rooms again, and that of its id.
    for room in ["red", "blue", &known.sid] {
        other
            .send(&format!(
                r#"422["io-to",{{"to":["{room}"]}},"news","{room}"]"#
            ))
            .await;
        other.expect("432[]").await;
        client.expect(&format!(r#"42["news","{room}","…"]"#)).await;
    }
    client.send(r#"420["whoami"]"#).await;
    client
        .expect(&format!(r#"430[{{…"id":"{}",…}}]"#, known.sid))
        .await;
}

#[tokio::test]
async fn a_client_can_come_back_again_and_again() {
    let server = Server::with_recovery().await;
    let (mut client, known) = join(server.addr()).await;
    let (mut other, _) = join(server.addr()).await;
    let mut last = echo(&mut client).await;
    let ids = format!(r#"40{{"sid":"{}","pid":"{}"}}"#, known.sid, known.pid);
    for round in 0..3 {
        let sent = other_sends(&mut other, round).await;
        client.expect(&sent).await;
        client.reset();
        // The first time it is told already.
        if round == 0 {
            departed(&mut other, &known.sid).await;
        } else {
            e2e::session::settle(server.addr()).await;
        }
        let missed = other_sends(&mut other, round + 10).await;
        if round > 0 && server.is_node() {
            // Its fixture cannot tell when the socket has gone again.
            tokio::task::yield_now().await;
        }
        client = come_back(server.addr(), &known, &last).await;
        client.expect(&sent).await;
        client.expect(&missed).await;
        client.expect(&ids).await;
        last = offset(&missed);
    }
}

/// Lets the server send an event to all, and returns it.
async fn other_sends(other: &mut WsClient, number: u32) -> String {
    other
        .send(&format!(r#"423["io-to",{{}},"news",{number}]"#))
        .await;
    let event = other.expect(&format!(r#"42["news",{number},"…"]"#)).await;
    other.expect("433[]").await;
    event
}

#[tokio::test]
async fn what_is_unknown_gives_a_new_socket() {
    let server = Server::with_recovery().await;
    let addr = server.addr();
    let (mut other, _) = join(addr).await;
    for (what, pid, offset) in [
        ("an unknown id", Some("abcdefghijklmnopqrst"), None),
        ("no id", Some(""), None),
        ("a prefix of the id", Some("PREFIX"), None),
        ("an unknown offset", None, Some("unknown")),
        ("no offset", None, Some("")),
    ] {
        let (mut client, known) = join(addr).await;
        let last = echo(&mut client).await;
        client.reset();
        departed(&mut other, &known.sid).await;
        let pid = match pid {
            Some("PREFIX") => &known.pid[..19],
            Some(pid) => pid,
            None => &known.pid,
        };
        let mut client = open(addr).await;
        client.send(&connect(pid, offset.unwrap_or(&last))).await;
        let new = ids_of(&client.expect("40…").await);
        assert_ne!(new.sid, known.sid, "{what}");
        assert_ne!(new.pid, known.pid, "{what}");
    }
}

#[tokio::test]
async fn who_does_not_name_both_as_texts_is_new() {
    let server = Server::with_recovery().await;
    let addr = server.addr();
    let (mut other, _) = join(addr).await;
    let (mut client, known) = join(addr).await;
    let last = echo(&mut client).await;
    client.reset();
    departed(&mut other, &known.sid).await;
    for payload in [
        format!(r#"{{"pid":"{}"}}"#, known.pid),
        format!(r#"{{"offset":"{last}"}}"#),
        format!(r#"{{"pid":["{}"],"offset":"{last}"}}"#, known.pid),
        format!(r#"{{"pid":"{}","offset":1}}"#, known.pid),
        format!(r#"{{"pid":"{}","offset":null}}"#, known.pid),
    ] {
        let mut client = open(addr).await;
        client.send(&format!("40{payload}")).await;
        let new = ids_of(&client.expect("40…").await);
        assert_ne!(new.sid, known.sid, "{payload}");
    }
    let mut client = come_back(addr, &known, &last).await;
    let ids = ids_of(&client.expect("40…").await);
    let row = "private id without an offset";
    assert_eq!(ids.sid == known.sid, server.expects(row, true, false));
}

#[tokio::test]
async fn an_id_is_good_for_one_return() {
    let server = Server::with_recovery().await;
    let addr = server.addr();
    let (mut client, known) = join(addr).await;
    let (mut other, _) = join(addr).await;
    let last = echo(&mut client).await;
    client.reset();
    departed(&mut other, &known.sid).await;
    let mut first = come_back(addr, &known, &last).await;
    first
        .expect(&format!(r#"40{{"sid":"{}",…}}"#, known.sid))
        .await;
    let mut second = come_back(addr, &known, &last).await;
    second
        .expect(&format!(r#"40{{"sid":"{}",…}}"#, known.sid))
        .await;
    // Here the second has taken the place of the first.
    let row = "recovery with a used private id";
    if server.expects(row, true, false) {
        first.send(r#"420["ack"]"#).await;
        first.expect("430[]").await;
    } else {
        first.expect_close(None).await;
    }
    second.send(r#"420["ack"]"#).await;
    second.expect("430[]").await;
}

#[tokio::test]
async fn a_client_may_be_back_before_the_server_has_noticed_that_it_was_gone() {
    let server = Server::with_recovery().await;
    let addr = server.addr();
    let (mut client, known) = join(addr).await;
    let (mut other, _) = join(addr).await;
    let last = echo(&mut client).await;
    let sent = other_sends(&mut other, 1).await;
    let mut back = come_back(addr, &known, &last).await;
    let row = "recovery while the old connection is open";
    if server.expects(row, false, true) {
        back.expect(&sent).await;
        back.expect(&format!(
            r#"40{{"sid":"{}","pid":"{}"}}"#,
            known.sid, known.pid
        ))
        .await;
        assert_eq!(
            departed(&mut other, &known.sid).await,
            r#"437[{"reason":"transport close","rooms":[]}]"#
        );
    } else {
        assert_ne!(ids_of(&back.expect("40…").await).sid, known.sid);
    }
    drop(client);
}

/// What the client or the application ends is over; what breaks may be mended.
#[tokio::test]
async fn by_the_reason_it_is_decided_who_may_come_back() {
    let server = Server::with_recovery().await;
    let addr = server.addr();
    let (mut other, _) = join(addr).await;
    for (ending, reason, recoverable) in [
        ("41", "client namespace disconnect", false),
        (
            r#"42["disconnect-me",false]"#,
            "server namespace disconnect",
            false,
        ),
        (
            r#"42["disconnect-me",true]"#,
            "server namespace disconnect",
            false,
        ),
        (r#"42["close-transport"]"#, "forced close", true),
        ("4x", "forced close", true),
        ("x", "parse error", false),
    ] {
        let (mut client, known) = join(addr).await;
        let last = echo(&mut client).await;
        client.send(ending).await;
        let departure = departed(&mut other, &known.sid).await;
        if !server.is_node() {
            assert!(departure.contains(reason), "{ending}: {departure}");
        }
        let mut back = come_back(addr, &known, &last).await;
        let new = ids_of(&back.expect("40…").await);
        assert_eq!(new.sid == known.sid, recoverable, "{ending}: {departure}");
        assert_eq!(new.pid == known.pid, recoverable, "{ending}: {departure}");
    }
}

#[tokio::test]
async fn a_client_that_polls_may_come_back() {
    let server = Server::with_recovery().await;
    let addr = server.addr();
    let (mut other, _) = join(addr).await;
    let mut client = PollingClient::handshake(addr).await;
    client.send("40").await;
    let known = ids_of(&client.expect("40…").await);
    client.send(r#"42["echo",1]"#).await;
    let last = offset(&client.expect(r#"42["echo",1,"…"]"#).await);
    client.send("1").await;
    departed(&mut other, &known.sid).await;
    let sent = other_sends(&mut other, 1).await;

    let mut client = PollingClient::handshake(addr).await;
    client.send(&connect(&known.pid, &last)).await;
    client.expect(&sent).await;
    let ids = format!(r#"40{{"sid":"{}","pid":"{}"}}"#, known.sid, known.pid);
    client.expect(&ids).await;
}

#[tokio::test]
async fn each_namespace_has_ids_of_its_own() {
    let server = Server::with_recovery().await;
    let addr = server.addr();
    let (mut other, _) = join(addr).await;
    let mut client = WsClient::connect(addr, WEBSOCKET).await;
    client.expect("0{…}").await;
    client.send("40").await;
    let main = ids_of(&client.expect("40{…").await);
    client.send(r#"40/admin,{"token":"secret"}"#).await;
    let admin = ids_of(&client.expect("40/admin,{…").await.replace("/admin,", ""));
    let last = echo(&mut client).await;
    client.send(r#"42/admin,["echo",1]"#).await;
    let last_admin = offset(&client.expect(r#"42/admin,["echo",1,"…"]"#).await);
    client.reset();
    departed(&mut other, &main.sid).await;

    let mut client = open(addr).await;
    // Middleware is skipped, and the ids of one namespace are unknown in the other.
    client
        .send(&format!("40/admin,{}", &connect(&main.pid, &last)[2..]))
        .await;
    client
        .expect(r#"44/admin,{"message":"not allowed",…}"#)
        .await;
    client
        .send(&format!(
            "40/admin,{}",
            &connect(&admin.pid, &last_admin)[2..]
        ))
        .await;
    client
        .expect(&format!(
            r#"40/admin,{{"sid":"{}","pid":"{}"}}"#,
            admin.sid, admin.pid
        ))
        .await;
    client.send(&connect(&main.pid, &last)).await;
    client
        .expect(&format!(
            r#"40{{"sid":"{}","pid":"{}"}}"#,
            main.sid, main.pid
        ))
        .await;
}

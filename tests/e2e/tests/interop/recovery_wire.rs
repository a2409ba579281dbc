//! Tests connection state recovery on the wire, as in Node's server.

use std::net::SocketAddr;

use e2e::server::Server;
use e2e::session::{WEBSOCKET, open};
use socketio_testing::{PollingClient, WsClient, matches};

/// The ids of a socket as known to its client.
struct Credentials {
    sid: String,
    pid: String,
}

/// Returns the ids in a CONNECT packet of the server.
fn ids_of(connect: &str) -> Credentials {
    let mut quoted = connect.split('"');
    assert!(
        matches(r#"40{"sid":"…","pid":"…"}"#, connect),
        "{connect:?}"
    );
    let sid = quoted.nth(3).expect("a sid").to_owned();
    let pid = quoted.nth(3).expect("a pid").to_owned();
    Credentials { sid, pid }
}

async fn join(addr: SocketAddr) -> (WsClient, Credentials) {
    let mut client = open(addr).await;
    client.send("40").await;
    let credentials = ids_of(&client.expect(r#"40{"sid":"…","pid":"…"}"#).await);
    (client, credentials)
}

/// Returns the CONNECT packet of a client that requests recovery.
fn connect(pid: &str, offset: &str) -> String {
    format!(r#"40{{"pid":"{pid}","offset":"{offset}"}}"#)
}

async fn recover(addr: SocketAddr, credentials: &Credentials, offset: &str) -> WsClient {
    let mut client = open(addr).await;
    client.send(&connect(&credentials.pid, offset)).await;
    client
}

/// Returns the offset of an event, which is its last argument.
fn offset(event: &str) -> String {
    let (_, rest) = event.rsplit_once(",\"").expect("an offset");
    rest.strip_suffix("\"]").expect("a text").to_owned()
}

/// Requests an event from the server and returns its offset.
async fn echo(client: &mut WsClient) -> String {
    client.send(r#"42["echo","hello"]"#).await;
    offset(&client.expect(r#"42["echo","hello","…"]"#).await)
}

/// Waits until the server has noticed the disconnect of a socket, and returns the packet with the
/// reason.
async fn wait_for_disconnect(other: &mut WsClient, sid: &str) -> String {
    other.send(&format!(r#"427["reason","{sid}"]"#)).await;
    other.expect(r#"437[{"reason":"…","rooms":…}]"#).await
}

#[tokio::test]
async fn socket_ids_and_private_ids_are_unique() {
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
async fn events_have_an_offset_and_acknowledgements_do_not() {
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
async fn binary_events_have_an_offset() {
    let server = Server::with_recovery().await;
    let (mut client, credentials) = join(server.addr()).await;
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
    wait_for_disconnect(&mut other, &credentials.sid).await;
    let mut client = recover(server.addr(), &credentials, &before).await;
    client.expect(&lost).await;
    client.expect_binary(&[4]).await;
    client
        .expect(&format!(
            r#"40{{"sid":"{}","pid":"{}"}}"#,
            credentials.sid, credentials.pid
        ))
        .await;
}

#[tokio::test]
async fn a_recovered_client_receives_missed_events_and_then_its_ids() {
    let server = Server::with_recovery().await;
    let (mut client, credentials) = join(server.addr()).await;
    let (mut other, _) = join(server.addr()).await;
    client.send(r#"420["join",["red","blue"]]"#).await;
    client.expect(r#"430[["blue","red"]]"#).await;
    let last = echo(&mut client).await;
    client.reset();
    assert_eq!(
        wait_for_disconnect(&mut other, &credentials.sid).await,
        r#"437[{"reason":"transport close","rooms":["blue","red"]}]"#
    );
    let missed = [
        r#"{"to":["red"]}"#,
        r#"{"to":["green"]}"#,
        r#"{"to":["green","blue"]}"#,
        r#"{"except":["red"]}"#,
        r#"{"to":["red"],"except":["blue"]}"#,
        "{}",
        &format!(r#"{{"to":["{}"]}}"#, credentials.sid),
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

    let mut client = recover(server.addr(), &credentials, &last).await;
    for number in [0, 2, 5, 6] {
        client.expect(&format!(r#"42["news",{number},"…"]"#)).await;
    }
    let ids = format!(
        r#"40{{"sid":"{}","pid":"{}"}}"#,
        credentials.sid, credentials.pid
    );
    client.expect(&ids).await;
    // The socket is in its rooms and in the room of its id again.
    for room in ["red", "blue", &credentials.sid] {
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
        .expect(&format!(r#"430[{{…"id":"{}",…}}]"#, credentials.sid))
        .await;
}

#[tokio::test]
async fn a_client_can_recover_repeatedly() {
    let server = Server::with_recovery().await;
    let (mut client, credentials) = join(server.addr()).await;
    let (mut other, _) = join(server.addr()).await;
    let mut last = echo(&mut client).await;
    let ids = format!(
        r#"40{{"sid":"{}","pid":"{}"}}"#,
        credentials.sid, credentials.pid
    );
    for round in 0..3 {
        let sent = other_sends(&mut other, round).await;
        client.expect(&sent).await;
        client.reset();
        // The fixture reports the disconnect only the first time.
        if round == 0 {
            wait_for_disconnect(&mut other, &credentials.sid).await;
        } else {
            e2e::session::settle(server.addr()).await;
        }
        let missed = other_sends(&mut other, round + 10).await;
        if round > 0 && server.is_node() {
            // The fixture of Node cannot report a second disconnect of the same socket.
            tokio::task::yield_now().await;
        }
        client = recover(server.addr(), &credentials, &last).await;
        client.expect(&sent).await;
        client.expect(&missed).await;
        client.expect(&ids).await;
        last = offset(&missed);
    }
}

/// Makes the server broadcast an event and returns it.
async fn other_sends(other: &mut WsClient, number: u32) -> String {
    other
        .send(&format!(r#"423["io-to",{{}},"news",{number}]"#))
        .await;
    let event = other.expect(&format!(r#"42["news",{number},"…"]"#)).await;
    other.expect("433[]").await;
    event
}

#[tokio::test]
async fn unknown_ids_and_offsets_create_a_new_socket() {
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
        let (mut client, credentials) = join(addr).await;
        let last = echo(&mut client).await;
        client.reset();
        wait_for_disconnect(&mut other, &credentials.sid).await;
        let pid = match pid {
            Some("PREFIX") => &credentials.pid[..19],
            Some(pid) => pid,
            None => &credentials.pid,
        };
        let mut client = open(addr).await;
        client.send(&connect(pid, offset.unwrap_or(&last))).await;
        let new = ids_of(&client.expect("40…").await);
        assert_ne!(new.sid, credentials.sid, "{what}");
        assert_ne!(new.pid, credentials.pid, "{what}");
    }
}

#[tokio::test]
async fn a_request_without_both_strings_creates_a_new_socket() {
    let server = Server::with_recovery().await;
    let addr = server.addr();
    let (mut other, _) = join(addr).await;
    let (mut client, credentials) = join(addr).await;
    let last = echo(&mut client).await;
    client.reset();
    wait_for_disconnect(&mut other, &credentials.sid).await;
    for payload in [
        format!(r#"{{"pid":"{}"}}"#, credentials.pid),
        format!(r#"{{"offset":"{last}"}}"#),
        format!(r#"{{"pid":["{}"],"offset":"{last}"}}"#, credentials.pid),
        format!(r#"{{"pid":"{}","offset":1}}"#, credentials.pid),
        format!(r#"{{"pid":"{}","offset":null}}"#, credentials.pid),
    ] {
        let mut client = open(addr).await;
        client.send(&format!("40{payload}")).await;
        let new = ids_of(&client.expect("40…").await);
        assert_ne!(new.sid, credentials.sid, "{payload}");
    }
    let mut client = recover(addr, &credentials, &last).await;
    let ids = ids_of(&client.expect("40…").await);
    let row = "private id without an offset";
    assert_eq!(ids.sid == credentials.sid, server.expects(row, true, false));
}

#[tokio::test]
async fn a_private_id_can_be_used_once() {
    let server = Server::with_recovery().await;
    let addr = server.addr();
    let (mut client, credentials) = join(addr).await;
    let (mut other, _) = join(addr).await;
    let last = echo(&mut client).await;
    client.reset();
    wait_for_disconnect(&mut other, &credentials.sid).await;
    let mut first = recover(addr, &credentials, &last).await;
    first
        .expect(&format!(r#"40{{"sid":"{}",…}}"#, credentials.sid))
        .await;
    let mut second = recover(addr, &credentials, &last).await;
    second
        .expect(&format!(r#"40{{"sid":"{}",…}}"#, credentials.sid))
        .await;
    // Here the second client has replaced the first.
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
async fn a_client_can_recover_before_the_server_notices_the_disconnect() {
    let server = Server::with_recovery().await;
    let addr = server.addr();
    let (mut client, credentials) = join(addr).await;
    let (mut other, _) = join(addr).await;
    let last = echo(&mut client).await;
    let sent = other_sends(&mut other, 1).await;
    let mut recovered = recover(addr, &credentials, &last).await;
    let row = "recovery while the old connection is open";
    if server.expects(row, false, true) {
        recovered.expect(&sent).await;
        recovered
            .expect(&format!(
                r#"40{{"sid":"{}","pid":"{}"}}"#,
                credentials.sid, credentials.pid
            ))
            .await;
        assert_eq!(
            wait_for_disconnect(&mut other, &credentials.sid).await,
            r#"437[{"reason":"transport close","rooms":[]}]"#
        );
    } else {
        assert_ne!(ids_of(&recovered.expect("40…").await).sid, credentials.sid);
    }
    drop(client);
}

/// A disconnect by the client or the application is final. A lost connection can be recovered.
#[tokio::test]
async fn the_disconnect_reason_decides_whether_a_client_can_recover() {
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
        let (mut client, credentials) = join(addr).await;
        let last = echo(&mut client).await;
        client.send(ending).await;
        let disconnect = wait_for_disconnect(&mut other, &credentials.sid).await;
        if !server.is_node() {
            assert!(disconnect.contains(reason), "{ending}: {disconnect}");
        }
        let mut recovered = recover(addr, &credentials, &last).await;
        let new = ids_of(&recovered.expect("40…").await);
        assert_eq!(
            new.sid == credentials.sid,
            recoverable,
            "{ending}: {disconnect}"
        );
        assert_eq!(
            new.pid == credentials.pid,
            recoverable,
            "{ending}: {disconnect}"
        );
    }
}

#[tokio::test]
async fn a_polling_client_can_recover() {
    let server = Server::with_recovery().await;
    let addr = server.addr();
    let (mut other, _) = join(addr).await;
    let mut client = PollingClient::handshake(addr).await;
    client.send("40").await;
    let credentials = ids_of(&client.expect("40…").await);
    client.send(r#"42["echo",1]"#).await;
    let last = offset(&client.expect(r#"42["echo",1,"…"]"#).await);
    client.send("1").await;
    wait_for_disconnect(&mut other, &credentials.sid).await;
    let sent = other_sends(&mut other, 1).await;

    let mut client = PollingClient::handshake(addr).await;
    client.send(&connect(&credentials.pid, &last)).await;
    client.expect(&sent).await;
    let ids = format!(
        r#"40{{"sid":"{}","pid":"{}"}}"#,
        credentials.sid, credentials.pid
    );
    client.expect(&ids).await;
}

#[tokio::test]
async fn each_namespace_has_separate_ids() {
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
    wait_for_disconnect(&mut other, &main.sid).await;

    let mut client = open(addr).await;
    // Recovery skips middleware, and ids of one namespace are unknown in another.
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

//! Guests and an administrator.

use std::net::SocketAddr;

use socketio_testing::{Program, WsClient};

async fn open(addr: SocketAddr) -> WsClient {
    let mut client = WsClient::connect(addr, "/socket.io/?EIO=4&transport=websocket").await;
    client.expect("0{…}").await;
    client
}

/// Connects a guest and returns the id of its socket.
async fn guest(addr: SocketAddr, name: &str) -> (WsClient, String) {
    let mut client = open(addr).await;
    client.send(&format!(r#"40{{"name":"{name}"}}"#)).await;
    let connected = client.expect(r#"40{"sid":"…"}"#).await;
    let id = connected.split('"').nth(3).expect("an id").to_owned();
    (client, id)
}

async fn enter(client: &mut WsClient, room: &str) {
    client.send(&format!(r#"421["enter","{room}"]"#)).await;
    client.expect("431[]").await;
}

async fn admin(addr: SocketAddr) -> WsClient {
    let mut client = open(addr).await;
    client.send(r#"40/admin,{"password":"open sesame"}"#).await;
    client.expect(r#"40/admin,{"sid":"…"}"#).await;
    client
}

fn start() -> Program {
    let variables = [("ADMIN_PASSWORD", "open sesame")];
    Program::start_with(env!("CARGO_BIN_EXE_example-admin"), &variables)
}

#[tokio::test]
async fn administrators_see_guests_connect_and_disconnect() {
    let program = start();
    let addr = program.addr();
    let (mut ada, ada_id) = guest(addr, "ada").await;
    enter(&mut ada, "kitchen").await;
    let mut admin = admin(addr).await;
    let (mut bob, bob_id) = guest(addr, "bob").await;
    let arrived = format!(r#"42/admin,["arrived","{bob_id}","bob"]"#);
    admin.expect(&arrived).await;

    let ada_entry =
        format!(r#"{{"id":"{ada_id}","name":"ada","address":"127.0.0.1…","rooms":["kitchen"]}}"#);
    let bob_entry = format!(r#"{{"id":"{bob_id}","name":"bob","address":"…","rooms":[]}}"#);
    for (selection, entries) in [
        ("null", format!("{ada_entry},{bob_entry}")),
        (r#""kitchen""#, ada_entry),
        (&format!("\"{bob_id}\""), bob_entry),
        (r#""cellar""#, String::new()),
    ] {
        admin
            .send(&format!(r#"42/admin,1["list",{selection}]"#))
            .await;
        admin.expect(&format!("43/admin,1[[{entries}]]")).await;
    }
    bob.send("41").await;
    let left = format!(r#"42/admin,["left","{bob_id}","client namespace disconnect"]"#);
    admin.expect(&left).await;
}

#[tokio::test]
async fn administrators_move_and_disconnect_guests() {
    let program = start();
    let addr = program.addr();
    let (mut ada, _) = guest(addr, "ada").await;
    let (mut bob, bob_id) = guest(addr, "bob").await;
    enter(&mut ada, "kitchen").await;
    let mut admin = admin(addr).await;

    let request = r#"42/admin,1["move","kitchen","dining room"]"#;
    admin.send(request).await;
    admin.expect("43/admin,1[]").await;
    let announcement = r#"42/admin,["announce","dining room","Dinner is ready"]"#;
    admin.send(announcement).await;
    ada.expect(r#"42["announcement","Dinner is ready"]"#).await;

    let kick = format!(r#"42/admin,1["kick","{bob_id}","too loud"]"#);
    admin.send(&kick).await;
    bob.expect(r#"42["kicked","too loud"]"#).await;
    bob.expect("41").await;
    bob.expect_close(None).await;
    // The acknowledgement and the event of the disconnect handler have no fixed order.
    let mut received = [admin.expect("4…").await, admin.expect("4…").await];
    received.sort();
    let left = format!(r#"42/admin,["left","{bob_id}","server namespace disconnect"]"#);
    assert_eq!(received, [left.as_str(), "43/admin,1[]"]);

    admin.send(r#"42/admin,["announce",null,"We close"]"#).await;
    ada.expect(r#"42["announcement","We close"]"#).await;
}

#[tokio::test]
async fn administrators_need_the_password() {
    let program = start();
    let addr = program.addr();
    let (mut guest, _) = guest(addr, "ada").await;
    guest.send(r#"40/admin,{"password":"sesame"}"#).await;
    guest
        .expect(r#"44/admin,{"message":"Wrong password."}"#)
        .await;
    guest.send("40/admin,").await;
    guest.expect(r#"44/admin,{"message":"…",…}"#).await;
    // The events of administrators have no handlers in `/`.
    guest.send(r#"42["kick",null,"all"]"#).await;
    enter(&mut guest, "kitchen").await;
}

#[tokio::test]
async fn guests_need_a_name() {
    let program = start();
    let mut client = open(program.addr()).await;
    client.send(r#"40{"name":""}"#).await;
    client
        .expect(r#"44{"message":"Choose a name of 1 to 40 bytes."}"#)
        .await;
}

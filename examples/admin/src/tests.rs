//! Guests and an administrator.

use serde_json::{Value, json};
use socketio_test::{TestClient, TestServer};

const PASSWORD: &str = "open sesame";

fn serve() -> TestServer {
    TestServer::new(crate::app(PASSWORD.to_owned()))
}

async fn guest(server: &TestServer, name: &str) -> TestClient {
    let guest = server.client().address(([192, 0, 2, 1], 50_000));
    let guest = guest.auth(json!({ "name": name })).connect().await;
    guest.expect("a guest with a name")
}

async fn admin(server: &TestServer) -> TestClient {
    let admin = server.client().namespace("/admin");
    let admin = admin.auth(json!({ "password": PASSWORD })).connect().await;
    admin.expect("the password")
}

async fn enter(guest: &TestClient, room: &str) {
    let () = guest.emit_with_ack("enter", room).await;
}

#[tokio::test(start_paused = true)]
async fn administrators_see_guests_connect_and_disconnect() {
    let server = serve();
    let ada = guest(&server, "ada").await;
    enter(&ada, "kitchen").await;
    let admin = admin(&server).await;
    let bob = guest(&server, "bob").await;
    let arrival: (String, String) = admin.event("arrived").await;
    assert_eq!(arrival, (bob.id().to_owned(), "bob".to_owned()));

    let entry = |guest: &TestClient, name: &str, rooms: Value| json!({ "id": guest.id(), "name": name, "address": "192.0.2.1", "rooms": rooms });
    let ada_entry = entry(&ada, "ada", json!(["kitchen"]));
    let bob_entry = entry(&bob, "bob", json!([]));
    for (selection, entries) in [
        (Value::Null, json!([ada_entry, bob_entry])),
        (json!("kitchen"), json!([ada_entry])),
        (json!(bob.id()), json!([bob_entry])),
        (json!("cellar"), json!([])),
    ] {
        let listed: Value = admin.emit_with_ack("list", &selection).await;
        assert_eq!(listed, entries, "{selection}");
    }
    bob.disconnect().await;
    let left: (String, String) = admin.event("left").await;
    let reason = "client namespace disconnect".to_owned();
    assert_eq!(left, (bob.id().to_owned(), reason));
}

#[tokio::test(start_paused = true)]
async fn administrators_move_and_disconnect_guests() {
    let server = serve();
    let ada = guest(&server, "ada").await;
    let bob = guest(&server, "bob").await;
    enter(&ada, "kitchen").await;
    let admin = admin(&server).await;

    let rooms = ("kitchen", "dining room");
    let () = admin.emit_with_ack("move", &rooms).await;
    admin
        .emit("announce", &("dining room", "Dinner is ready"))
        .await;
    let announcement: String = ada.event("announcement").await;
    assert_eq!(announcement, "Dinner is ready");

    let () = admin.emit_with_ack("kick", &(bob.id(), "too loud")).await;
    assert_eq!(bob.disconnected().await, "io server disconnect");
    let [kicked] = &bob.received().await[..] else {
        panic!("only the reason, and not the announcement");
    };
    assert_eq!(
        (kicked.name(), kicked.data::<String>().as_str()),
        ("kicked", "too loud")
    );
    let left: (String, String) = admin.event("left").await;
    let reason = "server namespace disconnect".to_owned();
    assert_eq!(left, (bob.id().to_owned(), reason));

    admin.emit("announce", &((), "We close")).await;
    let announcement: String = ada.event("announcement").await;
    assert_eq!(announcement, "We close");
}

#[tokio::test(start_paused = true)]
async fn administrators_need_the_password() {
    let server = serve();
    let guest = guest(&server, "ada").await;
    let guess = guest.of("/admin").auth(json!({ "password": "sesame" }));
    let refused = guess.connect().await.unwrap_err();
    assert_eq!(refused.message(), "Wrong password.");
    guest.of("/admin").connect().await.unwrap_err();
    // The events of administrators have no handlers in `/`.
    guest.emit("kick", &((), "all")).await;
    enter(&guest, "kitchen").await;
}

#[tokio::test(start_paused = true)]
async fn guests_need_a_name() {
    let nameless = serve().client().auth(json!({ "name": "" }));
    let refused = nameless.connect().await.unwrap_err();
    assert_eq!(refused.message(), "Choose a name of 1 to 40 bytes.");
}

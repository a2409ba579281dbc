//! Two users, their windows and their messages.

use serde_json::{Value, json};
use socketio_testing::{Program, WsClient};

struct Window(WsClient);

impl Window {
    /// Connects with credentials, without waiting for the answer.
    async fn open(program: &Program, auth: Value) -> Self {
        let target = "/socket.io/?EIO=4&transport=websocket";
        let mut client = WsClient::connect(program.addr(), target).await;
        client.expect("0{…}").await;
        client.send(&format!("40{auth}")).await;
        Self(client)
    }

    /// Connects and returns the session and the contacts.
    async fn joined(program: &Program, auth: Value) -> (Self, Value, Value) {
        let mut window = Self::open(program, auth).await;
        window.0.expect(r#"40{"sid":"…"}"#).await;
        let session = window.event("session").await;
        let users = window.event("users").await;
        (window, session, users)
    }

    /// Returns the argument of the next event, which must have this name.
    async fn event(&mut self, name: &str) -> Value {
        let packet = self.0.expect(&format!(r#"42["{name}",…]"#)).await;
        let mut event: Value = serde_json::from_str(&packet[2..]).expect("JSON");
        event[1].take()
    }

    /// Sends a message and returns the acknowledgement.
    async fn write(&mut self, to: &Value, content: &str) -> Value {
        let event = json!(["private message", { "to": to, "content": content }]);
        self.0.send(&format!("421{event}")).await;
        let answer = self.0.expect("431[…]").await;
        let mut answer: Value = serde_json::from_str(&answer[3..]).expect("JSON");
        answer[0].take()
    }
}

fn start() -> Program {
    Program::start(env!("CARGO_BIN_EXE_example-private-messages"))
}

#[tokio::test]
async fn users_see_each_other_connect_write_and_disconnect() {
    let program = start();
    let (mut ada, ada_session, users) = Window::joined(&program, json!({"username": "ada"})).await;
    assert_eq!(users, json!([]));
    let (mut bob, bob_session, users) = Window::joined(&program, json!({"username": "bob"})).await;
    let ada_id = &ada_session["userID"];
    let bob_id = &bob_session["userID"];
    let contact =
        json!([{ "userID": ada_id, "username": "ada", "connected": true, "messages": [] }]);
    assert_eq!(users, contact);
    let arrival = json!({ "userID": bob_id, "username": "bob" });
    assert_eq!(ada.event("user connected").await, arrival);

    let sent = ada.write(bob_id, "Tea?").await;
    assert_eq!(
        sent,
        json!({ "from": ada_id, "to": bob_id, "content": "Tea?" })
    );
    assert_eq!(bob.event("private message").await, sent);

    bob.0.send("41").await;
    assert_eq!(&ada.event("user disconnected").await, bob_id);
}

#[tokio::test]
async fn the_windows_of_a_user_share_messages() {
    let program = start();
    let (mut first, session, _) = Window::joined(&program, json!({"username": "ada"})).await;
    let (mut bob, bob_session, _) = Window::joined(&program, json!({"username": "bob"})).await;
    first.event("user connected").await;
    let auth = json!({ "sessionID": session["sessionID"] });
    let (mut second, same, _) = Window::joined(&program, auth).await;
    assert_eq!(same, session);

    let sent = first.write(&bob_session["userID"], "Tea?").await;
    assert_eq!(second.event("private message").await, sent);
    assert_eq!(bob.event("private message").await, sent);

    // Ada is online until she closes the second window.
    second.0.send("41").await;
    let reply = bob.write(&session["userID"], "Yes").await;
    assert_eq!(first.event("private message").await, reply);
    first.0.send("41").await;
    assert_eq!(bob.event("user disconnected").await, session["userID"]);
}

#[tokio::test]
async fn messages_are_stored_for_offline_users() {
    let program = start();
    let (mut ada, session, _) = Window::joined(&program, json!({"username": "ada"})).await;
    let (mut bob, _, _) = Window::joined(&program, json!({"username": "bob"})).await;
    ada.0.send("41").await;
    bob.event("user disconnected").await;
    let sent = bob.write(&session["userID"], "Are you there?").await;

    let auth = json!({ "sessionID": session["sessionID"] });
    let (_ada, _, users) = Window::joined(&program, auth).await;
    assert_eq!(users[0]["messages"], json!([sent]));
    assert_eq!(users[0]["connected"], json!(true));
    bob.event("user connected").await;
}

#[tokio::test]
async fn invalid_messages_are_refused() {
    let program = start();
    let (mut ada, session, _) = Window::joined(&program, json!({"username": "ada"})).await;
    let answer = ada.write(&json!("nobody"), "x").await;
    assert_eq!(answer["error"], "Unknown user id. Choose one of `users`.");
    for content in ["", &"x".repeat(2001)] {
        let answer = ada.write(&session["userID"], content).await;
        assert_eq!(answer["error"], "Write 1 to 2000 bytes.");
    }
}

#[tokio::test]
async fn users_need_a_name() {
    let program = start();
    let long = "x".repeat(41);
    for auth in [
        json!({}),
        json!({ "username": "  " }),
        json!({ "username": long }),
        json!({ "sessionID": "guessed" }),
    ] {
        let mut window = Window::open(&program, auth).await;
        let refusal = r#"44{"message":"Choose a name of 1 to 40 bytes."}"#;
        window.0.expect(refusal).await;
    }
}

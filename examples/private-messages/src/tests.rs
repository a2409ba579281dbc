//! Two users, their windows and their messages.

use serde_json::{Value, json};
use socketio_test::{TestClient, TestServer};

/// A window of a user.
struct Window {
    client: TestClient,
    session: Value,
    users: Value,
}

impl Window {
    async fn open(server: &TestServer, auth: Value) -> Self {
        let client = server.client().auth(auth).connect().await;
        let client = client.expect("valid credentials");
        Self {
            session: client.event("session").await,
            users: client.event("users").await,
            client,
        }
    }

    fn user_id(&self) -> &Value {
        &self.session["userID"]
    }

    async fn event(&self, name: &str) -> Value {
        self.client.event(name).await
    }

    /// Sends a message and returns the acknowledgement.
    async fn write(&self, to: &Value, content: &str) -> Value {
        let message = json!({ "to": to, "content": content });
        self.client.emit_with_ack("private message", &message).await
    }
}

fn serve() -> TestServer {
    TestServer::new(crate::app())
}

#[tokio::test(start_paused = true)]
async fn users_see_each_other_connect_write_and_disconnect() {
    let server = serve();
    let ada = Window::open(&server, json!({ "username": "ada" })).await;
    assert_eq!(ada.users, json!([]));
    let bob = Window::open(&server, json!({ "username": "bob" })).await;
    let (ada_id, bob_id) = (ada.user_id(), bob.user_id());
    let contact =
        json!([{ "userID": ada_id, "username": "ada", "connected": true, "messages": [] }]);
    assert_eq!(bob.users, contact);
    let arrival = json!({ "userID": bob_id, "username": "bob" });
    assert_eq!(ada.event("user connected").await, arrival);

    let sent = ada.write(bob_id, "Tea?").await;
    let expected = json!({ "from": ada_id, "to": bob_id, "content": "Tea?" });
    assert_eq!(sent, expected);
    assert_eq!(bob.event("private message").await, sent);

    bob.client.disconnect().await;
    assert_eq!(&ada.event("user disconnected").await, bob_id);
}

#[tokio::test(start_paused = true)]
async fn the_windows_of_a_user_share_messages() {
    let server = serve();
    let first = Window::open(&server, json!({ "username": "ada" })).await;
    let bob = Window::open(&server, json!({ "username": "bob" })).await;
    first.event("user connected").await;
    let auth = json!({ "sessionID": first.session["sessionID"] });
    let second = Window::open(&server, auth).await;
    assert_eq!(second.session, first.session);

    let sent = first.write(bob.user_id(), "Tea?").await;
    assert_eq!(second.event("private message").await, sent);
    assert_eq!(bob.event("private message").await, sent);

    // Ada is online until she closes the second window.
    second.client.disconnect().await;
    let reply = bob.write(first.user_id(), "Yes").await;
    assert_eq!(first.event("private message").await, reply);
    assert!(bob.client.received().await.is_empty());
    first.client.disconnect().await;
    assert_eq!(&bob.event("user disconnected").await, first.user_id());
}

#[tokio::test(start_paused = true)]
async fn messages_are_stored_for_offline_users() {
    let server = serve();
    let ada = Window::open(&server, json!({ "username": "ada" })).await;
    let bob = Window::open(&server, json!({ "username": "bob" })).await;
    ada.client.disconnect().await;
    bob.event("user disconnected").await;
    let sent = bob.write(ada.user_id(), "Are you there?").await;

    let auth = json!({ "sessionID": ada.session["sessionID"] });
    let ada = Window::open(&server, auth).await;
    assert_eq!(ada.users[0]["messages"], json!([sent]));
    assert_eq!(ada.users[0]["connected"], json!(true));
    bob.event("user connected").await;
}

#[tokio::test(start_paused = true)]
async fn invalid_messages_are_refused() {
    let server = serve();
    let ada = Window::open(&server, json!({ "username": "ada" })).await;
    let answer = ada.write(&json!("unknown"), "x").await;
    assert_eq!(answer["error"], "Unknown user id. Choose one of `users`.");
    for content in ["", &"x".repeat(2001)] {
        let answer = ada.write(ada.user_id(), content).await;
        assert_eq!(answer["error"], "Write 1 to 2000 bytes.");
    }
}

#[tokio::test(start_paused = true)]
async fn users_need_a_name() {
    let server = serve();
    for auth in [
        json!({}),
        json!({ "username": "  " }),
        json!({ "username": "x".repeat(41) }),
        json!({ "sessionID": "guessed" }),
    ] {
        let refused = server.client().auth(auth).connect().await.unwrap_err();
        assert_eq!(refused.message(), "Choose a name of 1 to 40 bytes.");
    }
}

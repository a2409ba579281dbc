//! Tests socket data that servers of a cluster share.

use e2e::cluster::cluster;
use e2e::session::{assert_alive, join};
use serde::{Deserialize, Serialize};
use serde_json::json;
use socketio::Socket;
use socketio::extract::SocketData;

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct User {
    name: String,
}

/// Data that stays on this server.
#[derive(Clone)]
struct Password;

#[tokio::test]
async fn other_servers_see_only_shared_data() {
    let [a, b] = cluster().await;
    b.io.of("/")
        .share_data::<User>("user")
        .on_connect(async |socket: Socket| {
            socket.data().insert(Password);
            socket.data().insert(User {
                name: "ada".to_owned(),
            });
        })
        .on("rename", async |socket: Socket| {
            socket.data().update(|user: &mut User| user.name.push('!'));
            socket.data().insert_json("renamed", true);
        })
        .on("forget", async |socket: Socket, _: SocketData<Password>| {
            socket.data().remove::<User>();
            socket.data().remove_json("renamed");
        });
    let (mut client, _) = join(b.addr).await;
    assert_alive(&mut client).await;
    for io in [&a.io, &b.io] {
        let sockets = io.fetch_sockets().await.expect("both servers answer");
        let remote = sockets.first().expect("a socket");
        assert_eq!(*remote.data(), json!({ "user": { "name": "ada" } }));
        let user: Option<User> = remote.data_as("user").expect("the data is a user");
        assert_eq!(user.map(|user| user.name).as_deref(), Some("ada"));
        assert_eq!(
            remote
                .data_as::<User>("absent")
                .expect("absent data is no error"),
            None
        );
        assert!(remote.data_as::<u8>("user").is_err());
    }
    client.send(r#"42["rename"]"#).await;
    assert_alive(&mut client).await;
    let sockets = a.io.fetch_sockets().await.expect("both servers answer");
    assert_eq!(
        *sockets.first().expect("a socket").data(),
        json!({ "user": { "name": "ada!" }, "renamed": true })
    );
    client.send(r#"42["forget"]"#).await;
    assert_alive(&mut client).await;
    let sockets = a.io.fetch_sockets().await.expect("both servers answer");
    assert_eq!(*sockets.first().expect("a socket").data(), json!({}));
}

/// The registration applies to one namespace.
#[tokio::test]
async fn sharing_applies_to_one_namespace() {
    let [a] = cluster().await;
    a.io.of("/").share_data::<User>("user");
    a.io.of("/quiet").on_connect(async |socket: Socket| {
        socket.data().insert(User {
            name: "ada".to_owned(),
        });
    });
    let (mut client, _) = join(a.addr).await;
    client.send("40/quiet,").await;
    client.expect("40/quiet,{…}").await;
    assert_alive(&mut client).await;
    let sockets =
        a.io.of("/quiet")
            .fetch_sockets()
            .await
            .expect("a single server answers");
    assert_eq!(*sockets.first().expect("a socket").data(), json!({}));
}

//! Data that servers share.

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

/// What stays on this server.
#[derive(Clone)]
struct Password;

#[tokio::test]
async fn shared_data_is_seen_by_other_servers_and_private_data_is_not() {
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
        let sockets = io.fetch_sockets().await.expect("both answer");
        let remote = sockets.first().expect("a socket");
        assert_eq!(*remote.data(), json!({ "user": { "name": "ada" } }));
        let user: Option<User> = remote.data_as("user").expect("it fits");
        assert_eq!(user.map(|user| user.name).as_deref(), Some("ada"));
        assert_eq!(
            remote.data_as::<User>("nobody").expect("there is none"),
            None
        );
        assert!(remote.data_as::<u8>("user").is_err());
    }
    client.send(r#"42["rename"]"#).await;
    assert_alive(&mut client).await;
    let sockets = a.io.fetch_sockets().await.expect("both answer");
    assert_eq!(
        *sockets.first().expect("a socket").data(),
        json!({ "user": { "name": "ada!" }, "renamed": true })
    );
    client.send(r#"42["forget"]"#).await;
    assert_alive(&mut client).await;
    let sockets = a.io.fetch_sockets().await.expect("both answer");
    assert_eq!(*sockets.first().expect("a socket").data(), json!({}));
}

/// The registration belongs to one namespace.
#[tokio::test]
async fn other_namespaces_share_nothing() {
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
    let sockets = a.io.of("/quiet").fetch_sockets().await.expect("alone");
    assert_eq!(*sockets.first().expect("a socket").data(), json!({}));
}

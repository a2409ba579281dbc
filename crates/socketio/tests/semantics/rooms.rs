//! Tests rooms and the sockets that they target.

use std::net::SocketAddr;

use e2e::app::serve;
use e2e::session::{assert_alive, join};
use socketio::extract::Data;
use socketio::{Reply, Room, Socket, SocketIo, SocketIoLayer};
use socketio_testing::{WsClient, within};

/// Guards against one packet per room.
#[tokio::test]
async fn a_socket_in_several_target_rooms_receives_one_packet() {
    let (addr, io) = server().await;
    let (mut client, socket) = connected(addr, &io).await;
    let (mut sender, sender_socket) = connected(addr, &io).await;
    socket.join(["a", "b"]);

    io.to(["a", "b"]).emit("event", &1);
    io.to("a").to("b").in_("b").emit("event", &2);
    io.of("/").to(["a", socket.id().as_str()]).emit("event", &3);
    sender_socket.to(["a", "b"]).emit("event", &4);
    for number in 1..=4 {
        client.expect(&format!(r#"42["event",{number}]"#)).await;
    }
    assert_alive(&mut client).await;
    assert_alive(&mut sender).await;
}

#[tokio::test]
async fn a_socket_in_several_target_rooms_answers_once() {
    let (addr, io) = server().await;
    let (mut client, socket) = connected(addr, &io).await;
    socket.join(["a", "b"]);
    let answers = io.to(["a", "b"]).emit_with_ack::<String>("ask", "");
    let packet = client.expect(r#"42…["ask",""]"#).await;
    assert_alive(&mut client).await;
    let id: String = packet
        .chars()
        .skip(2)
        .take_while(char::is_ascii_digit)
        .collect();
    client.send(&format!(r#"43{id}["yes"]"#)).await;
    let answers = within("all answers", answers.all()).await;
    assert_eq!(answers.expect("one answer"), ["yes"]);
}

#[tokio::test]
async fn a_socket_in_several_target_rooms_joins_another_room_once() {
    let (addr, io) = server().await;
    let (mut client, socket) = connected(addr, &io).await;
    socket.join(["a", "b"]);
    io.to(["a", "b"]).sockets_join("c");
    socket.join(["c", "c"]);
    assert_eq!(names(socket.rooms()), ["a", "b", "c"]);
    io.to("c").emit("event", "");
    client.expect(r#"42["event",""]"#).await;
    // The socket is in the room once, so one call leaves it.
    socket.leave("c");
    assert_eq!(names(socket.rooms()), ["a", "b"]);
    io.to("c").emit("event", "");
    assert_alive(&mut client).await;
}

/// Guards against ids without a room.
#[tokio::test]
async fn every_socket_is_in_the_room_of_its_id() {
    let (addr, io) = server().await;
    let (mut client, socket) = connected(addr, &io).await;
    let (mut other, other_socket) = connected(addr, &io).await;
    assert_eq!(socket.rooms(), [Room::from(socket.id().as_str())]);

    io.to(socket.id()).emit("for you", "");
    client.expect(r#"42["for you",""]"#).await;
    other_socket.to(socket.id()).emit("from another", "");
    client.expect(r#"42["from another",""]"#).await;
    io.except(socket.id()).emit("for others", "");
    other.expect(r#"42["for others",""]"#).await;
    assert_alive(&mut client).await;
    assert_alive(&mut other).await;
}

#[tokio::test]
async fn a_socket_does_not_receive_its_broadcasts() {
    let (addr, io) = server().await;
    let (mut client, socket) = connected(addr, &io).await;
    let (mut other, other_socket) = connected(addr, &io).await;
    socket.join("a");
    other_socket.join("a");
    socket.to("a").emit("event", &1);
    socket.broadcast().emit("event", &2);
    socket.except("b").emit("event", &3);
    socket.local().emit("event", &4);
    socket
        .to([socket.id(), other_socket.id()])
        .emit("event", &5);
    for number in 1..=5 {
        other.expect(&format!(r#"42["event",{number}]"#)).await;
    }
    assert_alive(&mut client).await;
    assert_alive(&mut other).await;
}

#[tokio::test]
async fn rooms_of_different_namespaces_are_independent() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    for name in ["/", "/other"] {
        io.of(name)
            .on_connect(async |socket: Socket| socket.join("room"))
            .on("ping", async |Data(value): Data<u8>| Reply(value));
    }
    let addr = serve(layer).await;
    let (mut client, _) = join(addr).await;
    client.send("40/other,").await;
    client.expect(r#"40/other,{"sid":"…"}"#).await;
    io.of("/other").to("room").emit("event", "");
    client.expect(r#"42/other,["event",""]"#).await;
    io.of("/").to("room").emit("event", "");
    client.expect(r#"42["event",""]"#).await;
    assert_alive(&mut client).await;
}

async fn server() -> (SocketAddr, SocketIo) {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    (serve(layer).await, io)
}

async fn connected(addr: SocketAddr, io: &SocketIo) -> (WsClient, Socket) {
    let (client, id) = join(addr).await;
    let socket = io.of("/").socket(&id).expect("the socket");
    (client, socket)
}

/// Returns the names of the rooms without the room of the socket's own id, which is the first.
fn names(mut rooms: Vec<Room>) -> Vec<String> {
    rooms.remove(0);
    let mut names: Vec<_> = rooms.iter().map(|room| room.as_str().to_owned()).collect();
    names.sort();
    names
}

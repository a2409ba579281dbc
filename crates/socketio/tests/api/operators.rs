//! Tests the methods of `BroadcastOperator` on every type that offers them in Node.

use std::time::Duration;

use e2e::cluster::cluster;
use e2e::session::{assert_alive, join, join_polling};
use socketio::{EmitError, Socket};
use socketio_testing::{WsClient, within};

/// All packets reach all clients on both servers.
#[tokio::test]
async fn the_server_and_the_namespace_can_target_all_sockets() {
    let [a, b] = cluster().await;
    let (mut here, here_id) = join(a.addr).await;
    let (mut there, there_id) = join(b.addr).await;
    let (io, main) = (&a.io, a.io.of("/"));
    io.try_emit("event", &1).expect("the packet is sent");
    main.try_emit("event", &2).expect("the packet is sent");
    io.send(&3);
    main.send(&4);
    io.send(&5);
    io.compress(false).send(&6);
    main.compress(true).emit("event", &7);
    for client in [&mut here, &mut there] {
        client.expect(r#"42["event",1]"#).await;
        client.expect(r#"42["event",2]"#).await;
        client.expect(r#"42["message",3]"#).await;
        client.expect(r#"42["message",4]"#).await;
        client.expect(r#"42["message",5]"#).await;
        client.expect(r#"42["message",6]"#).await;
        client.expect(r#"42["event",7]"#).await;
    }
    for rejected in [io.try_emit("connect", &()), main.try_emit("connect", &())] {
        assert!(matches!(rejected, Err(EmitError::ReservedEvent(_))));
    }

    io.sockets_join("one");
    main.sockets_join(["two", "three"]);
    io.sockets_leave("three");
    for (namespace, id) in [(&main, &here_id), (&b.io.of("/"), &there_id)] {
        let socket = namespace.socket(id).expect("the socket");
        assert_eq!(socket.rooms(), [id.as_str(), "one", "two"]);
    }
    main.sockets_leave(["one", "two"]);
    let socket = b.io.of("/").socket(&there_id).expect("the socket");
    assert_eq!(socket.rooms(), [&*there_id]);

    // `io.sockets` in Node is the main namespace.
    assert_eq!(io.of("/").name(), "/");
    assert_eq!(io.of("/").sockets().len(), 1);
}

#[tokio::test]
async fn the_server_and_the_namespace_can_request_acknowledgements() {
    let [a, b] = cluster().await;
    let (mut here, _) = join(a.addr).await;
    let (mut there, _) = join(b.addr).await;
    let main = a.io.of("/");
    for (round, answers) in [
        a.io.emit_with_ack::<u8>("ask", &()),
        main.emit_with_ack::<u8>("ask", &()),
        a.io.timeout(Duration::from_secs(60))
            .emit_with_ack("ask", &()),
    ]
    .into_iter()
    .enumerate()
    {
        for client in [&mut here, &mut there] {
            client.expect(&format!(r#"42{round}["ask"]"#)).await;
            client.send(&format!("43{round}[{round}]")).await;
        }
        let answers = within("both answers", answers.all()).await;
        let round = u8::try_from(round).expect("a small number");
        assert_eq!(answers.expect("both clients answer"), [round, round]);
    }
}

#[tokio::test]
async fn flags_of_a_socket_apply_to_its_broadcasts() {
    let [a, b] = cluster().await;
    let (mut own, id) = join(a.addr).await;
    let (mut here, _) = join(a.addr).await;
    let (mut there, there_id) = join(b.addr).await;
    let socket = a.io.of("/").socket(&id).expect("the socket");
    a.io.to(&*there_id).sockets_join("room");
    emit_broadcasts(&socket);
    here.expect(r#"42["broadcast"]"#).await;
    here.expect(r#"42["except"]"#).await;
    here.expect(r#"42["local"]"#).await;
    assert_alive(&mut here).await;
    there.expect(r#"42["broadcast"]"#).await;
    there.expect(r#"42["to"]"#).await;
    there.expect(r#"42["in"]"#).await;
    assert_alive(&mut there).await;
    // With a timeout of zero, no client can answer in time.
    let answers = socket.timeout(Duration::ZERO).to("room");
    let answers = answers.emit_with_ack::<()>("ask", &()).all();
    let error = within("an error", answers)
        .await
        .expect_err("the time is zero");
    assert!(error.answers().is_empty());
    emit_to_own(&mut own, &socket).await;
}

/// The packet is dropped only for the polling client without a pending poll.
#[tokio::test]
async fn a_volatile_broadcast_is_dropped_for_transports_that_are_not_ready() {
    let [a] = cluster().await;
    let (_own, id) = join(a.addr).await;
    let (polling, _) = join_polling(a.addr).await;
    let socket = a.io.of("/").socket(&id).expect("the socket");
    socket.volatile().broadcast().emit("dropped", &());
    a.io.volatile().emit("dropped", &());
    socket.broadcast().emit("kept", &());
    let payload = polling.get().await;
    assert_eq!(payload.text(), r#"42["kept"]"#);
}

fn emit_broadcasts(socket: &Socket) {
    socket.compress(false).broadcast().emit("broadcast", &());
    socket.to("room").emit("to", &());
    socket.compress(false).in_("room").emit("in", &());
    socket.compress(true).except("room").emit("except", &());
    socket
        .timeout(Duration::from_secs(1))
        .local()
        .emit("local", &());
}

async fn emit_to_own(own: &mut WsClient, socket: &Socket) {
    socket.send(&1);
    socket.send(&2);
    socket.compress(false).send(&3);
    socket.compress(true).send(&4);
    for number in 1..=4 {
        own.expect(&format!(r#"42["message",{number}]"#)).await;
    }
}

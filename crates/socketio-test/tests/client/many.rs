//! Many clients in one test.

use axum::Router;
use socketio::{Reply, Socket, SocketIoLayer, extract::Data};
use socketio_test::TestServer;

/// The number of clients, of which every second one uses a WebSocket.
const CLIENTS: usize = 1000;

#[tokio::test(start_paused = true)]
async fn a_thousand_clients_fit_into_one_test() {
    let sockets = SocketIoLayer::new();
    let io = sockets.io();
    io.of("/")
        .on("shout", async |socket: Socket, Data(text): Data<String>| {
            socket.broadcast().emit("shout", &text);
            Reply(())
        });
    let server = TestServer::new(Router::new().layer(sockets));
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        let builder = server.client();
        let builder = if number % 2 == 0 {
            builder
        } else {
            builder.websocket()
        };
        clients.push(builder.connect().await.unwrap());
    }
    assert_eq!(io.of("/").sockets().len(), CLIENTS);

    let (first, others) = clients.split_first().unwrap();
    let () = first.emit_with_ack("shout", "hello").await;
    for client in others {
        let text: String = client.event("shout").await;
        assert_eq!(text, "hello");
    }
    assert!(first.received().await.is_empty());
}

//! Broadcasts to WebSockets on TCP, which flush tasks write to.

use std::sync::Arc;
use std::time::Duration;

use engineio::{Broadcast, CloseReason, Config, Message, Session, SessionEvent};
use engineio_proto::Packet;
use futures_util::FutureExt as _;
use parking_lot::Mutex;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message as WsMessage;

use crate::server::{Server, serve};
use crate::websocket_client::{OPEN, WebSocketClient};

type Client = WebSocketClient<TcpStream>;

/// Opens a client over TCP with small buffers.
async fn open(server: &mut Server) -> (Client, Session) {
    const BUFFER: u32 = 4 * 1024;
    let (listening, connecting) = (TcpSocket::new_v4().unwrap(), TcpSocket::new_v4().unwrap());
    listening.set_send_buffer_size(BUFFER).unwrap();
    connecting.set_recv_buffer_size(BUFFER).unwrap();
    listening.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = listening.listen(1).unwrap();
    let connect = connecting.connect(listener.local_addr().unwrap());
    let (client, accepted) = tokio::join!(connect, listener.accept());
    serve(server.service(), accepted.unwrap().0);
    let url = format!("ws://localhost{OPEN}");
    let handshake = tokio_tungstenite::client_async(url, client.unwrap());
    let (stream, _response) = handshake.await.expect("a WebSocket");
    let mut client = Client::from_stream(stream);
    client.text().await;
    (client, server.opened().await)
}

/// Opens enough clients for a flush task.
async fn clients(server: &mut Server) -> (Vec<Client>, Vec<Session>) {
    let (mut clients, mut sessions) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let (client, session) = open(server).await;
        clients.push(client);
        sessions.push(session);
    }
    (clients, sessions)
}

fn broadcast(sessions: &[Session], message: impl Into<Message>) {
    let mut broadcast = Broadcast::new(message, Default::default());
    for session in sessions {
        broadcast.send(session).expect("the session is open");
    }
}

#[tokio::test]
async fn broadcasts_and_other_messages_arrive_in_order() {
    let mut server = Server::new();
    let (mut clients, sessions) = clients(&mut server).await;
    for number in 0..100 {
        for session in &sessions {
            session.send(&*format!("before {number}")).unwrap();
        }
        broadcast(&sessions, &*format!("broadcast {number}"));
        broadcast(
            &sessions,
            Message::from(bytes::Bytes::from(vec![number; 3_000])),
        );
        for session in &sessions {
            session.send(&*format!("behind {number}")).unwrap();
        }
        if number % 3 == 0 {
            tokio::task::yield_now().await;
        }
    }
    for client in &mut clients {
        for number in 0..100 {
            client.expect_texts([&*format!("4before {number}")]).await;
            client
                .expect_texts([&*format!("4broadcast {number}")])
                .await;
            let binary = client.next().await.unwrap().unwrap();
            assert_eq!(binary, WsMessage::binary(vec![number; 3_000]));
            client.expect_texts([&*format!("4behind {number}")]).await;
        }
    }
}

#[tokio::test]
async fn a_partially_written_frame_is_completed_first() {
    let mut server = Server::echoing();
    let (mut clients, sessions) = clients(&mut server).await;
    let large = "x".repeat(1_000_000);
    broadcast(&sessions, &*large);
    tokio::task::yield_now().await;
    for session in &sessions {
        assert!(
            session.drained().now_or_never().is_none(),
            "not all of it has left"
        );
    }
    // The connections will also have pongs and replies to write.
    for client in &mut clients {
        client.send_message(WsMessage::Ping("ping".into())).await;
        client.send("4echo").await;
        server.messages(["echo"]).await;
    }
    broadcast(&sessions, "behind");
    for client in &mut clients {
        assert_eq!(client.text().await, format!("4{large}"));
        let pong = client.next().await.unwrap().unwrap();
        assert_eq!(pong, WsMessage::Pong("ping".into()));
        client.expect_texts(["4echo", "4behind"]).await;
    }
    for session in &sessions {
        session.drained().await;
    }
    let mut volatile = Broadcast::new("volatile", Default::default());
    assert!(volatile.send_volatile(&sessions[0]));
}

/// More pings than the limit of pongs arrive at once, so the session writes while it reads.
#[tokio::test]
async fn pongs_do_not_interrupt_a_frame() {
    const PINGS: usize = 600;
    let mut server = Server::new();
    let (mut clients, sessions) = clients(&mut server).await;
    let large = "x".repeat(1_000_000);
    let payload = "p".repeat(125);
    for round in 0..3 {
        for client in &mut clients {
            for _ in 0..PINGS / 3 {
                client
                    .send_message(WsMessage::Ping(payload.clone().into()))
                    .await;
            }
        }
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        broadcast(&sessions, &*large);
    }
    for client in &mut clients {
        let (mut pongs, mut texts) = (0, 0);
        while pongs < PINGS || texts < 3 {
            match client.next().await.unwrap().unwrap() {
                WsMessage::Pong(pong) => {
                    assert_eq!(pong, payload.as_bytes());
                    pongs += 1;
                }
                WsMessage::Text(text) => {
                    assert_eq!(text.as_str(), format!("4{large}"));
                    texts += 1;
                }
                other => panic!("unexpected: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_broadcast_above_the_outbound_limit_closes_the_session() {
    let mut server = Server::with(Config::default().max_outbound_bytes(1_000));
    let (mut client, session) = open(&mut server).await;
    let over = "x".repeat(1_000);
    let mut broadcast = Broadcast::new(&*over, Default::default());
    assert!(broadcast.send(&session).is_err());
    assert_eq!(server.closed().await, CloseReason::TransportError);
    client.is_closed_with(None).await;
    assert!(broadcast.send(&session).is_err());
    assert!(!broadcast.send_volatile(&session));
}

/// The writer is lent and has to be returned for the close.
#[tokio::test]
async fn a_connection_ends_while_a_handle_to_its_session_lives() {
    let mut server = Server::new();
    let (mut clients, sessions) = clients(&mut server).await;
    broadcast(&sessions, "last");
    sessions[0].close(CloseReason::ForcedClose);
    clients[0].expect_texts(["4last"]).await;
    clients[0].is_closed_with(None).await;
    assert_eq!(server.closed().await, CloseReason::ForcedClose);
    // The server has ended this session too, and that of a client which disconnects.
    clients.truncate(1);
    for _ in &sessions[1..] {
        assert_eq!(server.closed().await, CloseReason::TransportClose);
    }
    server.engine.close(Duration::from_secs(60)).await;
    assert!(sessions.iter().all(|session| !session.is_open()));
}

#[tokio::test]
async fn an_observer_is_notified_of_broadcasts() {
    let mut server = Server::new();
    let (mut clients, sessions) = clients(&mut server).await;
    let created = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&created);
    sessions[1].observe(Arc::new(move |event: SessionEvent<'_>| {
        if let SessionEvent::PacketCreated(packet) = event {
            noted.lock().push(packet.clone());
        }
    }));
    broadcast(&sessions, "seen");
    for client in &mut clients {
        client.expect_texts(["4seen"]).await;
    }
    assert_eq!(*created.lock(), [Packet::Message(Message::from("seen"))]);
}

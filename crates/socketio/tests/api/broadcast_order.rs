//! Tests the order of broadcasts by several threads.

use std::sync::Arc;

use e2e::app::serve;
use e2e::session::join;
use socketio::{Socket, SocketIoLayer};
use socketio_testing::{Message, WsClient, within};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

const CLIENTS: usize = 40;
const PRODUCERS: usize = 4;
const EVENTS: usize = 300;

/// A client receives the events of one producer in order. They are sent to the room, to its socket,
/// and in answer to its own events.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn clients_receive_the_events_of_each_producer_in_order() {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    io.of("/").on_connect(async |socket: Socket| {
        socket.join("room");
    });
    io.of("/").on("echo", async |socket: Socket| {
        socket.emit("echo", &());
    });
    let addr = serve(layer).await;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(join(addr).await);
    }
    let begin = Arc::new(Barrier::new(PRODUCERS + CLIENTS));
    let mut tasks = JoinSet::new();
    for producer in 0..PRODUCERS {
        let (io, begin) = (io.clone(), Arc::clone(&begin));
        let ids: Vec<_> = clients.iter().map(|(_, id)| id.clone()).collect();
        tasks.spawn(async move {
            begin.wait().await;
            let main = io.of("/");
            for number in 0..EVENTS {
                if number % 3 == 2 {
                    for id in &ids {
                        let socket = main.socket(id).expect("the socket");
                        socket.emit("numbered", &(producer, number));
                    }
                } else {
                    io.to("room").emit("numbered", &(producer, number));
                }
                if number % 7 == producer {
                    tokio::task::yield_now().await;
                }
            }
        });
    }
    for (client, _) in clients {
        let begin = Arc::clone(&begin);
        tasks.spawn(async move {
            begin.wait().await;
            read_all(client).await;
        });
    }
    within("all events", tasks.join_all()).await;
}

async fn read_all(mut client: WsClient) {
    let mut next = [0; PRODUCERS];
    let (mut asked, mut answered) = (0, 0);
    while next != [EVENTS; PRODUCERS] || answered < asked {
        let Message::Text(text) = client.recv().await else {
            panic!("expected a text message");
        };
        if text == r#"42["echo"]"# {
            answered += 1;
            continue;
        }
        let numbers = text
            .strip_prefix(r#"42["numbered","#)
            .and_then(|rest| rest.strip_suffix("]"))
            .expect("a numbered event");
        let (producer, number) = numbers.split_once(',').expect("two numbers");
        let producer: usize = producer.parse().expect("a producer");
        assert_eq!(
            number.parse(),
            Ok(next[producer]),
            "from producer {producer}"
        );
        next[producer] += 1;
        if next[producer] % 50 == 0 {
            client.send(r#"42["echo"]"#).await;
            asked += 1;
        }
    }
}

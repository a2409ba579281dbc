//! Bytes without sense: whatever a client sends, the server lives, and so do all others.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use e2e::app::serve;
use e2e::session::{assert_alive, join, join_polling};
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use socketio::extract::{Ack, Data};
use socketio::{Args, Reply, Socket, SocketIo, SocketIoLayer};
use socketio_testing::{Frame, Opcode, Request, within};

/// How many conversations are tried.
const CASES: usize = 300;

/// Guards against bytes that make the server panic.
#[test]
fn frames_of_any_bytes_are_harmless() {
    converse(proptest::collection::vec(frame(), 1..12), |addr, frames| {
        Box::pin(async move {
            let (mut client, _) = join(addr).await;
            for frame in &frames {
                client.send_frame(frame).await;
            }
            client.send_frame(&Frame::close(None)).await;
            client.reset();
        })
    });
}

#[test]
fn streams_of_any_bytes_are_harmless() {
    converse(
        proptest::collection::vec(any::<u8>(), 0..200),
        |addr, bytes| {
            Box::pin(async move {
                let (mut client, _) = join(addr).await;
                client.send_raw(&bytes).await;
                client.reset();
            })
        },
    );
}

#[test]
fn bodies_of_any_bytes_are_harmless() {
    let bodies = proptest::collection::vec(prop_oneof![payload(), bytes()], 1..4);
    converse(bodies, |addr, bodies| {
        Box::pin(async move {
            let (polling, _) = join_polling(addr).await;
            for body in bodies {
                polling.post(body).await;
            }
            polling.post("1").await;
        })
    });
}

#[test]
fn queries_of_any_text_are_harmless() {
    let part = prop_oneof![
        any::<String>(),
        proptest::sample::select(vec![
            "EIO=4".to_owned(),
            "transport=polling".into(),
            "transport=websocket".into(),
            "sid=".into(),
            "b64=1".into(),
            "j=0".into(),
            "t=%".into(),
        ]),
    ];
    converse(proptest::collection::vec(part, 0..6), |addr, parts| {
        Box::pin(async move {
            let query: String = parts
                .join("&")
                .chars()
                .filter(char::is_ascii_graphic)
                .filter(|character| *character != '#')
                .collect();
            for request in [
                Request::get(&format!("/socket.io/?{query}")),
                Request::post(&format!("/socket.io/?{query}"), "1"),
                Request::websocket(&format!("/socket.io/?{query}")),
            ] {
                request.send(addr).await;
            }
        })
    });
}

type Conversation = std::pin::Pin<Box<dyn Future<Output = ()>>>;

/// Lets clients say what is generated while another must not notice anything; nobody may panic.
fn converse<S: Strategy>(strategy: S, talk: impl Fn(SocketAddr, S::Value) -> Conversation) {
    let panics = count_panics();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let (addr, io) = server().await;
        let (mut witness, _) = join(addr).await;
        let mut runner = TestRunner::new(Config::default());
        for _ in 0..CASES {
            let value = strategy.new_tree(&mut runner).expect("a value").current();
            let shown = format!("{value:?}");
            talk(addr, value).await;
            assert_alive(&mut witness).await;
            assert_eq!(panics.load(Ordering::SeqCst), 0, "{shown}");
        }
        // Whatever they have left behind, it ends with the server.
        within("the end", io.close_within(Duration::ZERO)).await;
        assert_eq!(io.clients_count(), 0);
    });
}

/// Counts the panics of all threads from now on.
fn count_panics() -> Arc<AtomicUsize> {
    static PANICS: std::sync::OnceLock<Arc<AtomicUsize>> = std::sync::OnceLock::new();
    Arc::clone(PANICS.get_or_init(|| {
        let panics = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&panics);
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            count.fetch_add(1, Ordering::SeqCst);
            before(info);
        }));
        panics
    }))
}

fn frame() -> impl Strategy<Value = Frame> {
    let kind = proptest::sample::select(vec![
        Opcode::Text,
        Opcode::Text,
        Opcode::Text,
        Opcode::Binary,
        Opcode::Continuation,
        Opcode::Ping,
        Opcode::Pong,
        Opcode::Close,
        Opcode::Reserved(5),
    ]);
    let content = prop_oneof![4 => packet().prop_map(String::into_bytes), 1 => bytes()];
    (kind, content, 0..40_u8).prop_map(|(kind, content, fault)| {
        let frame = Frame::new(kind, content);
        match fault {
            0 => frame.not_last(),
            1 => frame.rsv(1),
            2 => frame.unmasked(),
            3 => frame.claiming(u64::MAX),
            4 => frame.claiming(1 << 20),
            _ => frame,
        }
    })
}

/// Packets, joined as in a body.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(packet(), 0..6).prop_map(|packets| packets.join("\u{1e}").into())
}

/// Something that is a packet, or almost.
fn packet() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(vec![
        "4",
        "0",
        "1",
        "2",
        "3",
        "5",
        "6",
        "40",
        "41",
        "42",
        "43",
        "44",
        "450-",
        "451-",
        "452-",
        "461-",
        "b",
        "bAQ==",
        "/",
        "/other",
        "/other,",
        ",",
        "?",
        "[",
        "]",
        "{",
        "}",
        "\"",
        "\\",
        "\\u00",
        "\"echo\"",
        "\"read\"",
        "\"ack\"",
        "[\"echo\"",
        "[\"echo\",1]",
        "[\"ack\",[],{}]",
        "[\"connect\"]",
        "{\"_placeholder\":true,\"num\":0}",
        "\"_placeholder\"",
        ":",
        "null",
        "true",
        "1e9",
        "-",
        "9007199254740992",
        "é",
        "\u{1e}",
        "\0",
        " ",
        "probe",
    ]);
    prop_oneof![
        8 => proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat()),
        1 => any::<String>(),
    ]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..40)
}

async fn server() -> (SocketAddr, SocketIo) {
    let layer = SocketIoLayer::new();
    let io = layer.io();
    for name in ["/", "/other"] {
        io.of(name)
            .on("echo", async |socket: Socket, args: Args| {
                socket.emit("echo", &args);
            })
            .on("read", async |_: Data<(Value, Bytes)>| {})
            .on("ack", async |args: Data<Value>, ack: Option<Ack>| {
                if let Some(ack) = ack {
                    ack.send(&args.0);
                }
                Reply(())
            });
    }
    (serve(layer).await, io)
}

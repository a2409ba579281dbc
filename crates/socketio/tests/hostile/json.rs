//! Tests hostile JSON: deep nesting, very many arguments and very long values.

use std::net::SocketAddr;

use e2e::app::serve;
use e2e::session::{assert_alive, join, join_polling, open};
use serde_json::Value;
use socketio::extract::{Auth, Data};
use socketio::{Args, Reply, Socket, SocketIoBuilder, SocketIoLayer};
use socketio_testing::WsClient;

/// Guards against a stack overflow.
#[tokio::test]
async fn deeply_nested_arguments_close_only_their_connection() {
    let (addr, mut witness) = server(SocketIoLayer::builder()).await;
    for (begin, end) in [("[", "]"), (r#"{"a":"#, "1}"), (r#"[{"a":"#, "1}]")] {
        for depth in [128, 1_000, 100_000] {
            for closed in [true, false] {
                let inner = begin.repeat(depth);
                let end = if closed {
                    end.repeat(depth)
                } else {
                    String::new()
                };
                for event in ["read", "relay", "unhandled"] {
                    let (mut client, _) = join(addr).await;
                    client
                        .send(&format!(r#"420["{event}",{inner}{end}]"#))
                        .await;
                    client.expect_close(None).await;
                }
                let mut client = open(addr).await;
                client.send(&format!(r#"40{{"a":{inner}{end}}}"#)).await;
                client.expect_close(None).await;
                let (polling, _) = join_polling(addr).await;
                polling.send(&format!(r#"420["read",{inner}{end}]"#)).await;
                polling.expect_close().await;
                assert_alive(&mut witness).await;
            }
        }
    }
}

/// The limit may exceed the depth that the types of handlers support.
#[tokio::test]
async fn the_server_handles_the_nesting_that_its_limit_allows() {
    let (addr, mut witness) = server(SocketIoLayer::builder().max_json_depth(1_000_000)).await;
    let (mut client, _) = join(addr).await;
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    client.send(&format!(r#"420["read",{nested}]"#)).await;
    client
        .expect(r#"430[{"status":"Bad Request","error":"…"}]"#)
        .await;
    let event = format!(r#"42["relay",{nested}]"#);
    client.send(&event).await;
    client.expect(&event).await;
    let mut pending = open(addr).await;
    pending.send(&format!(r#"40/auth,{{"a":{nested}}}"#)).await;
    pending.expect(r#"44/auth,{"message":"…"…}"#).await;
    assert_alive(&mut witness).await;
}

/// Guards against an error or panic that closes the session.
#[tokio::test]
async fn the_server_handles_400_000_arguments() {
    let (addr, mut witness) = server(SocketIoLayer::builder()).await;
    let arguments = ",1".repeat(400_000);
    let (mut client, _) = join(addr).await;
    client.send(&format!(r#"420["read"{arguments}]"#)).await;
    client.expect("430[1]").await;
    client.send(&format!(r#"421["count"{arguments}]"#)).await;
    client.expect("431[400000]").await;
    let event = format!(r#"42["relay"{arguments}]"#);
    client.send(&event).await;
    client.expect(&event).await;
    // The same number of values in an acknowledgement.
    client.send(&format!("430[1{arguments}]")).await;
    assert_alive(&mut client).await;
    assert_alive(&mut witness).await;
}

/// Guards against quadratic parsing of long values.
#[tokio::test]
async fn the_server_handles_very_long_numbers_and_texts() {
    let (addr, mut witness) = server(SocketIoLayer::builder()).await;
    let (mut client, _) = join(addr).await;
    for argument in [
        "9".repeat(900_000),
        format!("0.{}", "1".repeat(900_000)),
        format!("1e{}", "9".repeat(900_000)),
        format!("-{}", "1".repeat(900_000)),
        format!("\"{}\"", "\\u0000".repeat(150_000)),
        format!("\"{}\"", "\\ud83d\\ude00".repeat(75_000)),
        format!("{{{}\"a\":1}}", "\"a\":1,".repeat(150_000)),
    ] {
        client.send(&format!(r#"420["read",{argument}]"#)).await;
        // The handler accepts or rejects the value.
        client.expect("430[…]").await;
    }
    assert_alive(&mut witness).await;
}

/// Guards against trusting the numbers in a packet.
#[tokio::test]
async fn very_large_packet_numbers_close_only_their_connection() {
    let (addr, mut witness) = server(SocketIoLayer::builder()).await;
    for packet in [
        format!(r#"42{}["read",1]"#, "9".repeat(900_000)),
        format!(r#"43{}[1]"#, "9".repeat(900_000)),
        format!(r#"45{}-["read",1]"#, "9".repeat(900_000)),
        format!(
            r#"451-["read",{{"_placeholder":true,"num":{}}}]"#,
            "9".repeat(900_000)
        ),
        r#"451-["read",{"_placeholder":true,"num":-1}]"#.into(),
        r#"451-["read",{"_placeholder":true,"num":1}]"#.into(),
        r#"451-["read",{"_placeholder":true,"num":"splice"}]"#.into(),
    ] {
        let (mut client, _) = join(addr).await;
        client.send(&packet).await;
        client.send_binary(&[1]).await;
        client.expect_close(None).await;
        assert_alive(&mut witness).await;
    }
}

/// Starts a server and connects a witness client, which must not be affected.
async fn server(builder: SocketIoBuilder) -> (SocketAddr, WsClient) {
    let layer = builder.build();
    let io = layer.io();
    io.of("/")
        .on("read", async |Data(value): Data<Value>| {
            Reply(match value {
                Value::Number(number) => Value::Number(number),
                _ => Value::Null,
            })
        })
        .on("count", async |Data(values): Data<Count>| Reply(values.0))
        .on("relay", async |socket: Socket, args: Args| {
            socket.emit("relay", &args);
        });
    io.of("/auth")
        .middleware(async |_: Auth<Value>| Ok::<(), &str>(()));
    let addr = serve(layer).await;
    (addr, join(addr).await.0)
}

/// The number of arguments, each of which is 1.
struct Count(u64);

impl<'de> serde::Deserialize<'de> for Count {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Numbers;

        impl<'de> serde::de::Visitor<'de> for Numbers {
            type Value = Count;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("numbers")
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut numbers: A,
            ) -> Result<Count, A::Error> {
                let mut count = 0;
                while let Some(number) = numbers.next_element::<u64>()? {
                    count += number;
                }
                Ok(Count(count))
            }
        }

        // A tuple receives several arguments.
        deserializer.deserialize_tuple(400_000, Numbers)
    }
}

//! The commands that an emitter sends to Redis. The expected bytes are those of Node's
//! `@socket.io/redis-emitter` 5.1 and `@socket.io/redis-adapter` 8.3.

#![cfg(feature = "redis")]

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use redis::aio::ConnectionLike;
use redis::{Arg, Cmd, ErrorKind, Pipeline, RedisError, RedisFuture, Value};
use socketio_emitter::{
    Emitter, EmitterError, RedisEmitter, RedisEmitterBuilder, SubscriptionMode,
};

/// A connection that records commands, or refuses them.
#[derive(Clone, Default)]
struct Recorder {
    commands: Arc<Mutex<Vec<Vec<Vec<u8>>>>>,
    refuses: bool,
}

impl ConnectionLike for Recorder {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        if self.refuses {
            let error = RedisError::from((ErrorKind::Io, "no Redis"));
            return Box::pin(async move { Err(error) });
        }
        let arguments = command.args_iter().map(|argument| match argument {
            Arg::Simple(bytes) => bytes.to_vec(),
            _ => panic!("not a plain argument"),
        });
        self.commands
            .lock()
            .expect("no test panics")
            .push(arguments.collect());
        Box::pin(async { Ok(Value::Int(1)) })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        _: &'a Pipeline,
        _: usize,
        _: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        panic!("an emitter sends single commands");
    }

    fn get_db(&self) -> i64 {
        0
    }
}

/// An emitter and what it has published.
struct Recorded {
    recorder: Recorder,
    emitter: Emitter,
}

fn recorded(builder: RedisEmitterBuilder) -> Recorded {
    let recorder = Recorder::default();
    let emitter = builder.with_connection(recorder.clone());
    Recorded { recorder, emitter }
}

impl Recorded {
    /// Takes the command, the channel and the payload of the only message.
    fn take(&self) -> (String, String, Vec<u8>) {
        let commands = std::mem::take(&mut *self.recorder.commands.lock().expect("no test panics"));
        let [command] = &commands[..] else {
            panic!("{} commands", commands.len());
        };
        let [name, channel, payload] = &command[..] else {
            panic!("{} arguments", command.len());
        };
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        (text(name), text(channel), payload.clone())
    }

    fn assert_published(&self, channel: &str, payload: &[u8]) {
        let (command, to, bytes) = self.take();
        assert_eq!((command.as_str(), to.as_str()), ("PUBLISH", channel));
        assert_eq!(
            String::from_utf8_lossy(&bytes),
            String::from_utf8_lossy(payload)
        );
        assert_eq!(bytes, payload);
    }
}

#[tokio::test]
async fn events_have_the_bytes_of_nodes_emitter() {
    let recorded = recorded(RedisEmitter::builder());
    let emitter = &recorded.emitter;

    emitter.emit("e", &1).await.unwrap();
    recorded.assert_published(
        "socket.io#/#",
        b"\x93\xa7emitter\x83\xa4type\x02\xa4data\x92\xa1e\x01\xa3nsp\xa1/\
          \x83\xa5rooms\x90\xa5flags\x80\xa6except\x90",
    );

    let bytes = Bytes::from_static(&[7]);
    emitter.to("room1").emit("e", &bytes).await.unwrap();
    recorded.assert_published(
        "socket.io#/#room1#",
        b"\x93\xa7emitter\x83\xa4type\x02\xa4data\x92\xa1e\xc4\x01\x07\xa3nsp\xa1/\
          \x83\xa5rooms\x91\xa5room1\xa5flags\x80\xa6except\x90",
    );

    emitter.of("/x").except("r").emit("e", &()).await.unwrap();
    recorded.assert_published(
        "socket.io#/x#",
        b"\x93\xa7emitter\x83\xa4type\x02\xa4data\x91\xa1e\xa3nsp\xa2/x\
          \x83\xa5rooms\x90\xa5flags\x80\xa6except\x91\xa1r",
    );

    let both = emitter.to("a").in_(["b"]).volatile().compress(false);
    both.send("hi").await.unwrap();
    recorded.assert_published(
        "socket.io#/#",
        b"\x93\xa7emitter\x83\xa4type\x02\xa4data\x92\xa7message\xa2hi\xa3nsp\xa1/\
          \x83\xa5rooms\x92\xa1a\xa1b\xa5flags\x82\xa8volatile\xc3\xa8compress\xc2\xa6except\x90",
    );
}

#[tokio::test]
async fn operations_on_sockets_have_the_bytes_of_nodes_emitter() {
    let recorded = recorded(RedisEmitter::builder());
    let emitter = &recorded.emitter;
    let requests = "socket.io-request#/#";

    emitter.in_("room1").sockets_join("r9").await.unwrap();
    recorded.assert_published(
        requests,
        br#"{"type":2,"opts":{"rooms":["room1"],"except":[]},"rooms":["r9"]}"#,
    );
    emitter.sockets_leave("r9").await.unwrap();
    recorded.assert_published(
        requests,
        br#"{"type":3,"opts":{"rooms":[],"except":[]},"rooms":["r9"]}"#,
    );
    emitter.to("nobody").disconnect_clients().await.unwrap();
    recorded.assert_published(
        requests,
        br#"{"type":4,"opts":{"rooms":["nobody"],"except":[]},"close":true}"#,
    );
    emitter.disconnect_sockets().await.unwrap();
    recorded.assert_published(
        requests,
        br#"{"type":4,"opts":{"rooms":[],"except":[]},"close":false}"#,
    );
    emitter.server_side_emit("ping2", &1).await.unwrap();
    recorded.assert_published(
        requests,
        br#"{"uid":"emitter","type":6,"data":["ping2",1]}"#,
    );
}

#[tokio::test]
async fn another_prefix_and_namespace_are_other_channels() {
    let recorded = recorded(RedisEmitter::builder().prefix("shop"));
    let orders = recorded.emitter.of("orders");
    assert_eq!(orders.namespace(), "/orders");
    orders.to("user:42").emit("shipped", &()).await.unwrap();
    assert_eq!(recorded.take().1, "shop#/orders#user:42#");
    orders.sockets_join("x").await.unwrap();
    assert_eq!(recorded.take().1, "shop-request#/orders#");
}

#[tokio::test]
async fn events_for_sharded_servers_use_sharded_channels() {
    let recorded = recorded(RedisEmitter::builder().sharded(SubscriptionMode::Dynamic));
    let emitter = &recorded.emitter;
    emitter.to("room1").emit("hello", &1).await.unwrap();
    let (command, channel, payload) = recorded.take();
    assert_eq!(
        (command.as_str(), channel.as_str()),
        ("SPUBLISH", "socket.io#/#room1#")
    );
    assert_eq!(
        String::from_utf8(payload).unwrap(),
        r#"{"type":3,"data":{"packet":{"type":2,"data":["hello",1]},"opts":{"rooms":["room1"],"except":[],"flags":{}}},"uid":"emitter","nsp":"/"}"#
    );
    emitter.sockets_leave("x").await.unwrap();
    assert_eq!(recorded.take().1, "socket.io#/#");
}

#[tokio::test]
async fn nothing_is_published_before_the_future_is_polled() {
    let recorded = recorded(RedisEmitter::builder());
    drop(recorded.emitter.emit("e", &1));
    assert!(
        recorded
            .recorder
            .commands
            .lock()
            .expect("no test panics")
            .is_empty()
    );
}

#[tokio::test]
async fn invalid_events_are_errors_and_are_not_published() {
    let recorded = recorded(RedisEmitter::builder());
    let emitter = &recorded.emitter;

    let error = emitter.emit("disconnect", &()).await.unwrap_err();
    assert!(matches!(error, EmitterError::Message(_)), "{error}");
    let error = emitter.server_side_emit("connection", &()).await;
    assert!(matches!(error, Err(EmitterError::Message(_))), "{error:?}");
    let unreadable = std::collections::HashMap::from([((1, 2), 3)]);
    let error = emitter.emit("e", &unreadable).await.unwrap_err();
    assert!(matches!(error, EmitterError::Arguments(_)), "{error}");
    let error = emitter.try_of("/a,b").unwrap_err();
    assert!(matches!(error, EmitterError::Namespace(_)), "{error}");
    assert!(
        recorded
            .recorder
            .commands
            .lock()
            .expect("no test panics")
            .is_empty()
    );
}

#[tokio::test]
async fn a_refused_message_is_an_error_with_a_remedy() {
    let recorder = Recorder {
        refuses: true,
        ..Recorder::default()
    };
    let emitter = RedisEmitter::builder().with_connection(recorder);
    let error = emitter.emit("e", &()).await.unwrap_err();
    assert!(matches!(error, EmitterError::Bus(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains("no Redis"), "{text}");
    assert!(text.ends_with("the password are right"), "{text}");
}

#[tokio::test]
async fn an_address_that_is_no_url_is_an_error() {
    let error = RedisEmitter::connect("127.0.0.1:6379").await.unwrap_err();
    assert!(matches!(error, EmitterError::Bus(_)), "{error}");
}

//! Tests that no lock is held while code of the application runs.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use e2e::app::serve;
use e2e::session::join;
use serde::{Deserialize, Serialize, Serializer};
use socketio::{Namespace, Regex, Socket, SocketIo, SocketIoLayer};

/// Runs `call` in a separate thread and fails if it blocks.
fn assert_finishes(name: &str, call: impl FnOnce() + Send + 'static) {
    let (done, finished) = mpsc::channel();
    std::thread::spawn(move || {
        call();
        done.send(()).ok();
    });
    let finished = finished.recv_timeout(Duration::from_secs(5));
    assert!(finished.is_ok(), "{name} blocks or panics");
}

/// A value of a handler whose destructor uses the server.
struct UsesServer(SocketIo, Namespace);

impl Drop for UsesServer {
    fn drop(&mut self) {
        let Self(io, namespace) = self;
        namespace.children();
        namespace.clone().on("later", async || {});
        namespace.clone().on_any_outgoing(|_, _, _| ());
        io.of("/other");
        assert!(!io.all_namespaces().is_empty());
    }
}

#[test]
fn destructors_of_handlers_may_use_the_server() {
    type Call = fn(&SocketIo, &Namespace);
    fn owns(io: &SocketIo, namespace: &Namespace) -> Arc<UsesServer> {
        Arc::new(UsesServer(io.clone(), namespace.clone()))
    }
    fn reject(io: &SocketIo, target: &Namespace, used: &Namespace) {
        let owned = owns(io, used);
        target.clone().on_rejection(move || {
            let _ = &owned;
            async {}
        });
    }
    let calls: [(&str, Call); 6] = [
        ("a replaced handler of a pattern", |io, pattern| {
            reject(io, pattern, pattern);
            reject(io, pattern, pattern);
        }),
        ("a replaced handler of a child", |io, pattern| {
            let child = io.of("/child");
            reject(io, &child, pattern);
            reject(io, pattern, pattern);
        }),
        ("a replaced handler of a namespace", |io, _| {
            let other = io.of("/other");
            reject(io, &other, &other);
            reject(io, &other, &other);
        }),
        ("a removed handler", |io, pattern| {
            let owned = owns(io, pattern);
            pattern.clone().on("event", move || {
                let _ = &owned;
                async {}
            });
            pattern.remove_all_listeners();
        }),
        ("a removed listener of outgoing events", |io, pattern| {
            let owned = owns(io, pattern);
            pattern.clone().on_any_outgoing(move |_, _, _| {
                let _ = &owned;
            });
            pattern.off_all_any_outgoing();
        }),
        ("a listener of new namespaces", |io, pattern| {
            let owned = owns(io, pattern);
            io.on_new_namespace(move |namespace: Namespace| {
                namespace.on("event", async || {});
                owned.0.of("/of a listener");
            });
            io.of("/child");
        }),
    ];
    for (name, call) in calls {
        assert_finishes(name, move || {
            let io = SocketIoLayer::new().io();
            let pattern = io.of(Regex::new("^/child$").expect("a valid pattern"));
            io.of("/child").on("own", async || {});
            call(&io, &pattern);
        });
    }
}

/// A shared value whose serialisation changes the data of its socket.
#[derive(Clone, Deserialize)]
struct CountsReads {
    #[serde(skip)]
    socket: Option<Socket>,
    reads: u32,
}

impl Serialize for CountsReads {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(socket) = &self.socket {
            socket.data().update(|value: &mut Self| value.reads += 1);
        }
        serializer.serialize_u32(self.reads)
    }
}

/// Runs in a separate thread, because a blocked server would block the test's runtime.
#[test]
fn shared_data_may_use_its_socket_while_it_is_serialised() {
    assert_finishes("the serialisation", || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(async {
            let layer = SocketIoLayer::new();
            let namespace = layer.io().of("/");
            let namespace =
                namespace
                    .share_data::<CountsReads>("reads")
                    .on_connect(async |socket: Socket| {
                        let value = CountsReads {
                            socket: Some(socket.clone()),
                            reads: 0,
                        };
                        socket.data().insert(value);
                    });
            let addr = serve(layer).await;
            let (_client, id) = join(addr).await;
            for reads in 0..2 {
                let sockets = namespace.fetch_sockets().await.expect("no cluster");
                let remote = sockets.first().expect("a socket");
                assert_eq!(remote.data()["reads"], reads);
            }
            let socket = namespace.socket(&id).expect("the socket");
            let reads = socket.data().with(|value: &CountsReads| value.reads);
            assert_eq!(reads, Some(2));
        });
    });
}

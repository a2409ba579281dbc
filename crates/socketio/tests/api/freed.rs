//! Tests that a closed server is freed although its state and handlers refer to it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use e2e::probes::{Journal, LiveCounter, LiveGuard};
use e2e::session::{assert_alive, id_of, join, open};
use e2e::sync::{Gate, eventually};
use socketio::{DisconnectReason, Namespace, Next, Regex, SocketIo, SocketIoLayer, WeakSocketIo};
use socketio_testing::{WsClient, within};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

/// A state that holds the server.
#[derive(Clone)]
struct App {
    io: SocketIo,
    held: Arc<LiveGuard>,
}

/// Serves a layer until the returned task is aborted and its connections end.
async fn serve_until_aborted(layer: SocketIoLayer) -> (SocketAddr, AbortHandle) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = listener.local_addr().expect("an address");
    let router = Router::new().layer(layer);
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    (addr, serving.abort_handle())
}

/// Closes the server and reads the close of its client meanwhile.
async fn close(io: &SocketIo, client: &mut WsClient) {
    let closing = within("the shutdown", io.close());
    tokio::join!(closing, client.expect_close(None));
}

async fn take(State(App { io, held }): State<App>) {
    drop((io, held));
}

/// Registers a handler of each kind that holds the server, except the hooks for requests and
/// responses.
fn register_everything(io: &SocketIo<App>) {
    let captured = || {
        let captured = io.state().clone();
        move || drop(captured.clone())
    };
    let outgoing = captured();
    let namespaces = [
        io.of("/"),
        io.of(Regex::new("^/a-").expect("a valid pattern")),
        io.of(async |State(_): State<App>| true),
    ];
    for namespace in namespaces {
        let outgoing = outgoing.clone();
        namespace
            .middleware(async |State(_): State<App>| Ok::<_, &str>(()))
            .event_middleware(take)
            .wrap(async |State(_): State<App>, next: Next| next.run().await)
            .on_connect(take)
            .on("event", take)
            .on_any(take)
            .on_any_outgoing(move |_, _, _| outgoing())
            .on_server_event("event", take)
            .on_disconnecting(take)
            .on_disconnect(take)
            .on_rejection(take);
    }
    io.on_new_namespace(|namespace: Namespace<App>| drop(namespace.on("new", take)));
    let captured = captured();
    io.engine()
        .generate_id(async |State(_): State<App>| "an-id".to_owned())
        .on_connection(move |_| captured());
}

#[tokio::test]
async fn a_server_that_refers_to_itself_is_freed_when_closed() {
    let counter = LiveCounter::default();
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let weak = io.downgrade();
    register_everything(&io.with_state(App {
        io: io.clone(),
        held: Arc::new(counter.guard()),
    }));
    let (addr, serving) = serve_until_aborted(layer).await;
    let (mut client, _) = join(addr).await;
    for name in ["/a-b", "/c"] {
        client.send(&format!("40{name},")).await;
        let connect = client.expect(&format!(r#"40{name},{{"sid":"…"}}"#)).await;
        assert!(!id_of(&connect).is_empty());
    }
    client.send(r#"42["event"]"#).await;
    assert_eq!(counter.live(), 1);
    close(&io, &mut client).await;
    eventually("the handlers to be dropped", || counter.live() == 0).await;
    assert!(weak.upgrade().is_some(), "the layer keeps the server");
    serving.abort();
    drop((client, io));
    eventually("the server to be freed", || weak.upgrade().is_none()).await;
}

#[tokio::test]
async fn allow_request_is_freed_when_the_server_is_closed() {
    let counter = LiveCounter::default();
    let held = Arc::new(counter.guard());
    let layer = SocketIoLayer::builder()
        .with_state(held)
        .allow_request(async |State(_): State<Arc<LiveGuard>>| true)
        .build();
    let io = layer.io().with_state(());
    drop(layer);
    assert_eq!(counter.live(), 1);
    within("the shutdown", io.close()).await;
    assert_eq!(counter.live(), 0);
}

/// Closing a server must not remove the handlers of sockets that are leaving.
#[tokio::test]
async fn handlers_are_kept_until_the_last_socket_has_left() {
    let (counter, gate, journal) = (LiveCounter::default(), Gate::closed(), Journal::new());
    let layer = SocketIoLayer::new();
    let io = layer.io();
    {
        let (gate, entered, left) = (gate.clone(), journal.clone(), journal.clone());
        let held = Arc::new(counter.guard());
        io.of("/")
            .on_disconnecting(move || {
                let gate = gate.clone();
                entered.write("leaving");
                async move { gate.pass().await }
            })
            .on_disconnect(move |reason: DisconnectReason| {
                let _ = &held;
                left.write(reason);
                async {}
            });
    }
    let (addr, _serving) = serve_until_aborted(layer).await;
    let (mut client, _) = join(addr).await;
    assert_alive(&mut client).await;
    let closing = tokio::spawn(async move { io.close().await });
    client.expect_close(None).await;
    journal.expect(["leaving"]).await;
    assert_eq!(counter.live(), 1);
    gate.open();
    journal.expect(["server shutting down"]).await;
    within("the shutdown", closing).await.expect("no panic");
    assert_eq!(counter.live(), 0);
}

/// Its connect handler is still starting when all other sockets have left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_that_joins_during_close_runs_its_disconnect_handler() {
    let journal = Journal::new();
    let (resume, waiting) = std::sync::mpsc::channel::<()>();
    let waiting = Arc::new(Mutex::new(waiting));
    let layer = SocketIoLayer::new();
    let io = layer.io();
    let (entered, left) = (journal.clone(), journal.clone());
    io.of("/")
        // Middleware that yields continues in a separate task.
        .middleware(async || {
            tokio::task::yield_now().await;
            Ok::<_, &str>(())
        })
        .on_connect(move || {
            entered.write("joining");
            tokio::task::block_in_place(|| waiting.lock().unwrap().recv().ok());
            async {}
        })
        .on_disconnect(async move |reason: DisconnectReason| left.write(reason));
    let (addr, _serving) = serve_until_aborted(layer).await;
    let mut client = open(addr).await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    journal.expect(["joining"]).await;
    let closing = tokio::spawn(async move { io.close().await });
    client.expect_close(None).await;
    assert!(journal.take().await.is_empty());
    resume.send(()).expect("the handler waits");
    journal.expect(["server shutting down"]).await;
    within("the shutdown", closing).await.expect("no panic");
}

#[tokio::test]
async fn a_weak_handle_does_not_keep_the_server() {
    #[derive(Clone)]
    struct Notifier {
        io: WeakSocketIo,
        _held: Arc<LiveGuard>,
    }

    async fn notify(State(notifier): State<Notifier>) {
        let io = notifier.io.upgrade().expect("the server is running");
        io.emit("notice", &());
    }

    let counter = LiveCounter::default();
    let layer = SocketIoLayer::new();
    let io = layer.io().with_state(7).downgrade();
    let notifier = Notifier {
        io: layer.io().downgrade(),
        _held: Arc::new(counter.guard()),
    };
    layer.io().with_state(notifier).of("/").on("notify", notify);
    let (addr, serving) = serve_until_aborted(layer).await;
    let (mut client, _) = join(addr).await;
    client.send(r#"42["notify"]"#).await;
    client.expect(r#"42["notice"]"#).await;
    let upgraded = io.upgrade().expect("the server is running");
    assert_eq!((*upgraded.state(), upgraded.clients_count()), (7, 1));
    drop((upgraded, client));
    serving.abort();
    eventually("the server to be freed", || io.upgrade().is_none()).await;
    assert_eq!(counter.live(), 0);
}

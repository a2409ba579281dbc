//! Tests the warning about handlers of a namespace that are registered for each client.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use e2e::app::serve;
use e2e::session::{assert_alive, join};
use socketio::{Namespace, Next, Outcome, Regex, Socket, SocketIoLayer};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Metadata, Subscriber};

/// The warnings about repeated handlers that are logged on this thread: method and event.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl Warnings {
    fn record() -> (Self, DefaultGuard) {
        let warnings = Self::default();
        let guard = tracing::subscriber::set_default(warnings.clone());
        (warnings, guard)
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("no panic"))
    }
}

#[derive(Default)]
struct Fields {
    method: String,
    event: String,
    message: String,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "method" => self.method = format!("{value:?}"),
            "event" => self.event = format!(" {value:?}"),
            "message" => self.message = format!("{value:?}"),
            _ => {}
        }
    }
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        if fields.message.contains("registered again") {
            assert!(fields.message.contains("`socket.on`"));
            let warning = format!("{}{}", fields.method, fields.event).replace('"', "");
            self.0.lock().expect("no panic").push(warning);
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

async fn handler() {}

async fn middleware() -> Result<(), &'static str> {
    Ok(())
}

async fn wrap(next: Next) -> Outcome {
    next.run().await
}

fn register_everything(namespace: &Namespace) {
    let namespace = || namespace.clone();
    namespace().on("event", handler);
    namespace().prepend("other", handler);
    namespace().on_any(handler);
    namespace().middleware(middleware);
    namespace().event_middleware(middleware);
    namespace().wrap(wrap);
    namespace().on_connect(handler);
    namespace().on_disconnecting(handler);
    namespace().on_disconnect(handler);
    namespace().on_server_event("load", handler);
    namespace().on_any_outgoing(|_, _, _| ());
}

const ALL: [&str; 11] = [
    "on event",
    "on other",
    "on_any",
    "middleware",
    "event_middleware",
    "wrap",
    "on_connect",
    "on_disconnecting",
    "on_disconnect",
    "on_server_event load",
    "on_any_outgoing",
];

#[tokio::test]
async fn a_function_that_is_registered_again_is_logged_once() {
    let (warnings, _guard) = Warnings::record();
    let io = SocketIoLayer::new().io();
    let pattern = io.of(Regex::new("^/child").expect("a valid pattern"));
    for namespace in [io.of("/"), io.of("/child"), pattern] {
        register_everything(&namespace);
        assert!(warnings.take().is_empty());
        register_everything(&namespace);
        assert_eq!(warnings.take(), ALL);
        register_everything(&namespace);
        assert!(warnings.take().is_empty());
    }
}

/// A closure that captures the socket, as is usual in Node.
#[tokio::test]
async fn handlers_that_a_connect_handler_registers_are_logged_once() {
    let (warnings, _guard) = Warnings::record();
    let layer = SocketIoLayer::new();
    layer.io().of("/").on_connect(async |socket: Socket| {
        let captured = socket.clone();
        socket.namespace().on("event", move || {
            let _ = &captured;
            async {}
        });
        let captured = socket.clone();
        socket.on("event", move || {
            let _ = &captured;
            async {}
        });
    });
    let addr = serve(layer).await;
    let mut clients = Vec::new();
    for warned in [&[][..], &["on event"], &[]] {
        let (mut client, _) = join(addr).await;
        assert_alive(&mut client).await;
        clients.push(client);
        assert_eq!(warnings.take(), warned);
    }
}

#[tokio::test]
async fn other_registrations_are_not_logged() {
    let (warnings, _guard) = Warnings::record();
    let io = SocketIoLayer::new().io();
    let namespace = io.of("/");
    // Another event, another namespace, another closure.
    namespace.clone().on("a", handler).on("b", handler);
    io.of("/other").on("a", handler);
    namespace.clone().on("c", async || {}).on("c", async || {});
    // Closures of one type with different captured values, and pointers to functions.
    for number in 0..2 {
        namespace.clone().on("d", async move || assert!(number < 2));
    }
    let pointers: [fn() -> std::future::Ready<()>; 2] =
        [|| std::future::ready(()), || std::future::ready(())];
    for pointer in pointers {
        namespace.clone().on("e", pointer);
    }
    // Registered again after its removal.
    namespace.remove_listeners("a");
    namespace.clone().on("a", handler);
    assert!(warnings.take().is_empty());
}

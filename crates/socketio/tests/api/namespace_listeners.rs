//! Tests adding and removing listeners of a namespace while clients are connected.

use e2e::session::{assert_alive, join, open};
use socketio::{Reply, SocketIo};

use crate::journaled::{App, server, write, write_to};

#[tokio::test]
async fn namespace_handlers_can_be_removed_by_id_and_by_name() {
    let (addr, app) = server(|namespace| {
        namespace
            .on("a", write("first"))
            .on("a", write("second"))
            .prepend("a", write("before"))
            .on("b", write("b"))
            .on("c", async || Reply("c"))
    })
    .await;
    let namespace = io(&app).of("/");
    let (mut client, _) = join(addr).await;
    assert_eq!(namespace.event_names(), ["a", "b", "c"]);
    let a = namespace.listeners("a");
    assert_eq!((a.len(), namespace.listener_count("a")), (3, 3));
    let second = *a.last().expect("the second handler");
    assert!(namespace.off(second));
    assert!(!namespace.off(second));
    client.send(r#"42["a"]"#).await;
    client.send(r#"42["b"]"#).await;
    app.journal.expect(["before", "first", "b"]).await;
    namespace.remove_listeners("a");
    client.send(r#"42["a"]"#).await;
    client.send(r#"42["b"]"#).await;
    app.journal.expect(["b"]).await;
    assert_eq!(namespace.event_names(), ["b", "c"]);
    namespace.remove_all_listeners();
    client.send(r#"420["c"]"#).await;
    assert_alive(&mut client).await;
    assert!(namespace.event_names().is_empty());
}

#[tokio::test]
async fn catch_all_listeners_can_be_removed() {
    let (addr, app) = server(|namespace| {
        namespace
            .on_any(write("first"))
            .on_any(write("second"))
            .on("a", write("a"))
    })
    .await;
    let namespace = io(&app).of("/");
    let (mut client, _) = join(addr).await;
    client.send(r#"42["a"]"#).await;
    app.journal.expect(["first", "second", "a"]).await;
    let [first, second] = namespace.listeners_any()[..] else {
        panic!("expected two listeners")
    };
    assert!(
        !namespace.off(first),
        "the listener is not an event handler"
    );
    assert!(namespace.off_any(first));
    assert!(!namespace.off_any(first));
    client.send(r#"42["a"]"#).await;
    app.journal.expect(["second", "a"]).await;
    assert_eq!(namespace.listeners_any(), [second]);
    namespace.prepend_any(write_to(&app.journal, "late"));
    client.send(r#"42["a"]"#).await;
    app.journal.expect(["late", "second", "a"]).await;
    io(&app).of("/").off_all_any();
    client.send(r#"42["a"]"#).await;
    app.journal.expect(["a"]).await;
    assert_alive(&mut client).await;
    assert!(app.journal.take().await.is_empty());
}

/// Changes to a pattern apply to its existing and future namespaces.
#[tokio::test]
async fn listeners_of_a_pattern_apply_to_all_its_namespaces() {
    let (addr, app) = server(|namespace| namespace).await;
    let pattern = io(&app)
        .of(async || true)
        .on_any(write_to(&app.journal, "any"))
        .on("event", write_to(&app.journal, "event"));
    let mut client = open(addr).await;
    client.send("40/first,").await;
    client.expect(r#"40/first,{"sid":"…"}"#).await;
    let pattern = pattern
        .event_middleware(write_to(&app.journal, "middleware"))
        .on_any_outgoing({
            let journal = app.journal.clone();
            move |socket, event, _| {
                journal.write(format_args!("{} {event}", socket.namespace().name()));
            }
        });
    client.send("40/second,").await;
    client.expect(r#"40/second,{"sid":"…"}"#).await;
    for name in ["/first", "/second"] {
        client.send(&format!(r#"42{name},["event"]"#)).await;
        app.journal.expect(["any", "middleware", "event"]).await;
    }
    pattern.emit("sent", &());
    client.expect(r#"42/…,["sent"]"#).await;
    client.expect(r#"42/…,["sent"]"#).await;
    let mut sent = app.journal.take().await;
    sent.sort();
    assert_eq!(sent, ["/first sent", "/second sent"]);

    let any = *pattern.listeners_any().first().expect("a listener");
    assert!(pattern.off_any(any));
    pattern.off_all_any_outgoing();
    for name in ["/first", "/second"] {
        client.send(&format!(r#"42{name},["event"]"#)).await;
        app.journal.expect(["middleware", "event"]).await;
    }
    pattern.emit("sent", &());
    client.expect(r#"42/…,["sent"]"#).await;
    client.expect(r#"42/…,["sent"]"#).await;
    assert_eq!(pattern.event_names(), ["event"]);
    assert!(app.journal.take().await.is_empty());
}

fn io(app: &App) -> &SocketIo {
    app.io.as_ref().expect("the server")
}

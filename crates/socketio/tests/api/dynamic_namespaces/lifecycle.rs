//! Tests the creation and removal of dynamic namespaces.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::State;
use e2e::probes::{Journal, LiveCounter};
use e2e::session::{assert_alive, open};
use e2e::sync::{Gate, eventually};
use socketio::extract::{Data, NamespaceName};
use socketio::{Namespace, Reply, SocketIoLayer};

use super::{App, assert_refused, client_in, join, server, server_of, tenants};

#[tokio::test]
async fn on_new_namespace_runs_before_middleware_of_the_first_client() {
    let (addr, io, app) = server().await;
    let journal = app.journal.clone();
    io.on_new_namespace(move |namespace: Namespace<App>| {
        journal.write(format_args!("new {}", namespace.name()));
        let middleware = async |name: NamespaceName, State(journal): State<Journal>| {
            journal.write(format_args!("middleware {name}"));
            if name.ends_with("no") {
                Err("no")
            } else {
                Ok(())
            }
        };
        namespace.middleware(middleware);
    });
    io.of(tenants());
    io.of("/static");
    io.of("/static");
    let mut client = open(addr).await;
    join(&mut client, "/static").await;
    join(&mut client, "/tenant-a").await;
    client.send("40/tenant-no,").await;
    client.expect(r#"44/tenant-no,{"message":"no"}"#).await;
    app.journal
        .expect([
            "new /static",
            "middleware /static",
            "new /tenant-a",
            "middleware /tenant-a",
            "new /tenant-no",
            "middleware /tenant-no",
        ])
        .await;
    let names: BTreeSet<_> = io
        .all_namespaces()
        .iter()
        .map(|namespace| namespace.name().to_owned())
        .collect();
    let expected = ["/", "/static", "/tenant-a", "/tenant-no"];
    assert!(names.iter().eq(expected), "{names:?}");
}

#[tokio::test]
async fn a_panic_in_on_new_namespace_refuses_the_client() {
    let (addr, io, _) = server().await;
    let panics = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&panics);
    io.of(tenants());
    io.on_new_namespace(move |_| {
        assert!(count.fetch_add(1, Ordering::SeqCst) > 0, "on purpose");
    });
    let mut client = open(addr).await;
    client.send("40/tenant-a,").await;
    let internal = r#"44/tenant-a,{"message":"Internal Server Error","data":{"status":500}}"#;
    client.expect(internal).await;
    // The namespace is created again, now without a panic.
    join(&mut client, "/tenant-a").await;
    assert_eq!(panics.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn concurrent_clients_create_one_namespace() {
    let (addr, io, app) = server().await;
    let created = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&created);
    io.on_new_namespace(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
    });
    io.of(
        async |State(gate): State<Gate>, State(journal): State<Journal>| {
            journal.write("deciding");
            gate.pass().await;
            true
        },
    );
    let mut clients = Vec::new();
    for _ in 0..8 {
        let mut client = open(addr).await;
        client.send("40/same,").await;
        clients.push(client);
    }
    app.journal.expect(["deciding"; 8]).await;
    app.gate.open();
    for client in &mut clients {
        client.expect(r#"40/same,{"sid":"…"}"#).await;
    }
    assert_eq!(created.load(Ordering::SeqCst), 1);
    assert_eq!(io.namespace("/same").unwrap().sockets().len(), 8);
}

#[tokio::test]
async fn empty_children_are_kept_by_default() {
    let (addr, io, _) = server().await;
    io.of(tenants());
    let mut client = open(addr).await;
    join(&mut client, "/tenant-a").await;
    client.send("41/tenant-a,").await;
    assert_alive(&mut client).await;
    assert!(io.namespace("/tenant-a").is_some());
}

#[tokio::test]
async fn an_empty_child_is_removed_after_any_kind_of_leave() {
    let builder = SocketIoLayer::builder().cleanup_empty_child_namespaces(true);
    let (addr, io, app) = server_of(builder).await;
    let record = async |name: NamespaceName, State(app): State<App>| {
        app.journal.write(format_args!("left {name}"));
        app.gate.pass().await;
    };
    let pattern = io
        .of(tenants())
        .middleware(async |name: NamespaceName| {
            if name.ends_with("no") {
                Err("no")
            } else {
                Ok(())
            }
        })
        .on_disconnect(record);
    let mut client = open(addr).await;
    client.send("40/tenant-no,").await;
    client.expect(r#"44/tenant-no,{"message":"no"}"#).await;
    eventually("the namespace of the refused client to be removed", || {
        io.namespace("/tenant-no").is_none()
    })
    .await;

    join(&mut client, "/tenant-a").await;
    let (mut other, _) = client_in(addr, "/tenant-a").await;
    client.send("41/tenant-a,").await;
    app.journal.expect(["left /tenant-a"]).await;
    app.gate.admit(1);
    assert_alive(&mut client).await;
    assert!(
        io.namespace("/tenant-a").is_some(),
        "a socket is still connected"
    );
    // Disconnect handlers can still access their namespace.
    other.send("41/tenant-a,").await;
    app.journal.expect(["left /tenant-a"]).await;
    assert!(io.namespace("/tenant-a").is_some());
    app.gate.open();
    eventually("the empty namespace to be removed", || {
        pattern.children().is_empty()
    })
    .await;
    assert!(io.namespace("/tenant-a").is_none());

    // The namespace can be created again and is removed with the connection too.
    join(&mut client, "/tenant-a").await;
    drop(client);
    app.journal.expect(["left /tenant-a"]).await;
    eventually("the namespace to be removed again", || {
        pattern.children().is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_child_with_its_own_handlers_is_kept() {
    let builder = SocketIoLayer::builder().cleanup_empty_child_namespaces(true);
    let (addr, io, _) = server_of(builder).await;
    io.of(tenants());
    io.of("/tenant-a").on("mine", async || Reply(1));
    let mut client = open(addr).await;
    for _ in 0..2 {
        join(&mut client, "/tenant-a").await;
        client.send(r#"42/tenant-a,1["mine"]"#).await;
        client.expect("43/tenant-a,1[1]").await;
        client.send("41/tenant-a,").await;
        assert_alive(&mut client).await;
    }
    assert!(io.namespace("/tenant-a").is_some());
}

/// Listeners that hold the namespace do not prevent its removal.
#[tokio::test]
async fn children_whose_listeners_hold_them_are_freed() {
    let builder = SocketIoLayer::builder().cleanup_empty_child_namespaces(true);
    let (addr, io, _) = server_of(builder).await;
    let counter = LiveCounter::default();
    let counting = counter.clone();
    io.on_new_namespace(move |namespace: Namespace<App>| {
        let held = Arc::new((namespace.clone(), counting.guard()));
        let (outgoing, event) = (Arc::clone(&held), held);
        namespace
            .on_any_outgoing(move |_, _, _| {
                let _ = &outgoing;
            })
            .on("event", move || {
                let _ = &event;
                async {}
            });
    });
    io.of(tenants());
    let mut client = open(addr).await;
    for _ in 0..3 {
        join(&mut client, "/tenant-a").await;
        assert_eq!(counter.live(), 1);
        let child = io.namespace("/tenant-a").unwrap();
        child.emit("sent", &());
        drop(child);
        client.expect(r#"42/tenant-a,["sent"]"#).await;
        client.send("41/tenant-a,").await;
        eventually("the listeners to be dropped", || counter.live() == 0).await;
        assert!(io.namespace("/tenant-a").is_none());
    }
}

#[tokio::test]
async fn removing_handlers_does_not_keep_a_child() {
    let builder = SocketIoLayer::builder().cleanup_empty_child_namespaces(true);
    let (addr, io, _) = server_of(builder).await;
    io.of(tenants()).on("event", async || {});
    let mut client = open(addr).await;
    join(&mut client, "/tenant-a").await;
    let child = io.namespace("/tenant-a").expect("the namespace exists");
    let event = *child.listeners("event").first().expect("a listener");
    assert!(child.off(event));
    assert!(!child.off(event));
    assert!(!child.off_any(event) && !child.off_any_outgoing(event));
    child.off_all_any();
    child.off_all_any_outgoing();
    child.remove_listeners("event");
    child.remove_all_listeners();
    client.send("41/tenant-a,").await;
    eventually("the empty namespace to be removed", || {
        io.namespace("/tenant-a").is_none()
    })
    .await;
    // The namespace has been removed, so there is no listener.
    assert!(!child.off(event));
}

#[tokio::test]
async fn a_pattern_removes_a_handler_from_any_child() {
    let (addr, io, _) = server().await;
    let pattern = io.of(tenants());
    let mut client = open(addr).await;
    let names = ["/tenant-a", "/tenant-b", "/tenant-c", "/tenant-d"];
    for name in names {
        join(&mut client, name).await;
    }
    // Each child in turn has the only listener, so the order of the children must not matter.
    for name in names {
        let child = io.of(name);
        let child = child
            .on("event", async || {})
            .on_any(async || {})
            .on_any_outgoing(|_, _, _| ());
        let event = *child.listeners("event").first().expect("a listener");
        assert!(pattern.off(event), "{name}");
        assert!(!pattern.off(event));
        let any = *child.listeners_any().first().expect("a listener");
        assert!(pattern.off_any(any), "{name}");
        let outgoing = *child.listeners_any_outgoing().first().expect("a listener");
        assert!(pattern.off_any_outgoing(outgoing), "{name}");
        assert!(child.event_names().is_empty() && child.listeners_any().is_empty());
    }
}

#[tokio::test]
async fn a_missing_slash_is_added_to_every_name() {
    let (addr, io, _) = server().await;
    io.of(tenants());
    let mut client = open(addr).await;
    let id = join(&mut client, "/tenant-a").await;
    let child = io.namespace("tenant-a").expect("the namespace exists");
    assert_eq!(child.name(), "/tenant-a");
    assert!(io.namespace("tenant-b").is_none());
    let handle = child.socket(&id).expect("the socket").client();
    assert_eq!(handle.socket("tenant-a"), handle.socket("/tenant-a"));
    assert!(handle.socket("tenant-a").is_some());
    assert!(handle.socket("tenant-b").is_none());
}

#[tokio::test]
async fn the_number_of_dynamic_namespaces_is_limited() {
    let builder = SocketIoLayer::builder()
        .cleanup_empty_child_namespaces(true)
        .max_dynamic_namespaces(2);
    let (addr, io, _) = server_of(builder).await;
    io.of(tenants());
    let mut client = open(addr).await;
    join(&mut client, "/tenant-a").await;
    join(&mut client, "/tenant-b").await;
    client.send("40/tenant-c,").await;
    client
        .expect(r#"44/tenant-c,{"message":"too many namespaces"}"#)
        .await;
    // Existing namespaces can be joined, and a removed one frees a slot.
    client_in(addr, "/tenant-b").await;
    client.send("41/tenant-a,").await;
    eventually("the namespace to be removed", || {
        io.namespace("/tenant-a").is_none()
    })
    .await;
    join(&mut client, "/tenant-c").await;
}

#[tokio::test]
async fn a_namespace_can_be_added_while_the_server_runs() {
    let (addr, io, _) = server().await;
    let mut client = open(addr).await;
    assert_refused(&mut client, "/later").await;
    let later = io.of("later");
    join(&mut client, "/later").await;
    later.on("hello", async |Data(name): Data<String>| Reply(name));
    client.send(r#"42/later,1["hello","ada"]"#).await;
    client.expect(r#"43/later,1["ada"]"#).await;
}

/// A client that disconnects during the decision leaves no namespace.
#[tokio::test]
async fn a_client_that_disconnects_during_the_decision_creates_no_namespace() {
    let builder = SocketIoLayer::builder().cleanup_empty_child_namespaces(true);
    let (addr, io, app) = server_of(builder).await;
    let pattern = io.of(async |name: NamespaceName, State(app): State<App>| {
        if name.as_str() != "/x" {
            return false;
        }
        app.journal.write("deciding");
        app.gate.pass().await;
        true
    });
    let mut client = open(addr).await;
    client.send("40/x,").await;
    app.journal.expect(["deciding"]).await;
    drop(client);
    eventually("the connection to close", || io.clients_count() == 0).await;
    app.gate.open();
    e2e::session::settle(addr).await;
    assert!(pattern.children().is_empty());
}

/// Guards against removing a namespace while the application adds handlers. The next client would
/// join it without its middleware.
#[tokio::test]
async fn a_child_that_the_application_requested_is_kept() {
    let builder = SocketIoLayer::builder().cleanup_empty_child_namespaces(true);
    let (addr, io, _) = server_of(builder).await;
    io.of(tenants());
    let mut client = open(addr).await;
    join(&mut client, "/tenant-a").await;
    join(&mut client, "/tenant-b").await;
    let requested = io.of("/tenant-a");
    client.send("41/tenant-a,").await;
    client.send("41/tenant-b,").await;
    eventually("the other namespace to be removed", || {
        io.namespace("/tenant-b").is_none()
    })
    .await;
    requested.middleware(async || Err::<(), _>("closed"));
    client.send("40/tenant-a,").await;
    client.expect(r#"44/tenant-a,{"message":"closed"}"#).await;
}

//! How namespaces come and go that are made for clients.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::State;
use e2e::probes::{Journal, LiveCounter};
use e2e::session::{assert_alive, open};
use e2e::sync::{Gate, eventually};
use socketio::extract::{Data, NamespaceName};
use socketio::{Namespace, Reply, SocketIoLayer};

use super::{App, client_in, join, refused, server, server_of, tenants};

#[tokio::test]
async fn new_namespaces_are_announced_before_the_first_client_is_asked() {
    let (addr, io, app) = server().await;
    let journal = app.journal.clone();
    io.on_new_namespace(move |namespace: Namespace<App>| {
        journal.write(format_args!("new {}", namespace.name()));
        let asked = async |name: NamespaceName, State(journal): State<Journal>| {
            journal.write(format_args!("asked {name}"));
            if name.ends_with("no") {
                Err("no")
            } else {
                Ok(())
            }
        };
        namespace.middleware(asked);
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
            "asked /static",
            "new /tenant-a",
            "asked /tenant-a",
            "new /tenant-no",
            "asked /tenant-no",
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
async fn nobody_joins_a_namespace_whose_announcement_failed() {
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
    // It is made anew, and this time all goes well.
    join(&mut client, "/tenant-a").await;
    assert_eq!(panics.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn clients_that_ask_at_once_get_one_namespace() {
    let (addr, io, app) = server().await;
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
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
    assert_eq!(made.load(Ordering::SeqCst), 1);
    assert_eq!(io.namespace("/same").unwrap().sockets().len(), 8);
}

#[tokio::test]
async fn empty_children_stay_unless_they_are_to_be_removed() {
    let (addr, io, _) = server().await;
    io.of(tenants());
    let mut client = open(addr).await;
    join(&mut client, "/tenant-a").await;
    client.send("41/tenant-a,").await;
    assert_alive(&mut client).await;
    assert!(io.namespace("/tenant-a").is_some());
}

#[tokio::test]
async fn an_empty_child_is_removed_whatever_has_emptied_it() {
    let builder = SocketIoLayer::builder().cleanup_empty_child_namespaces(true);
    let (addr, io, app) = server_of(builder).await;
    let left = async |name: NamespaceName, State(app): State<App>| {
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
        .on_disconnect(left);
    let mut client = open(addr).await;
    client.send("40/tenant-no,").await;
    client.expect(r#"44/tenant-no,{"message":"no"}"#).await;
    eventually("the refused client's namespace to go", || {
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
        "somebody is still there"
    );
    // While the disconnect handlers run, they can reach their namespace.
    other.send("41/tenant-a,").await;
    app.journal.expect(["left /tenant-a"]).await;
    assert!(io.namespace("/tenant-a").is_some());
    app.gate.open();
    eventually("the empty namespace to go", || {
        pattern.children().is_empty()
    })
    .await;
    assert!(io.namespace("/tenant-a").is_none());

    // It can be made again, and goes with the connection as well.
    join(&mut client, "/tenant-a").await;
    drop(client);
    app.journal.expect(["left /tenant-a"]).await;
    eventually("it to go again", || pattern.children().is_empty()).await;
}

#[tokio::test]
async fn a_child_with_handlers_of_its_own_stays() {
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

/// The namespace is known to what listens in it, and goes nevertheless.
#[tokio::test]
async fn nothing_remains_of_children_whose_listeners_hold_them() {
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
        eventually("nothing of the namespace", || counter.live() == 0).await;
        assert!(io.namespace("/tenant-a").is_none());
    }
}

#[tokio::test]
async fn taking_handlers_out_keeps_no_child() {
    let builder = SocketIoLayer::builder().cleanup_empty_child_namespaces(true);
    let (addr, io, _) = server_of(builder).await;
    io.of(tenants()).on("event", async || {});
    let mut client = open(addr).await;
    join(&mut client, "/tenant-a").await;
    let child = io.namespace("/tenant-a").expect("it is there");
    let event = *child.listeners("event").first().expect("one");
    assert!(child.off(event));
    assert!(!child.off(event));
    assert!(!child.off_any(event) && !child.off_any_outgoing(event));
    child.off_all_any();
    child.off_all_any_outgoing();
    child.remove_listeners("event");
    child.remove_all_listeners();
    client.send("41/tenant-a,").await;
    eventually("the empty namespace to go", || {
        io.namespace("/tenant-a").is_none()
    })
    .await;
    // Nobody is there to take anything out of.
    assert!(!child.off(event));
}

#[tokio::test]
async fn a_handler_is_taken_out_of_a_pattern_if_any_child_has_it() {
    let (addr, io, _) = server().await;
    let pattern = io.of(tenants());
    let mut client = open(addr).await;
    let names = ["/tenant-a", "/tenant-b", "/tenant-c", "/tenant-d"];
    for name in names {
        join(&mut client, name).await;
    }
    // One child has each, whatever the order in which the children are asked.
    for name in names {
        let child = io.of(name);
        let child = child
            .on("event", async || {})
            .on_any(async || {})
            .on_any_outgoing(|_, _, _| ());
        let event = *child.listeners("event").first().expect("one");
        assert!(pattern.off(event), "{name}");
        assert!(!pattern.off(event));
        let any = *child.listeners_any().first().expect("one");
        assert!(pattern.off_any(any), "{name}");
        let outgoing = *child.listeners_any_outgoing().first().expect("one");
        assert!(pattern.off_any_outgoing(outgoing), "{name}");
        assert!(child.event_names().is_empty() && child.listeners_any().is_empty());
    }
}

#[tokio::test]
async fn a_missing_slash_is_put_in_front_of_every_name() {
    let (addr, io, _) = server().await;
    io.of(tenants());
    let mut client = open(addr).await;
    let id = join(&mut client, "/tenant-a").await;
    let child = io.namespace("tenant-a").expect("it is there");
    assert_eq!(child.name(), "/tenant-a");
    assert!(io.namespace("tenant-b").is_none());
    let handle = child.socket(&id).expect("the socket").client();
    assert_eq!(handle.socket("tenant-a"), handle.socket("/tenant-a"));
    assert!(handle.socket("tenant-a").is_some());
    assert!(handle.socket("tenant-b").is_none());
}

#[tokio::test]
async fn clients_have_a_bounded_number_of_namespaces_made() {
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
    // Those that are there can be joined, and one that goes makes room.
    client_in(addr, "/tenant-b").await;
    client.send("41/tenant-a,").await;
    eventually("room for another", || io.namespace("/tenant-a").is_none()).await;
    join(&mut client, "/tenant-c").await;
}

#[tokio::test]
async fn a_namespace_can_be_made_while_the_server_runs() {
    let (addr, io, _) = server().await;
    let mut client = open(addr).await;
    refused(&mut client, "/later").await;
    let later = io.of("later");
    join(&mut client, "/later").await;
    later.on("hello", async |Data(name): Data<String>| Reply(name));
    client.send(r#"42/later,1["hello","ada"]"#).await;
    client.expect(r#"43/later,1["ada"]"#).await;
}

/// A client that goes while it is being decided about leaves nothing.
#[tokio::test]
async fn a_client_that_goes_while_a_function_decides_gets_no_namespace() {
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
    eventually("the connection to go", || io.clients_count() == 0).await;
    app.gate.open();
    e2e::session::settle(addr).await;
    assert!(pattern.children().is_empty());
}

/// Guards against handlers that are added to a namespace which is removed between two of them: the
/// next client would get one without its middleware.
#[tokio::test]
async fn a_child_that_the_application_asks_for_stays() {
    let builder = SocketIoLayer::builder().cleanup_empty_child_namespaces(true);
    let (addr, io, _) = server_of(builder).await;
    io.of(tenants());
    let mut client = open(addr).await;
    join(&mut client, "/tenant-a").await;
    join(&mut client, "/tenant-b").await;
    let asked_for = io.of("/tenant-a");
    client.send("41/tenant-a,").await;
    client.send("41/tenant-b,").await;
    eventually("the other to go", || io.namespace("/tenant-b").is_none()).await;
    asked_for.middleware(async || Err::<(), _>("closed"));
    client.send("40/tenant-a,").await;
    client.expect(r#"44/tenant-a,{"message":"closed"}"#).await;
}

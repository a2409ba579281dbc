//! Tests which names match patterns, and which handlers serve the dynamic namespaces.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use e2e::probes::Journal;
use e2e::session::{WEBSOCKET, assert_alive, open};
use serde::Deserialize;
use serde_json::json;
use socketio::extract::{Auth, Captures, Data, NamespaceName};
use socketio::{Handshake, Namespace, Regex, Reply, Socket, SocketIo};
use socketio_testing::WsClient;

use super::{assert_refused, client_in, join, server, tenants};

#[derive(Deserialize)]
struct Place {
    tenant: String,
    floor: Option<u32>,
}

#[tokio::test]
async fn a_matching_name_creates_a_namespace() {
    let (addr, io, app) = server().await;
    io.of(tenants())
        .on_connect(
            async |namespace: Namespace,
                   Captures(place): Captures<Place>,
                   State(journal): State<Journal>| {
                let floor = place.floor.unwrap_or_default();
                journal.write(format_args!(
                    "{} {} {floor}",
                    namespace.name(),
                    place.tenant
                ));
            },
        )
        .on("where", async |name: NamespaceName| {
            Reply(name.as_str().to_owned())
        });
    let mut client = open(addr).await;
    assert_refused(&mut client, "/tenant-").await;
    assert_refused(&mut client, "/a/tenant-a").await;
    assert!(io.namespace("/tenant-acme").is_none());
    join(&mut client, "/tenant-acme").await;
    join(&mut client, "/tenant-globex-7").await;
    app.journal
        .expect(["/tenant-acme acme 0", "/tenant-globex-7 globex 7"])
        .await;
    client.send(r#"42/tenant-acme,1["where"]"#).await;
    client.expect(r#"43/tenant-acme,1["/tenant-acme"]"#).await;
    assert_eq!(io.namespace("/tenant-acme").unwrap().sockets().len(), 1);
}

/// JavaScript's classes are ASCII.
#[tokio::test]
async fn character_classes_are_ascii() {
    let (addr, io, _app) = server().await;
    io.of(Regex::new(r"^/dyn-\w+$").expect("a valid pattern"))
        .on_connect(async |_: Socket| {});
    let mut client = open(addr).await;
    assert_refused(&mut client, "/dyn-é").await;
    join(&mut client, "/dyn-e_1").await;
}

#[tokio::test]
async fn a_failed_capture_refuses_the_client() {
    #[derive(Deserialize)]
    struct Floor {
        floor: u8,
    }

    let (addr, io, _) = server().await;
    io.of(tenants()).middleware(
        async |Captures(Floor { floor }): Captures<Floor>| {
            if floor > 9 { Err("too high") } else { Ok(()) }
        },
    );
    let mut client = open(addr).await;
    join(&mut client, "/tenant-a-9").await;
    for (namespace, answer) in [
        ("/tenant-a-10", r#"{"message":"too high"}"#),
        (
            "/tenant-a-256",
            r#"{"message":"Not Found","data":{"status":404}}"#,
        ),
        (
            "/tenant-a",
            r#"{"message":"Not Found","data":{"status":404}}"#,
        ),
    ] {
        client.send(&format!("40{namespace},")).await;
        client.expect(&format!("44{namespace},{answer}")).await;
    }
}

#[tokio::test]
async fn a_function_can_use_all_extractors() {
    #[derive(Deserialize)]
    struct Login {
        token: String,
    }

    #[derive(Deserialize)]
    struct Version {
        v: u32,
    }

    let (addr, io, app) = server().await;
    io.of(
        async |name: NamespaceName,
               Auth(login): Auth<Login>,
               Query(version): Query<Version>,
               handshake: Arc<Handshake>,
               server: SocketIo,
               State(journal): State<Journal>| {
            journal.write(format_args!(
                "{name} {} {} {} {}",
                login.token,
                version.v,
                handshake.uri().path(),
                server.clients_count(),
            ));
            tokio::task::yield_now().await;
            match login.token.as_str() {
                "in" => Ok(true),
                "out" => Ok(false),
                _ => Err("unknown token"),
            }
        },
    );
    let mut client = WsClient::connect(addr, &format!("{WEBSOCKET}&v=3")).await;
    client.expect("0{…}").await;
    for token in ["out", "other"] {
        let connect = json!({ "token": token });
        client.send(&format!("40/x,{connect}")).await;
        client
            .expect(r#"44/x,{"message":"Invalid namespace"}"#)
            .await;
    }
    // A failed extractor refuses the client too.
    assert_refused(&mut client, "/x").await;
    client.send(r#"40/x,{"token":"in"}"#).await;
    client.expect(r#"40/x,{"sid":"…"}"#).await;
    for token in ["out", "other", "in"] {
        let entry = format!("/x {token} 3 /socket.io/ 1");
        app.journal.expect([entry]).await;
    }
}

#[tokio::test]
async fn a_panicking_function_does_not_match() {
    let (addr, io, _) = server().await;
    io.of(async |name: NamespaceName| {
        assert!(!name.contains("panic"), "on purpose");
        false
    });
    let mut client = open(addr).await;
    assert_refused(&mut client, "/panic").await;
    io.of(Regex::new("^/panic$").unwrap());
    join(&mut client, "/panic").await;
    assert_alive(&mut client).await;
}

#[cfg(feature = "regex")]
#[tokio::test]
async fn patterns_of_both_regex_crates_create_namespaces() {
    use std::collections::BTreeMap;

    let (addr, io, app) = server().await;
    async fn record(
        State(journal): State<Journal>,
        Captures(groups): Captures<BTreeMap<u8, String>>,
    ) {
        journal.write(&groups[&1]);
    }
    io.of(Regex::new(r"^/lite-(\w+)$").unwrap())
        .on_connect(record);
    io.of(regex::Regex::new(r"^/full-(\w+)$").unwrap())
        .on_connect(record);
    let mut client = open(addr).await;
    join(&mut client, "/lite-grosse").await;
    // `\w` is ASCII as in JavaScript, except for patterns of the crate `regex`.
    assert_refused(&mut client, "/lite-größe").await;
    join(&mut client, "/full-größe").await;
    app.journal.expect(["grosse", "größe"]).await;
}

#[tokio::test]
async fn existing_namespaces_precede_patterns_in_order() {
    let (addr, io, app) = server().await;
    let record = |what: &'static str| {
        async move |name: NamespaceName, State(journal): State<Journal>| {
            journal.write(format_args!("{what} {name}"));
        }
    };
    io.of(Regex::new("^/[ab]$").unwrap())
        .on_connect(record("first"));
    io.of(Regex::new("^/[abc]$").unwrap())
        .on_connect(record("second"));
    // As in Node, a namespace whose name matches a pattern becomes its child.
    io.of("/b").on_connect(record("by name"));
    io.of("/d").on_connect(record("alone"));
    let mut client = open(addr).await;
    for namespace in ["/a", "/b", "/c", "/d"] {
        join(&mut client, namespace).await;
    }
    let expected = [
        "first /a",
        "first /b",
        "by name /b",
        "second /c",
        "alone /d",
    ];
    app.journal.expect(expected).await;
}

#[tokio::test]
async fn handlers_of_a_pattern_serve_existing_children() {
    let (addr, io, app) = server().await;
    let pattern = io.of(tenants());
    let (mut client, _) = client_in(addr, "/tenant-a").await;
    let refuse = async |State(journal): State<Journal>| {
        journal.write("middleware");
        Err::<(), _>("closed")
    };
    let pattern = pattern
        .on("late", async |Data(n): Data<u32>| Reply(n + 1))
        .middleware(refuse);
    assert!(pattern.is_pattern());
    client.send(r#"42/tenant-a,1["late",1]"#).await;
    client.expect("43/tenant-a,1[2]").await;
    for namespace in ["/tenant-a", "/tenant-b"] {
        let mut other = open(addr).await;
        other.send(&format!("40{namespace},")).await;
        other
            .expect(&format!(r#"44{namespace},{{"message":"closed"}}"#))
            .await;
    }
    app.journal.expect(["middleware", "middleware"]).await;
}

#[tokio::test]
async fn operations_on_a_pattern_apply_to_all_children() {
    let (addr, io, _) = server().await;
    let pattern = io
        .of(tenants())
        .on("join", async |socket: Socket, Data(room): Data<String>| {
            socket.join(room);
            Reply(())
        });
    let mut clients = Vec::new();
    for name in ["a", "a", "b"] {
        let namespace = format!("/tenant-{name}");
        let (client, id) = client_in(addr, &namespace).await;
        clients.push((client, namespace, id));
    }
    let (mut main, _) = e2e::session::join(addr).await;

    pattern.emit("all", &1);
    for (client, namespace, _) in &mut clients {
        client.expect(&format!(r#"42{namespace},["all",1]"#)).await;
    }
    for index in [0, 2] {
        let (client, namespace, _) = &mut clients[index];
        client
            .send(&format!(r#"42{namespace},1["join","r"]"#))
            .await;
        client.expect(&format!("43{namespace},1[]")).await;
    }
    pattern.to("r").emit("some", "");
    pattern.except("r").emit("others", "");
    for (index, event) in ["some", "others", "some"].into_iter().enumerate() {
        let (client, namespace, _) = &mut clients[index];
        client
            .expect(&format!(r#"42{namespace},["{event}",""]"#))
            .await;
    }

    let answers = pattern
        .timeout(Duration::from_secs(5))
        .emit_with_ack::<usize>("count", "");
    for (index, (client, namespace, _)) in clients.iter_mut().enumerate() {
        let question = client
            .expect(&format!(r#"42{namespace},…["count",""]"#))
            .await;
        let id: String = question[namespace.len() + 3..]
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        client.send(&format!("43{namespace},{id}[{index}]")).await;
    }
    let mut answers = answers.all().await.unwrap();
    answers.sort_unstable();
    assert_eq!(answers, [0, 1, 2]);

    let ids = |sockets: Vec<Socket>| -> BTreeSet<String> {
        sockets
            .iter()
            .map(|socket| socket.id().to_string())
            .collect()
    };
    let expected: BTreeSet<_> = clients.iter().map(|(.., id)| id.clone()).collect();
    assert_eq!(ids(pattern.sockets()), expected);
    assert_eq!(pattern.children().len(), 2);
    let (.., last) = &clients[2];
    assert_eq!(
        pattern.socket(last).unwrap().namespace().name(),
        "/tenant-b"
    );

    pattern.to("r").disconnect_sockets();
    for index in [0, 2] {
        let (client, namespace, _) = &mut clients[index];
        client.expect(&format!("41{namespace},")).await;
    }
    assert_eq!(pattern.sockets().len(), 1);
    // The main namespace is not a child of the pattern.
    assert_alive(&mut main).await;
}

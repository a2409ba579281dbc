//! Two isolated tenants.

use std::net::SocketAddr;

use socketio_testing::{Program, Request, WsClient};

/// Asks to join a tenant, without waiting for the answer.
async fn ask(addr: SocketAddr, tenant: &str, key: &str) -> WsClient {
    let mut client = WsClient::connect(addr, "/socket.io/?EIO=4&transport=websocket").await;
    client.expect("0{…}").await;
    let connect = format!(r#"40/tenant-{tenant},{{"key":"{key}"}}"#);
    client.send(&connect).await;
    client
}

async fn join(addr: SocketAddr, tenant: &str) -> WsClient {
    let mut client = ask(addr, tenant, &format!("{tenant}-key")).await;
    let connected = format!(r#"40/tenant-{tenant},{{"sid":"…"}}"#);
    client.expect(&connected).await;
    let orders = format!(r#"42/tenant-{tenant},["orders",[…]]"#);
    client.expect(&orders).await;
    client
}

async fn expect_active(addr: SocketAddr, tenants: &str) {
    Request::get("/tenants")
        .send(addr)
        .await
        .assert(200, tenants);
}

fn start() -> Program {
    Program::start(env!("CARGO_BIN_EXE_example-tenants"))
}

#[tokio::test]
async fn orders_stay_with_their_tenant() {
    let program = start();
    let addr = program.addr();
    let mut waiter = join(addr, "acme").await;
    let mut cook = join(addr, "acme").await;
    let mut other = join(addr, "globex").await;

    waiter.send(r#"42/tenant-acme,1["order","soup"]"#).await;
    waiter.expect(r#"42/tenant-acme,["ordered","soup"]"#).await;
    waiter.expect("43/tenant-acme,1[1]").await;
    cook.expect(r#"42/tenant-acme,["ordered","soup"]"#).await;
    // The other tenant receives only the announcement.
    let announcement = Request::post("/announcements", "We close at ten");
    announcement.send(addr).await.assert(200, "");
    for (client, tenant) in [(&mut cook, "acme"), (&mut other, "globex")] {
        let announced = format!(r#"42/tenant-{tenant},["announcement","We close at ten"]"#);
        client.expect(&announced).await;
    }

    // A later client receives the existing orders.
    let mut late = ask(addr, "acme", "acme-key").await;
    late.expect(r#"40/tenant-acme,{"sid":"…"}"#).await;
    late.expect(r#"42/tenant-acme,["orders",["soup"]]"#).await;
}

#[tokio::test]
async fn a_tenant_is_active_while_it_has_clients() {
    let program = start();
    let addr = program.addr();
    expect_active(addr, "[]").await;
    let mut first = join(addr, "acme").await;
    let mut second = join(addr, "acme").await;
    expect_active(addr, r#"[{"namespace":"/tenant-acme","clients":2}]"#).await;
    for client in [&mut first, &mut second] {
        client.send("41/tenant-acme,").await;
        // The answer to this packet shows that the previous one was handled.
        client.send("40/nowhere").await;
        client.expect("44/nowhere,…").await;
    }
    expect_active(addr, "[]").await;
}

#[tokio::test]
async fn clients_need_the_key_of_their_tenant() {
    let program = start();
    let addr = program.addr();
    for (tenant, key) in [("acme", "globex-key"), ("nobody", "acme-key"), ("acme", "")] {
        let mut client = ask(addr, tenant, key).await;
        let refused = format!(r#"44/tenant-{tenant},{{"message":"Unknown tenant or key."}}"#);
        client.expect(&refused).await;
    }
    // Names that do not match the pattern are invalid namespaces.
    for tenant in ["Acme", "a1", "acme/x", ""] {
        let mut client = ask(addr, tenant, "acme-key").await;
        let refused = format!(r#"44/tenant-{tenant},{{"message":"Invalid namespace"}}"#);
        client.expect(&refused).await;
    }
    expect_active(addr, "[]").await;
}

#[tokio::test]
async fn the_clients_of_a_removed_tenant_are_disconnected() {
    let program = start();
    let addr = program.addr();
    let mut client = join(addr, "acme").await;
    let mut other = join(addr, "globex").await;
    let end = Request::new("DELETE", "/tenants/acme");
    end.send(addr).await.assert(200, "");
    client.expect(r#"42/tenant-acme,["goodbye"]"#).await;
    client.expect("41/tenant-acme,").await;
    end.send(addr).await.assert(404, "");
    client.send(r#"40/tenant-acme,{"key":"acme-key"}"#).await;
    client.expect("44/tenant-acme,{…}").await;
    other.send(r#"42/tenant-globex,1["order","tea"]"#).await;
    other.expect(r#"42/tenant-globex,["ordered","tea"]"#).await;
}

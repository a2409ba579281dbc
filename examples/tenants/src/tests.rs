//! Two isolated tenants.

use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use socketio_test::{ConnectRefused, TestClient, TestServer};

async fn log_in(
    server: &TestServer,
    tenant: &str,
    key: &str,
) -> Result<TestClient, ConnectRefused> {
    let client = server.client().namespace(&format!("/tenant-{tenant}"));
    client.auth(json!({ "key": key })).connect().await
}

/// Connects a client, and returns the existing orders too.
async fn join(server: &TestServer, tenant: &str) -> (TestClient, Vec<String>) {
    let client = log_in(server, tenant, &format!("{tenant}-key")).await;
    let client = client.expect("the key of the tenant");
    let orders = client.event("orders").await;
    (client, orders)
}

async fn active(server: &TestServer) -> Value {
    server.get("/tenants").await.json()
}

async fn remove(server: &TestServer, tenant: &str) -> StatusCode {
    let request = Request::delete(format!("/tenants/{tenant}")).body("");
    server.request(request.expect("a request")).await.status()
}

fn serve() -> TestServer {
    TestServer::new(crate::app().expect("a valid pattern"))
}

#[tokio::test(start_paused = true)]
async fn orders_stay_with_their_tenant() {
    let server = serve();
    let (waiter, _) = join(&server, "acme").await;
    let (cook, _) = join(&server, "acme").await;
    let (other, _) = join(&server, "globex").await;

    let count: usize = waiter.emit_with_ack("order", "soup").await;
    assert_eq!(count, 1);
    for client in [&waiter, &cook] {
        let ordered: String = client.event("ordered").await;
        assert_eq!(ordered, "soup");
    }
    // The other tenant receives only the announcement.
    let announced = server.post("/announcements", "We close at ten").await;
    assert_eq!(announced.status(), StatusCode::OK);
    let received: String = cook.event("announcement").await;
    assert_eq!(received, "We close at ten");
    let received = other.received().await;
    let names: Vec<_> = received.iter().map(|event| event.name()).collect();
    assert_eq!(names, ["announcement"]);

    // A later client receives the existing orders.
    let (_late, orders) = join(&server, "acme").await;
    assert_eq!(orders, ["soup"]);
}

#[tokio::test(start_paused = true)]
async fn a_tenant_is_active_while_it_has_clients() {
    let server = serve();
    assert_eq!(active(&server).await, json!([]));
    let (first, _) = join(&server, "acme").await;
    let (second, _) = join(&server, "acme").await;
    let acme = json!([{ "namespace": "/tenant-acme", "clients": 2 }]);
    assert_eq!(active(&server).await, acme);
    first.disconnect().await;
    second.disconnect().await;
    assert_eq!(active(&server).await, json!([]));
}

#[tokio::test(start_paused = true)]
async fn clients_need_the_key_of_their_tenant() {
    let server = serve();
    for (tenant, key) in [("acme", "globex-key"), ("nobody", "acme-key"), ("acme", "")] {
        let refused = log_in(&server, tenant, key).await.unwrap_err();
        assert_eq!(refused.message(), "Unknown tenant or key.");
    }
    // Names that do not match the pattern are invalid namespaces.
    for tenant in ["Acme", "a1", "acme/x", ""] {
        let refused = log_in(&server, tenant, "acme-key").await.unwrap_err();
        assert_eq!(refused.message(), "Invalid namespace");
    }
    assert_eq!(active(&server).await, json!([]));
}

#[tokio::test(start_paused = true)]
async fn the_clients_of_a_removed_tenant_are_disconnected() {
    let server = serve();
    let (client, _) = join(&server, "acme").await;
    let (other, _) = join(&server, "globex").await;
    assert_eq!(remove(&server, "acme").await, StatusCode::OK);
    assert_eq!(client.disconnected().await, "io server disconnect");
    assert_eq!(client.received().await[0].name(), "goodbye");
    assert_eq!(remove(&server, "acme").await, StatusCode::NOT_FOUND);
    log_in(&server, "acme", "acme-key").await.unwrap_err();
    let count: usize = other.emit_with_ack("order", "tea").await;
    assert_eq!(count, 1);
}

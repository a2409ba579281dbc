//! Many customers on one server, each in a separate namespace.
//!
//! A namespace is created from a pattern when its first client connects, and removed when its last client
//! leaves. A middleware checks the key of the customer. HTTP handlers reach one tenant or all tenants.
//!
//! Run it with `cargo run -p example-tenants`. `PORT=8080` selects another port.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{FromRef, Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use socketio::extract::{Auth, Captures, Data};
use socketio::{ConnectError, Namespace, Regex, Reply, Socket, SocketIo, SocketIoLayer};
use tokio::net::TcpListener;

/// The names of tenant namespaces. It is strict, because clients choose the names that they request.
const PATTERN: &str = r"^/tenant-(?<name>[a-z]{1,20})$";

/// The most orders of a tenant.
const MAX_ORDERS: usize = 100;

/// The captures of the pattern.
#[derive(Deserialize)]
struct Tenant {
    name: String,
}

#[derive(Deserialize)]
struct Login {
    key: String,
}

/// The customers. This stands for a database.
#[derive(Clone)]
struct Tenants(Arc<Mutex<HashMap<String, Customer>>>);

struct Customer {
    key: &'static str,
    orders: Vec<String>,
}

/// The state of HTTP handlers.
#[derive(Clone, FromRef)]
struct AppState {
    tenants: Tenants,
    /// The pattern. Its operations apply to all tenants that have clients.
    pattern: Namespace,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init();
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("Tenants at http://{}", listener.local_addr()?);
    axum::serve(listener, app()?).await?;
    Ok(())
}

/// Creates the application.
fn app() -> Result<Router, Box<dyn std::error::Error>> {
    let tenants = Tenants::with([("acme", "acme-key"), ("globex", "globex-key")]);
    let sockets = SocketIoLayer::builder()
        .cleanup_empty_child_namespaces(true)
        .with_state(tenants.clone())
        .build();
    // The handlers are registered once for all tenants.
    let pattern = sockets.io().of(Regex::new(PATTERN)?);
    let pattern = pattern.middleware(log_in).on_connect(show);
    let pattern = pattern.on("order", order);

    let state = AppState {
        tenants,
        pattern: pattern.with_state(()),
    };
    Ok(Router::new()
        .route("/tenants", get(list))
        .route("/tenants/{name}", delete(remove))
        .route("/announcements", post(announce))
        .with_state(state)
        .layer(sockets))
}

/// Refuses clients without the key of the tenant.
async fn log_in(
    Captures(tenant): Captures<Tenant>,
    Auth(login): Auth<Login>,
    State(Tenants(tenants)): State<Tenants>,
) -> Result<(), ConnectError> {
    let tenants = tenants.lock();
    let customer = tenants.get(&tenant.name);
    match customer.filter(|customer| customer.key == login.key) {
        Some(_) => Ok(()),
        // The same text for unknown tenants, so that clients cannot find out which exist.
        None => Err(ConnectError::new("Unknown tenant or key.")),
    }
}

/// Sends a client the orders of its tenant.
async fn show(
    socket: Socket,
    Captures(tenant): Captures<Tenant>,
    State(Tenants(tenants)): State<Tenants>,
) {
    if let Some(customer) = tenants.lock().get(&tenant.name) {
        socket.emit("orders", &customer.orders);
    }
}

/// Adds an order and sends it to the clients of the same tenant.
async fn order(
    namespace: Namespace,
    Captures(tenant): Captures<Tenant>,
    State(Tenants(tenants)): State<Tenants>,
    Data(dish): Data<String>,
) -> Result<Reply<usize>, Reply<&'static str>> {
    let mut tenants = tenants.lock();
    let customer = tenants.get_mut(&tenant.name);
    let Some(customer) = customer.filter(|customer| customer.orders.len() < MAX_ORDERS) else {
        return Err(Reply("No more orders: serve some first."));
    };
    namespace.emit("ordered", &dish);
    customer.orders.push(dish);
    Ok(Reply(customer.orders.len()))
}

/// A tenant that has clients.
#[derive(Serialize)]
struct ActiveTenant {
    namespace: String,
    clients: usize,
}

/// Lists the tenants that have clients.
async fn list(State(pattern): State<Namespace>) -> Json<Vec<ActiveTenant>> {
    let mut active: Vec<_> = pattern
        .children()
        .iter()
        .map(|namespace| ActiveTenant {
            namespace: namespace.name().to_owned(),
            clients: namespace.sockets().len(),
        })
        .collect();
    active.sort_by(|a, b| a.namespace.cmp(&b.namespace));
    Json(active)
}

/// Sends an announcement to all clients of all tenants.
async fn announce(State(pattern): State<Namespace>, text: String) {
    pattern.emit("announcement", &text);
}

/// Removes a tenant and disconnects its clients.
async fn remove(
    io: SocketIo,
    State(Tenants(tenants)): State<Tenants>,
    Path(name): Path<String>,
) -> Result<(), StatusCode> {
    let removed = tenants.lock().remove(&name);
    removed.ok_or(StatusCode::NOT_FOUND)?;
    // `of` would create a missing namespace.
    if let Some(namespace) = io.namespace(&format!("/tenant-{name}")) {
        namespace.emit("goodbye", &());
        namespace.disconnect_sockets();
    }
    Ok(())
}

impl Tenants {
    fn with<const N: usize>(customers: [(&str, &'static str); N]) -> Self {
        let customer = |(name, key): (&str, _)| {
            let orders = Vec::new();
            (name.to_owned(), Customer { key, orders })
        };
        Self(Arc::new(Mutex::new(customers.map(customer).into())))
    }
}

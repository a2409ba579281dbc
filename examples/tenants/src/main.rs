//! Run with `cargo run -p example-tenants`. `PORT=8080` chooses another port.
//!
//! Many customers on one server, each in a namespace of its own that is made when its first client
//! comes and removed when its last one leaves: a pattern with a captured name, a middleware that
//! asks for the key of that customer, and HTTP handlers that reach one of them, or all.

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

/// Which names can be tenants. It allows no more than it has to: clients choose what they ask for.
const PATTERN: &str = r"^/tenant-(?<name>[a-z]{1,20})$";

/// The most orders that a tenant can have.
const MAX_ORDERS: usize = 100;

/// What the pattern captures.
#[derive(Deserialize)]
struct Tenant {
    name: String,
}

#[derive(Deserialize)]
struct Login {
    key: String,
}

/// The customers. It stands for a database.
#[derive(Clone)]
struct Tenants(Arc<Mutex<HashMap<String, Customer>>>);

struct Customer {
    key: &'static str,
    orders: Vec<String>,
}

/// What HTTP handlers share.
#[derive(Clone, FromRef)]
struct AppState {
    tenants: Tenants,
    /// All tenants that have clients: what is done to the pattern is done to each of them.
    everybody: Namespace,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init();
    let tenants = Tenants::with([("acme", "acme-key"), ("globex", "globex-key")]);
    let sockets = SocketIoLayer::builder()
        .cleanup_empty_child_namespaces(true)
        .with_state(tenants.clone())
        .build();
    // Handlers are registered once, for all tenants.
    let pattern = sockets.io().of(Regex::new(PATTERN)?);
    let pattern = pattern.middleware(log_in).on_connect(show);
    let pattern = pattern.on("order", order);

    let state = AppState {
        tenants,
        everybody: pattern.with_state(()),
    };
    let app = Router::new()
        .route("/tenants", get(present))
        .route("/tenants/{name}", delete(remove))
        .route("/announcements", post(announce))
        .with_state(state)
        .layer(sockets);
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("Tenants at http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

/// Lets those in who have the key of the tenant that they ask for.
async fn log_in(
    Captures(tenant): Captures<Tenant>,
    Auth(login): Auth<Login>,
    State(Tenants(tenants)): State<Tenants>,
) -> Result<(), ConnectError> {
    let tenants = tenants.lock();
    let customer = tenants.get(&tenant.name);
    match customer.filter(|customer| customer.key == login.key) {
        Some(_) => Ok(()),
        // The same for tenants that do not exist, so that nobody finds out which do.
        None => Err(ConnectError::new("Unknown tenant or key.")),
    }
}

/// Shows a client the orders of its tenant.
async fn show(
    socket: Socket,
    Captures(tenant): Captures<Tenant>,
    State(Tenants(tenants)): State<Tenants>,
) {
    if let Some(customer) = tenants.lock().get(&tenant.name) {
        socket.emit("orders", &customer.orders);
    }
}

/// Adds an order and shows it to everybody of the same tenant, and to nobody else.
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

#[derive(Serialize)]
struct Present {
    namespace: String,
    clients: usize,
}

/// The tenants that have clients now.
async fn present(State(everybody): State<Namespace>) -> Json<Vec<Present>> {
    let mut present: Vec<_> = everybody
        .children()
        .iter()
        .map(|namespace| Present {
            namespace: namespace.name().to_owned(),
            clients: namespace.sockets().len(),
        })
        .collect();
    present.sort_by(|a, b| a.namespace.cmp(&b.namespace));
    Json(present)
}

/// Tells something to all clients of all tenants.
async fn announce(State(everybody): State<Namespace>, text: String) {
    everybody.emit("announcement", &text);
}

/// Ends a contract: the key is worth nothing any more, and the clients have to leave.
async fn remove(
    io: SocketIo,
    State(Tenants(tenants)): State<Tenants>,
    Path(name): Path<String>,
) -> Result<(), StatusCode> {
    let removed = tenants.lock().remove(&name);
    removed.ok_or(StatusCode::NOT_FOUND)?;
    // `of` would make the namespace if it is not there.
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

//! A chat with rooms, history, typing indicators and unread counts.
//!
//! Run it with `cargo run -p chat`, then open <http://127.0.0.1:3000> in two windows. `PORT=8080` selects
//! another port.
//!
//! The page in `public/` uses the official browser client. After `npm ci` in this folder, the server serves that
//! client itself. Otherwise the page loads it from Socket.IO's CDN.

mod events;
mod problem;
mod rooms;
mod text;

use std::{env, error::Error, net::Ipv4Addr, path::Path, sync::Arc, time::Duration};

use axum::{
    Router,
    http::{HeaderValue, header},
    serve::ListenerExt,
};
use parking_lot::Mutex;
use socketio::{ServeClient, SocketIo, SocketIoLayer};
use tokio::{net::TcpListener, time};
use tower_http::{services::ServeDir, set_header::SetResponseHeaderLayer};

use crate::rooms::Rooms;

/// The port if `PORT` is not set.
const DEFAULT_PORT: u16 = 3000;

/// The time between two checks for users that have not reconnected.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// Allows the page to load its files, and the client from Socket.IO's CDN if it is not installed.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' https://cdn.socket.io; \
    style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// The state of all handlers.
#[derive(Clone, Debug, Default)]
struct Chat {
    rooms: Arc<Mutex<Rooms>>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt::init();

    let port = match env::var("PORT") {
        Ok(port) => port
            .parse()
            .map_err(|_| format!("PORT is `{port}`; set it to a number between 0 and 65535"))?,
        Err(_) => DEFAULT_PORT,
    };

    let chat = Chat::default();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sockets = SocketIoLayer::builder()
        .serve_client(browser_client(root))
        .with_state(chat.clone())
        .build();
    events::register(&sockets.io());
    tokio::spawn(sweep(sockets.io(), chat));

    let app = Router::new().merge(pages(root)).layer(sockets);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("Chat at http://{}", listener.local_addr()?);
    // Send small packets without delay.
    let listener = listener.tap_io(|connection| {
        connection.set_nodelay(true).ok();
    });
    axum::serve(listener, app).await?;
    Ok(())
}

/// Returns the browser client if it is installed.
fn browser_client(root: &Path) -> Option<ServeClient> {
    let client = ServeClient::from_dir(root.join("node_modules/socket.io-client/dist"));
    client
        .inspect_err(|error| eprintln!("the page loads the client from the CDN: {error}"))
        .ok()
}

/// Serves the page.
fn pages(root: &Path) -> Router {
    Router::new()
        .fallback_service(ServeDir::new(root.join("public")))
        .layer(SetResponseHeaderLayer::overriding(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(CONTENT_SECURITY_POLICY),
        ))
        .layer(SetResponseHeaderLayer::overriding(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-cache"),
        ))
}

/// Removes users that have not reconnected in time, and notifies their rooms.
async fn sweep(io: SocketIo<Chat>, chat: Chat) {
    let mut ticks = time::interval(SWEEP_INTERVAL);
    loop {
        let now = ticks.tick().await;
        let departures = chat.rooms.lock().sweep(now.into_std());
        for departure in &departures {
            events::departed(&io, &chat, departure);
        }
    }
}

//! Tests of handler arguments and return values, with a client that calls the service without a
//! network.

mod ack;
mod connect;
mod disconnect;
mod event;
mod rejected;
mod reply;

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{FromRef, FromRequestParts};
use bytes::Bytes;
use engineio::NotFound;
use futures_util::FutureExt as _;
use http::request::Parts;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use socketio_proto::Args;
use tower_service::Service as _;

use super::EventHandler;
use crate::context::EventContext;
use crate::error::rejection::Rejection;
use crate::extract::FromSocket;
use crate::handler::Reply;
use crate::handler::sealed::Seal;
use crate::namespace::Namespace;
use crate::server::layer::SocketIoLayer;
use crate::server::service::SocketIoService;
use crate::socket::Socket;

const SESSION: &str = "/socket.io/?EIO=4&transport=polling";

/// An event whose answer marks the end of the packets that the server has sent so far.
const SYNC: &str = r#"4299["sync"]"#;
const SYNCED: &str = "4399[]";

/// Lines that handlers write, for comparison.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, line: impl fmt::Display) {
        self.0.lock().push(line.to_string());
    }

    #[track_caller]
    fn expect<const N: usize>(&self, lines: [&str; N]) {
        assert_eq!(*self.0.lock(), lines);
    }
}

/// An application state that counts its clones.
#[derive(Default)]
struct App {
    log: Log,
    clones: Arc<AtomicUsize>,
}

impl Clone for App {
    fn clone(&self) -> Self {
        self.clones.fetch_add(1, Ordering::Relaxed);
        Self {
            log: self.log.clone(),
            clones: Arc::clone(&self.clones),
        }
    }
}

impl FromRef<App> for Log {
    fn from_ref(app: &App) -> Self {
        app.log.clone()
    }
}

#[derive(Deserialize)]
struct Room {
    room: String,
}

#[derive(Deserialize)]
struct Login {
    token: String,
}

/// An application's axum extractor.
struct Tenant(String);

impl<S: Sync> FromRequestParts<S> for Tenant {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let tenant = parts
            .headers
            .get("x-tenant")
            .ok_or((StatusCode::FORBIDDEN, "no tenant"))?;
        Ok(Self(String::from_utf8_lossy(tenant.as_bytes()).into()))
    }
}

/// An axum extractor that rejects each request.
struct Forbidden;

impl<S: Sync> FromRequestParts<S> for Forbidden {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Err((StatusCode::FORBIDDEN, "not allowed"))
    }
}

/// An application's socket extractor.
struct Path(String);

impl<S: Sync> FromSocket<S> for Path {
    type Rejection = Infallible;

    async fn from_socket(socket: &Socket, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(socket.handshake().uri().path().to_owned()))
    }
}

/// A socket extractor that rejects each socket with a text for the client.
struct Refused;

impl<S: Sync> FromSocket<S> for Refused {
    type Rejection = Rejection;

    async fn from_socket(_: &Socket, _: &S) -> Result<Self, Self::Rejection> {
        let text = "not now; try later";
        Err(Rejection::with_status(StatusCode::CONFLICT, text))
    }
}

/// A client that calls the service directly.
struct Client {
    service: SocketIoService<NotFound>,
    /// The URI of the session's requests.
    session: String,
    app: App,
}

impl Client {
    /// Opens a session with a server whose main namespace is configured by `register`.
    async fn open(register: impl FnOnce(Namespace<App>) -> Namespace<App>) -> Self {
        let app = App::default();
        let layer = SocketIoLayer::with_state(app.clone());
        register(layer.io().of("/")).on("sync", async || Reply(()));
        let mut client = Self {
            service: layer.into_service(),
            session: format!("{SESSION}&room=blue"),
            app,
        };
        let opened = client.request("GET", String::new()).await;
        let sid = opened.split('"').nth(3).expect("0{\"sid\":\"…\",…}");
        client.session = format!("{SESSION}&sid={sid}");
        client
    }

    /// Opens a session and joins the main namespace.
    async fn join(register: impl FnOnce(Namespace<App>) -> Namespace<App>) -> Self {
        let mut client = Self::open(register).await;
        client.send("40").await;
        let joined = client.poll().await;
        assert!(joined.starts_with("40{"), "{joined}");
        client
    }

    /// Joins the main namespace with a payload, and returns the server's answer.
    async fn connect(&mut self, auth: &str) -> String {
        self.send(&format!("40{auth}")).await;
        self.poll().await
    }

    /// Returns the socket of the client.
    fn socket(&self) -> Socket {
        let sockets = self.service.io().of("/").sockets();
        sockets.into_iter().next().expect("the client has joined")
    }

    /// Sends packets, and returns the packets that the server sends until it has processed them.
    async fn exchange(&mut self, packets: &str) -> Vec<String> {
        match packets {
            "" => self.send(SYNC).await,
            packets => self.send(&format!("{packets}\u{1e}{SYNC}")).await,
        }
        let mut received = Vec::new();
        loop {
            let payload = self.poll().await;
            for packet in payload.split('\u{1e}') {
                if packet == SYNCED {
                    return received;
                }
                received.push(packet.to_owned());
            }
        }
    }

    async fn send(&mut self, packets: &str) {
        assert_eq!(self.request("POST", packets.to_owned()).await, "ok");
    }

    async fn poll(&mut self) -> String {
        self.request("GET", String::new()).await
    }

    async fn request(&mut self, method: &str, body: String) -> String {
        let request = Request::builder()
            .method(method)
            .uri(&self.session)
            .header("x-tenant", "acme")
            .header("cookie", "theme=dark")
            .extension("from an outer layer")
            .body(Full::<Bytes>::from(body));
        let response = self.service.call(request.unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    }
}

/// Sends the event `message` with acknowledgement id 7 to a handler, and returns all packets that
/// the server sends.
async fn answer<H, T>(handler: H, args: &str) -> Vec<String>
where
    H: EventHandler<T, App>,
    T: 'static,
{
    let mut client = Client::join(|namespace| namespace.on("message", handler)).await;
    client.exchange(&format!("427[\"message\",{args}]")).await
}

fn event<T>(socket: &Socket, args: &T) -> EventContext
where
    T: Serialize + ?Sized,
{
    let args = Args::from_serialize(Some("message"), args).unwrap();
    EventContext::new(socket.clone(), args, None)
}

/// Calls a handler with one event, and returns the reason why it is rejected.
async fn rejection<H, T>(handler: H, args: &(impl Serialize + ?Sized)) -> Rejection
where
    H: EventHandler<T, App>,
    T: 'static,
{
    let client = Client::join(|namespace| namespace).await;
    let mut context = event(&client.socket(), args);
    let called = handler.call(&mut context, &client.app, Seal).await;
    called.expect_err("the handler does not run")
}

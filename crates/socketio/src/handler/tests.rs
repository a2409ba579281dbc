//! What handlers take and return, told without a connection.

mod ack;
mod connect;
mod disconnect;
mod event;
mod rejected;
mod reply;

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::{FromRef, FromRequestParts};
use futures_util::FutureExt as _;
use http::request::Parts;
use http::{Request, StatusCode};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use socketio_proto::Args;

use super::{EventHandler, EventListener};
use crate::context::EventContext;
use crate::extract::FromSocket;
use crate::handshake::Handshake;
use crate::rejection::Rejection;
use crate::socket::Socket;

/// What handlers write down, to be compared.
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

/// The state of an application. Not `Clone`, so no call can clone it as a whole.
struct App {
    log: Log,
}

impl App {
    fn new() -> (Self, Log) {
        let log = Log::default();
        (Self { log: log.clone() }, log)
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

/// An extractor that an application has written for axum.
struct Tenant(String);

impl<S: Sync> FromRequestParts<S> for Tenant {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let tenant = parts
            .headers
            .get("x-tenant")
            .ok_or((StatusCode::FORBIDDEN, "no tenant"))?;
        Ok(Self(
            String::from_utf8_lossy(tenant.as_bytes()).into_owned(),
        ))
    }
}

/// An extractor that no request satisfies.
struct Nobody;

impl<S: Sync> FromRequestParts<S> for Nobody {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Err((StatusCode::FORBIDDEN, "nobody may"))
    }
}

/// An extractor that an application has written for sockets.
struct Path(String);

impl<S: Sync> FromSocket<S> for Path {
    type Rejection = Infallible;

    async fn from_socket(socket: &Socket, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(socket.handshake().uri().path().to_owned()))
    }
}

/// An extractor that no socket satisfies, with the text that the client may read.
struct Refused;

impl<S: Sync> FromSocket<S> for Refused {
    type Rejection = Rejection;

    async fn from_socket(_: &Socket, _: &S) -> Result<Self, Self::Rejection> {
        Err(Rejection::with_status(
            StatusCode::CONFLICT,
            "not now; try later",
        ))
    }
}

/// A socket whose packets go nowhere but to [`sent`].
fn socket() -> Socket {
    let request = Request::get("/socket.io/?EIO=4&room=blue")
        .header("x-tenant", "acme")
        .header("cookie", "theme=dark")
        .header("user-agent", "test/1")
        .body(());
    let (parts, ()) = request.unwrap().into_parts();
    Socket::detached(Arc::new(Handshake::new(parts, SystemTime::UNIX_EPOCH)))
}

/// The packets that were sent to the client, as text.
fn sent(socket: &Socket) -> Vec<String> {
    socket.sent()
}

fn event<T>(socket: &Socket, args: &T, ack: Option<u64>) -> EventContext
where
    T: Serialize + ?Sized,
{
    let args = Args::from_serialize(Some("message"), args).unwrap();
    EventContext::new(socket.clone(), args, ack)
}

/// Nothing here waits for anything.
#[track_caller]
fn ready<F: Future>(future: F) -> F::Output {
    future.now_or_never().expect("the future is ready at once")
}

/// Sends `message` with acknowledgement 7 to a handler without state; tells what was answered.
#[track_caller]
fn answer<H, T>(handler: H, args: &(impl Serialize + ?Sized)) -> Vec<String>
where
    H: EventHandler<T, ()>,
    T: 'static,
{
    let socket = socket();
    ready(EventListener::new(handler, ()).run(None, event(&socket, args, Some(7))));
    sent(&socket)
}

//! Functions that are handlers.

use std::error::Error;

use axum::extract::{FromRef, FromRequestParts, Query, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use serde::Deserialize;
use socketio::extract::{Data, EventName, FromSocket};
use socketio::{DisconnectReason, Rejection, Reply, Socket, SocketIo, SocketIoLayer};

#[derive(Clone)]
struct Db;

#[derive(Clone, FromRef)]
struct AppState {
    db: Db,
}

#[derive(Deserialize)]
struct Room {
    room: String,
}

/// An application's extractor for HTTP handlers.
struct Tenant;

impl<S: Sync> FromRequestParts<S> for Tenant {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Err((StatusCode::FORBIDDEN, "no tenant"))
    }
}

/// An application's extractor for socket handlers.
struct User;

impl<S> FromSocket<S> for User
where
    S: Sync,
    Db: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_socket(_: &Socket, state: &S) -> Result<Self, Self::Rejection> {
        let _ = Db::from_ref(state);
        Ok(Self)
    }
}

/// An application's error of HTTP handlers.
struct AppError;

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        StatusCode::FORBIDDEN.into_response()
    }
}

async fn question_mark(socket: Socket) -> Result<(), Box<dyn Error + Send + Sync>> {
    let _: u8 = socket.handshake().query().unwrap_or_default().parse()?;
    Ok(())
}

async fn http_error() -> Result<(), Response> {
    Err(AppError).map_err(IntoResponse::into_response)
}

/// A library can add its events to any application whose state contains the required part.
fn library<S>(io: &SocketIo<S>)
where
    S: Clone + Send + Sync + 'static,
    Db: FromRef<S>,
{
    async fn named<S>(_: Socket, _: State<Db>, _: User)
    where
        Db: FromRef<S>,
    {
    }
    io.of("/library")
        .on_connect(named::<S>)
        .on("event", async |_: State<Db>| {});
}

/// Listeners of one socket capture their values.
async fn connected(socket: Socket) {
    let captured = String::from("captured");
    socket.on("capture", move |Data(text): Data<String>| async move {
        Reply(text + &captured)
    });
    socket.once("once", async |_: Socket, _: Query<Room>| Reply(1));
    socket.on_any(async |event: EventName| println!("{event}"));
    socket.event_middleware(async |_: Socket| Err::<(), _>("no"));
    socket.on_disconnect(async |_: Socket, _: DisconnectReason| {});
    socket.on_any_outgoing(|event, args| println!("{event}: {args:?}"));
}

fn main() {
    let layer = SocketIoLayer::with_state(AppState { db: Db });
    let captured = String::from("captured");
    library(&layer.io());
    layer
        .io()
        .of("/")
        .middleware(question_mark)
        .middleware(http_error)
        .middleware(async || Ok::<_, String>(()))
        .on_connect(connected)
        .event_middleware(|_: Tenant| async {})
        .on("async", async |_: Tenant, _: User| {})
        .on("block", |_: Query<Room>| async {})
        .on(
            "result",
            async |_: Result<Query<Room>, axum::extract::rejection::QueryRejection>| {},
        )
        .on("capture", move |Data(text): Data<String>| async move {
            Reply(text + &captured)
        })
        .on("room", async |Query(query): Query<Room>| Reply(query.room));
}

//! Functions that `debug_handler` accepts and leaves unchanged.

use std::convert::Infallible;

use axum::extract::{FromRef, Query, State};
use http::{HeaderMap, StatusCode, Uri};
use serde::{Deserialize, Serialize};
use socketio::extract::{
    Ack, Auth, Data, DataRejection, Event, EventName, MissingAck, NamespaceName, ServerAck, SocketData,
};
use socketio::handler::IntoReply;
use socketio::{
    ConnectError, DisconnectReason, EmitError, Namespace, Next, Outcome, Rejection, Reply, Socket, SocketIo,
    SocketIoLayer, debug_handler,
};

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

#[debug_handler]
async fn nothing() {}

#[debug_handler(namespace, state = AppState)]
async fn tenant(
    name: NamespaceName,
    _: Auth<Room>,
    _: State<Db>,
) -> Result<bool, &'static str> {
    Ok(name.len() < 20)
}

#[debug_handler()]
async fn empty_brackets(_: Socket) {}

#[debug_handler(state = AppState)]
async fn state_only(_: State<Db>, _: State<AppState>) {}

#[debug_handler(event, state = AppState)]
async fn message(
    _: Socket,
    State(_db): State<Db>,
    Data((a, b)): Data<(u32, String)>,
    ack: Ack,
    name: EventName,
    Query(query): Query<Room>,
    _: HeaderMap,
    _: Namespace,
    _: SocketIo,
) {
    ack.send(&(a, b, name.as_str(), query.room));
}

#[debug_handler(event, state = AppState,)]
async fn optional(
    data: Result<Data<u8>, DataRejection>,
    _: Result<Ack, MissingAck>,
    _: Option<Ack>,
    _: Option<SocketData<u8>>,
) -> Result<Option<Reply<u8>>, Reply<String>> {
    match data {
        Ok(Data(number)) => Ok(Some(Reply(number))),
        Err(error) => Err(Reply(error.to_string())),
    }
}

#[debug_handler(event)]
async fn unnamed_reply() -> impl IntoReply {
    Reply(1)
}

#[debug_handler(event)]
async fn unnamed_value() -> Reply<impl Serialize> {
    Reply((1, "two"))
}

#[debug_handler(event)]
async fn rejected(rejection: Rejection) -> Rejection {
    rejection
}

#[debug_handler(event_middleware, state = AppState)]
async fn authorize(_: Socket, _: EventName, _: State<Db>) -> Result<(), Rejection> {
    Ok(())
}

#[debug_handler(event_middleware)]
async fn translate(mut event: Event) -> Result<Event, EmitError> {
    event.set_name("new")?;
    Ok(event)
}

#[debug_handler(event_middleware)]
async fn look() {}

#[debug_handler(wrap, state = AppState)]
async fn around(_: Socket, _: EventName, State(_db): State<Db>, next: Next) -> Outcome {
    next.run().await
}

#[debug_handler(wrap)]
async fn only_next(next: socketio::Next) -> Result<Outcome, Rejection> {
    Ok(next.run().await)
}

type Rest = Next;

#[debug_handler(wrap)]
#[rustfmt::skip]
async fn twelve_and_next(
    _: Socket, _: Socket, _: Socket, _: Socket, _: Socket, _: Socket,
    _: Socket, _: Socket, _: Socket, _: Socket, _: Socket, _: Socket,
    rest: Rest,
) -> Outcome {
    rest.run().await
}

#[debug_handler(connect, state = AppState)]
async fn connected(_: Socket, _: Auth<Option<Room>>, _: Query<Room>, _: State<Db>, _: Uri) {}

#[debug_handler(connect)]
async fn connected_or_not(_: Socket) -> Result<(), String> {
    Ok(())
}

#[debug_handler(middleware, state = AppState)]
async fn authenticate(_: Auth<Room>, _: State<AppState>) -> Result<(), ConnectError> {
    Ok(())
}

#[debug_handler(middleware)]
async fn never() -> Result<(), Infallible> {
    Ok(())
}

#[debug_handler(disconnect, state = AppState)]
async fn left(_: Socket, _: DisconnectReason, _: State<Db>) {}

#[debug_handler(disconnect)]
async fn left_explicitly() -> () {}

#[debug_handler(server_event, state = AppState)]
async fn load(_: State<Db>, _: ServerAck, _: EventName, _: Namespace, _: SocketIo) -> Reply<u8> {
    Reply(1)
}

fn main() {
    SocketIoLayer::with_state(AppState { db: Db })
        .io()
        .of("/")
        .middleware(authenticate)
        .middleware(never)
        .on_connect(connected)
        .event_middleware(authorize)
        .event_middleware(translate)
        .event_middleware(look)
        .wrap(around)
        .wrap(only_next)
        .wrap(twelve_and_next)
        .on("message", message)
        .on("optional", optional)
        .on("nothing", nothing)
        .on("empty", empty_brackets)
        .on("state", state_only)
        .on("reply", unnamed_reply)
        .on("value", unnamed_value)
        .on_rejection(rejected)
        .on_disconnect(left)
        .on_server_event("load", load);
    SocketIoLayer::new()
        .io()
        .of("/")
        .on_connect(connected_or_not)
        .on_disconnect(left_explicitly);
    let _ = StatusCode::OK;
}

//! Run with `cargo run -p example-notify`. `PORT=8080` chooses another port.
//!
//! Notices that other services post over HTTP and people read on all of their devices: HTTP handlers
//! that reach the sockets of one person, or of everybody, and ask whether a notice was seen.

use std::time::Duration;

use axum::extract::{FromRef, FromRequestParts, Path, State};
use axum::http::{StatusCode, header, request::Parts};
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use socketio::extract::{Auth, SocketData};
use socketio::{ConnectError, Socket, SocketIo, SocketIoLayer};
use tokio::net::TcpListener;

/// How long the devices may take to say that a notice was seen.
const SEEN_WITHIN: Duration = Duration::from_secs(2);

#[derive(Clone, FromRef)]
struct AppState {
    services: Services,
    people: People,
}

/// The keys of the services that may post. They stand for a table of a database, as does [`People`].
#[derive(Clone)]
struct Services(&'static [&'static str]);

/// Who has which token.
#[derive(Clone)]
struct People(&'static [(&'static str, Person)]);

#[derive(Clone, Copy)]
struct Person(&'static str);

#[derive(Deserialize)]
struct Login {
    token: String,
}

#[derive(Deserialize, Serialize)]
struct Notice {
    title: String,
    text: String,
}

/// What became of a notice.
#[derive(Serialize)]
struct Receipt {
    /// On how many devices the person has it before their eyes.
    seen: usize,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt::init();
    let state = AppState {
        services: Services(&["billing-key"]),
        people: People(&[("sesame", Person("ada")), ("abracadabra", Person("bob"))]),
    };
    let sockets = SocketIoLayer::with_state(state.clone());
    let namespace = sockets.io().of("/").middleware(authenticate);
    namespace.on_connect(enter);

    let app = Router::new()
        .route("/notices", post(notify_all))
        .route("/notices/{person}", post(notify))
        .with_state(state)
        .layer(sockets);
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("Notices at http://{}", listener.local_addr()?);
    axum::serve(listener, app).await
}

/// Lets those in who have a token.
async fn authenticate(
    socket: Socket,
    Auth(login): Auth<Login>,
    State(People(people)): State<People>,
) -> Result<(), ConnectError> {
    let known = people.iter().find(|(token, _)| *token == login.token);
    let (_, person) = known.ok_or_else(|| ConnectError::new("Unknown token. Log in again."))?;
    socket.data().insert(*person);
    Ok(())
}

/// All devices of a person are in one room.
async fn enter(socket: Socket, SocketData(Person(name)): SocketData<Person>) {
    socket.join(room(name));
}

/// Posts a notice to one person, and waits a moment for the devices to say that it was seen.
async fn notify(
    _: Service,
    io: SocketIo,
    Path(person): Path<String>,
    Json(notice): Json<Notice>,
) -> Json<Receipt> {
    let devices = io.to(room(&person)).timeout(SEEN_WITHIN);
    let answers = devices.emit_with_ack::<bool>("notice", &notice).all().await;
    // Some devices may not answer in time: the others have.
    let answers = answers.unwrap_or_else(|missing| missing.into_answers());
    Json(Receipt {
        seen: answers.into_iter().filter(|seen| *seen).count(),
    })
}

/// Posts a notice to everybody, without waiting.
async fn notify_all(_: Service, io: SocketIo, Json(notice): Json<Notice>) -> StatusCode {
    io.emit("notice", &notice);
    StatusCode::ACCEPTED
}

fn room(person: &str) -> String {
    format!("person:{person}")
}

/// A service that may post: who has no key gets no further than here.
struct Service;

impl FromRequestParts<AppState> for Service {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(
        request: &mut Parts,
        state: &AppState,
    ) -> Result<Self, Self::Rejection> {
        let Services(keys) = &state.services;
        let value = request.headers.get(header::AUTHORIZATION);
        let key = value.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        match key {
            Some(key) if keys.contains(&key) => Ok(Self),
            _ => Err((
                StatusCode::UNAUTHORIZED,
                "Send the key of a service as `Authorization: Bearer KEY`.\n",
            )),
        }
    }
}

//! Notices that services post over HTTP and users receive on all their devices.
//!
//! HTTP handlers emit to the sockets of one user or of all users, and collect acknowledgements.
//!
//! Run it with `cargo run -p example-notify`. `PORT=8080` selects another port.

#[cfg(test)]
mod tests;

use std::time::Duration;

use axum::extract::{FromRef, FromRequestParts, Path, State};
use axum::http::{StatusCode, header, request::Parts};
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use socketio::extract::{Auth, SocketData};
use socketio::{ConnectError, Socket, SocketIo, SocketIoLayer};
use tokio::net::TcpListener;

/// The time within which devices have to acknowledge a notice.
const ACK_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Clone, FromRef)]
struct AppState {
    services: Services,
    users: Users,
}

/// The keys of the services that may post. Like [`Users`], they stand for a table of a database.
#[derive(Clone)]
struct Services(&'static [&'static str]);

/// The users by their tokens.
#[derive(Clone)]
struct Users(&'static [(&'static str, User)]);

#[derive(Clone, Copy)]
struct User(&'static str);

#[derive(Deserialize)]
struct Login {
    token: String,
}

#[derive(Deserialize, Serialize)]
struct Notice {
    title: String,
    text: String,
}

/// The result of a notice.
#[derive(Serialize)]
struct Receipt {
    /// The number of devices on which the user has seen the notice.
    seen: usize,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt::init();
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("Notices at http://{}", listener.local_addr()?);
    axum::serve(listener, app()).await
}

/// Creates the application.
fn app() -> Router {
    let state = AppState {
        services: Services(&["billing-key"]),
        users: Users(&[("sesame", User("ada")), ("abracadabra", User("bob"))]),
    };
    let sockets = SocketIoLayer::with_state(state.clone());
    let namespace = sockets.io().of("/").middleware(authenticate);
    namespace.on_connect(enter);

    Router::new()
        .route("/notices", post(notify_all))
        .route("/notices/{user}", post(notify))
        .with_state(state)
        .layer(sockets)
}

/// Refuses clients without a valid token.
async fn authenticate(
    socket: Socket,
    Auth(login): Auth<Login>,
    State(Users(users)): State<Users>,
) -> Result<(), ConnectError> {
    let known = users.iter().find(|(token, _)| *token == login.token);
    let (_, user) = known.ok_or_else(|| ConnectError::new("Unknown token. Log in again."))?;
    socket.data().insert(*user);
    Ok(())
}

/// Adds the device to the room of its user.
async fn enter(socket: Socket, SocketData(User(name)): SocketData<User>) {
    socket.join(room(name));
}

/// Posts a notice to one user and waits for the acknowledgements of the devices.
async fn notify(
    _: Service,
    io: SocketIo,
    Path(user): Path<String>,
    Json(notice): Json<Notice>,
) -> Json<Receipt> {
    let devices = io.to(room(&user)).timeout(ACK_TIMEOUT);
    let answers = devices.emit_with_ack::<bool>("notice", &notice).all().await;
    // After the timeout, the answers of the other devices count.
    let answers = answers.unwrap_or_else(|missing| missing.into_answers());
    Json(Receipt {
        seen: answers.into_iter().filter(|seen| *seen).count(),
    })
}

/// Posts a notice to all users, without acknowledgements.
async fn notify_all(_: Service, io: SocketIo, Json(notice): Json<Notice>) -> StatusCode {
    io.emit("notice", &notice);
    StatusCode::ACCEPTED
}

fn room(user: &str) -> String {
    format!("user:{user}")
}

/// An extractor that refuses requests without the key of a service.
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

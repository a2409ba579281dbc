//! A type that is an extractor of requests and of sockets, which is ambiguous.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use socketio::extract::FromSocket;
use socketio::{Socket, SocketIoLayer};

struct Both;

impl<S: Sync> FromRequestParts<S> for Both {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self)
    }
}

impl<S: Sync> FromSocket<S> for Both {
    type Rejection = Infallible;

    async fn from_socket(_: &Socket, _: &S) -> Result<Self, Infallible> {
        Ok(Self)
    }
}

async fn message(_: Both) {}

fn main() {
    SocketIoLayer::new().io().of("/").on("message", message);
}

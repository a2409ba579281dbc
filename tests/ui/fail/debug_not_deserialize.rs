//! `debug_handler` reports the type that is not `Deserialize`.

use axum::extract::Query;
use socketio::debug_handler;
use socketio::extract::{Auth, Data};

struct Message;

#[debug_handler(event)]
async fn message(_: Data<Message>) {}

#[debug_handler(connect)]
async fn connected(_: Auth<Message>) {}

#[debug_handler(event)]
async fn queried(_: Query<Message>) {}

fn main() {}

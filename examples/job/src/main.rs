//! A job without a server that reports its progress to the clients of a Socket.IO cluster.
//!
//! Run it with `cargo run -p example-job -- <user>` while the servers of a cluster run on the same Redis.
//! `REDIS_URL` and `PREFIX` select another Redis and another prefix. The clients in the room `user:<user>`
//! receive `progress` and `report`.

use std::{env, error::Error, time::Duration};

use serde::Serialize;
use socketio_emitter::{Emitter, EmitterError, RedisEmitter};
use tokio::time::sleep;

/// The Redis of the cluster if `REDIS_URL` is not set.
const DEFAULT_URL: &str = "redis://127.0.0.1:6379";

/// The prefix of the cluster if `PREFIX` is not set.
const DEFAULT_PREFIX: &str = "socket.io";

/// The number of steps, and the time that each takes.
const STEPS: u32 = 10;
const STEP: Duration = Duration::from_millis(500);

#[derive(Serialize)]
struct Report<'a> {
    user: &'a str,
    lines: u32,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let user = env::args().nth(1);
    let user = user.ok_or("no user: run `cargo run -p example-job -- <user>`")?;
    let url = env::var("REDIS_URL").unwrap_or_else(|_| DEFAULT_URL.to_owned());
    let prefix = env::var("PREFIX").unwrap_or_else(|_| DEFAULT_PREFIX.to_owned());
    let emitter = RedisEmitter::builder().prefix(prefix).connect(url).await?;
    write_report(&emitter, &user).await?;
    Ok(())
}

/// Writes the report of a user, and informs the clients after each step.
async fn write_report(emitter: &Emitter, user: &str) -> Result<(), EmitterError> {
    let clients = emitter.to(format!("user:{user}"));
    let mut lines = 0;
    for step in 1..=STEPS {
        sleep(STEP).await;
        lines += 100;
        // A client that is slow may miss a step.
        let percent = step * 100 / STEPS;
        clients
            .clone()
            .volatile()
            .emit("progress", &percent)
            .await?;
    }
    clients.emit("report", &Report { user, lines }).await
}

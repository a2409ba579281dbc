//! One error type of the application in every kind of handler, as the official client receives it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use axum::extract::Query;
use e2e::app::serve;
use e2e::clients::{self, Transports};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use socketio::extract::{Auth, Data, EventName, FromEvent};
use socketio::{ClientError, EventContext, Next, Outcome, Rejection, Reply, SocketIoLayer};

#[derive(Debug)]
enum AppError {
    Database,
    SoldOut { left: u32 },
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Database => "the database of 10.0.0.7 is down",
            Self::SoldOut { .. } => "sold out",
        })
    }
}

impl ClientError for AppError {
    fn to_rejection(&self) -> Rejection {
        match self {
            Self::Database => Rejection::internal(self.to_string()),
            Self::SoldOut { left } => {
                Rejection::with_status(StatusCode::CONFLICT, self.to_string())
                    .with_code("sold_out")
                    .with_data(json!({ "left": left }))
            }
        }
    }
}

fn fail(kind: &str) -> Result<(), AppError> {
    match kind {
        "database" => Err(AppError::Database),
        "sold out" => Err(AppError::SoldOut { left: 3 }),
        _ => Ok(()),
    }
}

/// An extractor of the application, which fails with the first argument of the event.
struct Checked;

impl<S: Send + Sync> FromEvent<S> for Checked {
    type Rejection = AppError;

    async fn from_event(cx: &mut EventContext, state: &S) -> Result<Self, AppError> {
        let args = Data::<String>::from_event(cx, state).await;
        let kind = args.map(|Data(kind)| kind).unwrap_or_default();
        fail(&kind).map(|()| Self)
    }
}

#[derive(Deserialize)]
struct Login {
    kind: String,
}

#[derive(Deserialize)]
struct Refuse {
    refuse: Option<String>,
}

async fn start() -> SocketAddr {
    let layer = SocketIoLayer::builder()
        .allow_request(async |Query(Refuse { refuse }): Query<Refuse>| {
            fail(&refuse.unwrap_or_default())
        })
        .build();
    let io = layer.io();
    io.of("/")
        .event_middleware(
            async |event: EventName, Data(kind): Data<String>| match event.as_str() {
                "middleware" => fail(&kind),
                _ => Ok(()),
            },
        )
        .wrap(
            async |event: EventName,
                   Data(kind): Data<String>,
                   next: Next|
                   -> Result<Outcome, AppError> {
                if event == "wrap" {
                    fail(&kind)?;
                }
                Ok(next.run().await)
            },
        )
        .on(
            "handler",
            async |Data(kind): Data<String>| -> Result<Reply<u8>, AppError> {
                fail(&kind)?;
                Ok(Reply(1))
            },
        )
        .on("extract", async |_: Checked| Reply(1));
    io.of("/members")
        .middleware(async |Auth(Login { kind }): Auth<Login>| fail(&kind));
    serve(layer).await
}

async fn check(transports: Transports) {
    let url = format!("http://{}", start().await);
    let args = ["--url", &url, "--transports", transports.option()];
    let Some(output) = clients::script("errors.mjs", &["socket.io-client"], &args).await else {
        return;
    };
    let mut errors: BTreeMap<String, Value> = output
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).expect("a JSON line");
            let name = line["name"].as_str().expect("a name").to_owned();
            (name, line["error"].clone())
        })
        .collect();
    let mut expect = |name: &str, expected: Value| {
        assert_eq!(errors.remove(name), Some(expected), "{name}");
    };
    for place in ["handler", "middleware", "wrap", "extract"] {
        let sold_out = json!({
            "status": "Conflict",
            "error": "sold out",
            "code": "sold_out",
            "data": { "left": 3 },
        });
        expect(&format!("{place}: sold out"), sold_out);
        let fault = json!({
            "status": "Internal Server Error",
            "error": "the server failed to handle this; its log has the reason",
        });
        expect(&format!("{place}: database"), fault);
    }
    let data = json!({ "status": 409, "code": "sold_out", "data": { "left": 3 } });
    let sold_out = json!({ "isError": true, "message": "sold out", "data": data });
    expect("connect: sold out", sold_out);
    let data = json!({ "status": 500 });
    let fault = json!({ "isError": true, "message": "Internal Server Error", "data": data });
    expect("connect: database", fault);
    for (kind, message) in [("sold out", "sold out"), ("database", "Forbidden")] {
        let body = json!({ "code": 4, "message": message });
        let refused = json!({ "status": 403, "body": body });
        expect(&format!("request: {kind}"), refused);
    }
    assert!(errors.is_empty(), "{errors:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn polling() {
    check(Transports::Polling).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn websocket() {
    check(Transports::WebSocket).await;
}

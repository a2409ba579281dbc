//! Tests one error type of the application in every kind of handler.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::{fmt, io};

use axum::http::{StatusCode, Uri};
use e2e::app::serve;
use e2e::session::{WEBSOCKET, assert_alive, join, open};
use serde::Deserialize;
use serde_json::json;
use socketio::extract::{Auth, AuthRejection, Data, DataRejection, EventName, FromSocket};
use socketio::{
    ClientError, Next, Outcome, Rejection, Reply, Socket, SocketIoBuilder, SocketIoLayer,
};
use socketio_testing::{Request, WsClient};

/// The error of the application. It states in one place how clients receive it.
#[derive(Debug)]
enum AppError {
    Arguments(DataRejection),
    Auth(AuthRejection),
    Database(io::Error),
    SoldOut { left: u32 },
    Unavailable,
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arguments(error) => error.fmt(f),
            Self::Auth(error) => error.fmt(f),
            Self::Database(error) => write!(f, "the database failed: {error}"),
            Self::SoldOut { .. } => f.write_str("sold out"),
            Self::Unavailable => f.write_str("the stock is unavailable"),
        }
    }
}

impl From<io::Error> for AppError {
    fn from(error: io::Error) -> Self {
        Self::Database(error)
    }
}

impl From<DataRejection> for AppError {
    fn from(error: DataRejection) -> Self {
        Self::Arguments(error)
    }
}

impl From<AuthRejection> for AppError {
    fn from(error: AuthRejection) -> Self {
        Self::Auth(error)
    }
}

impl ClientError for AppError {
    fn to_rejection(&self) -> Rejection {
        match self {
            Self::Arguments(error) => Rejection::from(error.clone()).with_code("arguments"),
            Self::Auth(error) => Rejection::from(error.clone()),
            Self::Database(_) => Rejection::internal(self.to_string()),
            Self::SoldOut { left } => {
                Rejection::with_status(StatusCode::CONFLICT, self.to_string())
                    .with_code("sold_out")
                    .with_data(json!({ "left": left }))
            }
            Self::Unavailable => Rejection::internal(self.to_string()).with_code("unavailable"),
        }
    }
}

/// Fails with the error that a client asks for. `?` converts the error of a library.
fn fail(kind: &str) -> Result<(), AppError> {
    match kind {
        "sold out" => Err(AppError::SoldOut { left: 3 }),
        "database" => Err(io::Error::other("the password is secret"))?,
        "unavailable" => Err(AppError::Unavailable),
        _ => Ok(()),
    }
}

const SOLD_OUT: &str =
    r#"{"status":"Conflict","error":"sold out","code":"sold_out","data":{"left":3}}"#;
const FAULT: &str = r#"{"status":"Internal Server Error","error":"the server failed to handle this; its log has the reason"}"#;
const UNAVAILABLE: &str = r#"{"status":"Internal Server Error","error":"the server failed to handle this; its log has the reason","code":"unavailable"}"#;

const ANSWERS: [(&str, &str); 3] = [
    ("sold out", SOLD_OUT),
    ("database", FAULT),
    ("unavailable", UNAVAILABLE),
];

/// An extractor of the application, which fails for the names that [`fail`] knows.
struct Checked;

impl<S: Sync> FromSocket<S> for Checked {
    type Rejection = AppError;

    async fn from_socket(socket: &Socket, _: &S) -> Result<Self, AppError> {
        let handshake = socket.handshake();
        let query = handshake.uri().query().unwrap_or_default();
        let kind = query.rsplit("extract=").next().unwrap_or_default();
        fail(&kind.replace("%20", " ")).map(|()| Self)
    }
}

#[derive(Deserialize)]
struct Login {
    kind: String,
}

async fn middleware(auth: Result<Auth<Login>, AuthRejection>) -> Result<(), AppError> {
    let Auth(Login { kind }) = auth?;
    fail(&kind)
}

async fn event_middleware(
    event: EventName,
    args: Result<Data<String>, DataRejection>,
) -> Result<(), AppError> {
    match args {
        Ok(Data(kind)) if event == "middleware" => fail(&kind),
        _ => Ok(()),
    }
}

async fn wrap(
    event: EventName,
    args: Result<Data<String>, DataRejection>,
    next: Next,
) -> Result<Outcome, AppError> {
    if event == "wrap" {
        let Data(kind) = args?;
        fail(&kind)?;
    }
    Ok(next.run().await)
}

async fn handler(Data(kind): Data<String>) -> Result<Reply<&'static str>, AppError> {
    fail(&kind)?;
    Ok(Reply("done"))
}

async fn allow_request(uri: Uri) -> Result<(), AppError> {
    let query = uri.query().unwrap_or_default();
    let kind = query.rsplit("refuse=").next().unwrap_or_default();
    fail(&kind.replace("%20", " "))
}

fn layer(builder: SocketIoBuilder) -> SocketIoLayer {
    let layer = builder.allow_request(allow_request).build();
    let io = layer.io();
    io.of("/")
        .event_middleware(event_middleware)
        .wrap(wrap)
        .on("handler", handler)
        .on("extract", async |_: Checked| Reply("extracted"));
    io.of("/members").middleware(middleware);
    io.of("/checked")
        .middleware(async |_: Checked| Ok::<_, AppError>(()));
    layer
}

async fn start() -> SocketAddr {
    serve(layer(SocketIoLayer::builder())).await
}

#[tokio::test]
async fn events_are_answered_with_status_text_code_and_data() {
    let addr = start().await;
    let (mut client, _) = join(addr).await;
    for event in ["handler", "middleware", "wrap"] {
        for (kind, answer) in ANSWERS {
            client.send(&format!(r#"420["{event}","{kind}"]"#)).await;
            client.expect(&format!("430[{answer}]")).await;
        }
    }
    client.send(r#"421["handler","nothing"]"#).await;
    client.expect(r#"431["done"]"#).await;
    // The rejection of another extractor gets a code.
    client.send(r#"422["wrap",7]"#).await;
    client
        .expect(r#"432[{"status":"Bad Request","error":"…","code":"arguments"}]"#)
        .await;
    assert_alive(&mut client).await;
}

#[tokio::test]
async fn extractors_of_the_application_fail_with_the_same_error() {
    let addr = start().await;
    for (kind, answer) in ANSWERS {
        let kind = kind.replace(' ', "%20");
        let target = format!("{WEBSOCKET}&extract={kind}");
        let mut client = WsClient::connect(addr, &target).await;
        client.expect("0{…}").await;
        client.send("40").await;
        client.expect(r#"40{"sid":"…"}"#).await;
        client.send(r#"420["extract"]"#).await;
        client.expect(&format!("430[{answer}]")).await;
        client.send("40/checked,").await;
        client.expect(&refused("/checked", answer)).await;
    }
}

/// Returns the packet that refuses to join a namespace with the error of an answer.
fn refused(namespace: &str, answer: &str) -> String {
    let (message, data) = match answer {
        SOLD_OUT => (
            "sold out",
            r#"{"code":"sold_out","data":{"left":3},"status":409}"#,
        ),
        FAULT => ("Internal Server Error", r#"{"status":500}"#),
        _ => (
            "Internal Server Error",
            r#"{"code":"unavailable","status":500}"#,
        ),
    };
    format!(r#"44{namespace},{{"message":"{message}","data":{data}}}"#)
}

#[tokio::test]
async fn clients_are_refused_with_status_code_and_data() {
    let addr = start().await;
    let mut client = open(addr).await;
    for (kind, answer) in ANSWERS {
        client
            .send(&format!(r#"40/members,{{"kind":"{kind}"}}"#))
            .await;
        client.expect(&refused("/members", answer)).await;
    }
    client.send("40/members,{}").await;
    client
        .expect(r#"44/members,{"message":"…","data":{"status":400}}"#)
        .await;
    client.send(r#"40/members,{"kind":"nothing"}"#).await;
    client.expect(r#"40/members,{"sid":"…"}"#).await;
}

/// The form of Node's server. The text of a server fault is hidden.
#[tokio::test]
async fn requests_are_refused_with_the_text() {
    let addr = start().await;
    for (kind, message) in [
        ("sold%20out", "sold out"),
        ("database", "Forbidden"),
        ("unavailable", "Forbidden"),
    ] {
        let target = format!("/socket.io/?EIO=4&transport=polling&refuse={kind}");
        let response = Request::get(&target).send(addr).await;
        response.assert(403, &format!(r#"{{"code":4,"message":"{message}"}}"#));
    }
}

#[test]
fn a_rejection_keeps_its_code_and_data() {
    let rejection = Rejection::new("no").with_code("c").with_data([1, 2]);
    let copy = rejection.clone();
    // A change of a clone does not change the original.
    let other = copy.with_code("other".to_owned()).with_data("data");
    assert_eq!(rejection.code(), Some("c"));
    assert_eq!(rejection.data(), Some(&json!([1, 2])));
    assert_eq!(
        serde_json::to_string(&other).expect("a rejection is JSON"),
        r#"{"status":"Bad Request","error":"no","code":"other","data":"data"}"#
    );
    let without = Rejection::new("no").with_data(HashMap::from([((), 1)]));
    assert_eq!(without.data(), None);
}

/// The lines that are logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.0.lock().expect("no panic"));
        String::from_utf8(bytes).expect("the log is text")
    }
}

/// The client does not receive the reason, so the log must have it.
#[tokio::test]
async fn server_faults_are_logged_in_every_place() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::ERROR)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let addr = start().await;
    let (mut client, _) = join(addr).await;
    for event in ["handler", "middleware", "wrap"] {
        client.send(&format!(r#"42["{event}","database"]"#)).await;
        assert_alive(&mut client).await;
        let line = log.take();
        let texts = [
            "ERROR",
            event,
            "the database failed: the password is secret",
        ];
        assert!(texts.iter().all(|text| line.contains(text)), "{line}");
        client.send(&format!(r#"42["{event}","sold out"]"#)).await;
        assert_alive(&mut client).await;
        assert_eq!(log.take(), "");
    }
    client.send(r#"40/members,{"kind":"database"}"#).await;
    client.expect("44/members,{…}").await;
    assert!(log.take().contains("the password is secret"));
    let target = "/socket.io/?EIO=4&transport=polling&refuse=database";
    Request::get(target).send(addr).await.assert(403, "{…}");
    assert!(log.take().contains("the password is secret"));
}

//! Connect handlers and middleware.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum_extra::TypedHeader;
use axum_extra::extract::CookieJar;
use axum_extra::headers::UserAgent;
use http::{HeaderMap, Method, Uri};
use serde_json::{Value, json};

use super::*;
use crate::connect_error::ConnectError;
use crate::context::ConnectContext;
use crate::extract::{Auth, AuthRejection, PartsRejection, SocketData};
use crate::handler::{ConnectHandler, ConnectListener, Middleware, MiddlewareListener};
use crate::io::SocketIo;
use crate::namespace::Namespace;

fn context(auth: &Value) -> ConnectContext {
    let auth = match auth {
        Value::Null => Args::default(),
        auth => Args::from_serialize(None, auth).unwrap(),
    };
    ConnectContext::new(socket(), auth)
}

/// Joins through one middleware; tells what the client is told.
#[track_caller]
fn join<M, T>(middleware: M, auth: &Value) -> Result<(), (String, Option<Value>)>
where
    M: Middleware<T, ()>,
    T: 'static,
{
    let told = |error: ConnectError| (error.message().to_owned(), error.data().cloned());
    let listener = MiddlewareListener::new(middleware, ());
    ready(listener.call(&mut context(auth))).map_err(told)
}

#[track_caller]
fn connect<H, T>(handler: H, state: App) -> Result<(), ConnectError>
where
    H: ConnectHandler<T, App>,
    T: 'static,
{
    ready(ConnectListener::new(handler, state).call(context(&json!({ "token": "t" }))))
}

#[test]
fn every_extractor_of_the_phase() {
    #[expect(clippy::too_many_arguments, reason = "every one")]
    async fn connected(
        socket: Socket,
        namespace: Namespace,
        io: SocketIo,
        Auth(login): Auth<Login>,
        State(log): State<Log>,
        Query(query): Query<Room>,
        headers: HeaderMap,
        TypedHeader(agent): TypedHeader<UserAgent>,
        cookies: CookieJar,
        Tenant(tenant): Tenant,
        Path(path): Path,
        data: Option<SocketData<u8>>,
    ) {
        let _ = (socket, namespace, io);
        log.add(format_args!(
            "{} {} {tenant} {path}",
            login.token, query.room
        ));
        log.add(headers.len());
        log.add(agent);
        log.add(cookies.get("theme").unwrap().value());
        log.add(data.is_none());
    }
    let (app, log) = App::new();
    connect(connected, app).unwrap();
    log.expect(["t blue acme /socket.io/", "3", "test/1", "dark", "true"]);
}

#[test]
fn results_and_options_never_reject() {
    async fn connected(
        auth: Result<Auth<u8>, AuthRejection>,
        query: Result<Query<Login>, QueryRejection>,
        nobody: Result<Nobody, PartsRejection>,
        refused: Result<Refused, Rejection>,
        agent: Option<TypedHeader<UserAgent>>,
        never: Result<Socket, Infallible>,
        State(log): State<Log>,
    ) {
        let _: Socket = never.unwrap();
        let failed = [
            auth.is_err(),
            query.is_err(),
            nobody.is_err(),
            refused.is_err(),
        ];
        log.add(format_args!("{failed:?} {}", agent.is_some()));
    }
    let (app, log) = App::new();
    connect(connected, app).unwrap();
    log.expect(["[true, true, true, true] true"]);
}

#[test]
fn a_connect_handler_may_fail_and_the_client_stays() {
    let (app, log) = App::new();
    let handler = async |State(log): State<Log>| {
        log.add("ran");
        Err::<(), _>("no luck")
    };
    connect(handler, app).unwrap();
    log.expect(["ran"]);
}

#[test]
fn a_connect_handler_that_cannot_run_says_why() {
    let (app, log) = App::new();
    let handler = async |_: Nobody, State(log): State<Log>| log.add("ran");
    let error = connect(handler, app).unwrap_err();
    assert_eq!(error.message(), "nobody may");
    log.expect([]);
}

#[test]
fn middleware_decides() {
    async fn authenticate(Auth(login): Auth<Login>) -> Result<(), ConnectError> {
        match login.token.as_str() {
            "good" => Ok(()),
            _ => Err(ConnectError::new("bad token").with_data(7)),
        }
    }
    assert_eq!(join(authenticate, &json!({ "token": "good" })), Ok(()));
    let bad = Err(("bad token".to_owned(), Some(json!(7))));
    assert_eq!(join(authenticate, &json!({ "token": "bad" })), bad);
    assert_eq!(
        join(async || Err("closed"), &Value::Null),
        Err(("closed".to_owned(), None))
    );
}

#[test]
fn a_chain_runs_on_one_context() {
    #[derive(Clone)]
    struct User(&'static str);

    let mut cx = context(&Value::Null);
    let first = MiddlewareListener::new(
        async |socket: Socket| {
            socket.data().insert(User("ada"));
            Ok::<_, Infallible>(())
        },
        (),
    );
    let second = MiddlewareListener::new(
        async |SocketData(user): SocketData<User>| Err::<(), _>(user.0.to_owned()),
        (),
    );
    assert_eq!(ready(first.call(&mut cx)), Ok(()));
    assert_eq!(ready(second.call(&mut cx)), Err(ConnectError::new("ada")));
}

#[test]
fn the_payload_may_be_missing() {
    let none = Value::Null;
    assert_eq!(
        join(async |_: Auth<Option<Login>>| Ok::<_, String>(()), &none),
        Ok(())
    );
    assert_eq!(join(async |_: Auth<()>| Ok::<_, String>(()), &none), Ok(()));

    let (message, data) = join(async |_: Auth<Login>| Ok::<_, String>(()), &none).unwrap_err();
    assert_eq!(
        message,
        "the client sent no auth payload; set its `auth` option to what the server takes"
    );
    assert_eq!(data, Some(json!({ "status": 400 })));
}

#[test]
fn a_payload_of_the_wrong_shape_is_told() {
    let wrong = json!({ "name": "ada" });
    let (message, data) = join(async |_: Auth<Login>| Ok::<_, String>(()), &wrong).unwrap_err();
    assert!(
        message.starts_with("the auth payload is not what the server takes: "),
        "{message}"
    );
    assert!(message.contains("`token`"), "{message}");
    assert!(
        message.ends_with("; correct the client's `auth` option"),
        "{message}"
    );
    assert_eq!(data, Some(json!({ "status": 400 })));
}

#[test]
fn rejections_tell_text_and_status() {
    let none = Value::Null;
    let expected = ("nobody may".to_owned(), Some(json!({ "status": 403 })));
    assert_eq!(
        join(async |_: Nobody| Ok::<_, String>(()), &none),
        Err(expected)
    );
    let expected = (
        "not now; try later".to_owned(),
        Some(json!({ "status": 409 })),
    );
    assert_eq!(
        join(async |_: Refused| Ok::<_, String>(()), &none),
        Err(expected)
    );
}

#[test]
fn a_fault_of_the_server_is_not_told() {
    let internal = "Internal Server Error".to_owned();
    let expected = Err((internal, Some(json!({ "status": 500 }))));
    let middleware = async |_: SocketData<Login2>| Ok::<_, String>(());
    assert_eq!(join(middleware, &Value::Null), expected);

    #[derive(Clone)]
    struct Login2;
}

#[test]
fn plain_parts_are_extractors_too() {
    let middleware = async |method: Method, uri: Uri| Err::<(), _>(format!("{method} {uri}"));
    let expected = "GET /socket.io/?EIO=4&room=blue".to_owned();
    assert_eq!(join(middleware, &Value::Null), Err((expected, None)));
}

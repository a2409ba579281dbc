//! Tests of connect handlers and namespace middleware.

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use http::{HeaderMap, Method, Uri};
use serde_json::{Value, json};

use super::*;
use crate::context::ConnectContext;
use crate::error::connect_error::ConnectError;
use crate::extract::{Auth, AuthRejection, PartsRejection, SocketData};
use crate::handler::{ConnectHandler, ConnectListener, Middleware, MiddlewareListener};
use crate::server::io::SocketIo;

/// Joins a namespace with one middleware, and returns the error that the client receives if it is
/// refused.
async fn join<M, T>(middleware: M, auth: &str) -> Result<(), Value>
where
    M: Middleware<T, App>,
    T: 'static,
{
    let mut client = Client::open(|namespace| namespace.middleware(middleware)).await;
    let answer = client.connect(auth).await;
    match answer.strip_prefix("44") {
        Some(error) => Err(serde_json::from_str(error).unwrap()),
        None => Ok(()),
    }
}

/// Joins a namespace with one connect handler, and returns the lines that it has written.
async fn connect<H, T>(handler: H) -> Log
where
    H: ConnectHandler<T, App>,
    T: 'static,
{
    let mut client = Client::open(|namespace| namespace.on_connect(handler)).await;
    let answer = client.connect(r#"{"token":"t"}"#).await;
    assert!(answer.starts_with("40"), "{answer}");
    client.exchange("").await;
    client.app.log
}

#[tokio::test]
async fn a_connect_handler_takes_each_extractor_of_its_phase() {
    #[expect(clippy::too_many_arguments, reason = "every one")]
    async fn connected(
        socket: Socket,
        namespace: Namespace,
        _: SocketIo,
        Auth(login): Auth<Login>,
        State(log): State<Log>,
        State(_): State<App>,
        Query(query): Query<Room>,
        headers: HeaderMap,
        Extension(extension): Extension<&'static str>,
        Tenant(tenant): Tenant,
        Path(path): Path,
        data: Option<SocketData<u8>>,
    ) {
        assert_eq!(socket.namespace().name(), namespace.name());
        log.add(format_args!(
            "{} {} {tenant} {path}",
            login.token, query.room
        ));
        log.add(format_args!("{:?} {extension}", headers["cookie"]));
        log.add(data.is_none());
    }
    let log = connect(connected).await;
    log.expect([
        "t blue acme /socket.io/",
        "\"theme=dark\" from an outer layer",
        "true",
    ]);
}

#[tokio::test]
async fn results_and_options_never_reject() {
    async fn connected(
        auth: Result<Auth<u8>, AuthRejection>,
        query: Result<Query<Login>, QueryRejection>,
        forbidden: Result<Forbidden, PartsRejection>,
        refused: Result<Refused, Rejection>,
        extension: Option<Extension<u8>>,
        never: Result<Socket, Infallible>,
        State(log): State<Log>,
    ) {
        let _: Socket = never.unwrap();
        log.add(format_args!("{} {}", auth.is_err(), query.is_err()));
        log.add(format_args!("{} {}", forbidden.is_err(), refused.is_err()));
        log.add(extension.is_none());
    }
    connect(connected)
        .await
        .expect(["true true", "true true", "true"]);
}

#[tokio::test]
async fn a_client_stays_when_its_connect_handler_fails() {
    let log = connect(async |State(log): State<Log>| {
        log.add("ran");
        Err::<(), _>("no luck")
    });
    log.await.expect(["ran"]);
}

#[tokio::test]
async fn a_rejected_argument_of_a_connect_handler_is_reported() {
    let client = Client::join(|namespace| namespace).await;
    let handler = async |_: Forbidden, State(log): State<Log>| log.add("ran");
    let listener = ConnectListener::new(handler, client.app.clone());
    let cx = ConnectContext::new(client.socket(), Args::default());
    let error = listener.call(cx).await.unwrap_err();
    assert_eq!(error.message(), "not allowed");
    client.app.log.expect([]);
}

#[tokio::test]
async fn optional_auth_is_none_without_a_payload_and_rejects_other_types() {
    async fn middleware(
        auth: Option<Auth<Login>>,
        result: Result<Auth<Login>, Rejection>,
    ) -> Result<(), String> {
        let result = result.map(|Auth(login)| login.token);
        match auth {
            None => Err(format!("none {}", result.is_err())),
            Some(Auth(login)) => Err(format!("{} {}", login.token, result.is_ok())),
        }
    }
    let refused = async |auth| {
        let error = join(middleware, auth).await.unwrap_err();
        error["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(refused("").await, "none true");
    assert_eq!(refused(r#"{"token":"t"}"#).await, "t true");
    let malformed = refused(r#"{"token":7}"#).await;
    assert!(malformed.contains("auth payload"), "{malformed}");
}

#[tokio::test]
async fn middleware_accepts_or_refuses_a_client() {
    async fn authenticate(Auth(login): Auth<Login>) -> Result<(), ConnectError> {
        match login.token.as_str() {
            "good" => Ok(()),
            _ => Err(ConnectError::new("bad token").with_data(7)),
        }
    }
    assert_eq!(join(authenticate, r#"{"token":"good"}"#).await, Ok(()));
    assert_eq!(
        join(authenticate, r#"{"token":"bad"}"#).await,
        Err(json!({ "message": "bad token", "data": 7 }))
    );
    assert_eq!(
        join(async || Err("closed"), "").await,
        Err(json!({ "message": "closed" }))
    );
}

#[tokio::test]
async fn chained_middleware_shares_one_context() {
    /// The number of extractions from this context.
    struct Visits(usize);

    impl<S: Sync> FromRequestParts<S> for Visits {
        type Rejection = Infallible;

        async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
            let visits = parts.extensions.get_or_insert_default::<usize>();
            *visits += 1;
            Ok(Self(*visits))
        }
    }

    let client = Client::join(|namespace| namespace).await;
    let mut cx = ConnectContext::new(client.socket(), Args::default());
    let middleware = async |Visits(visits): Visits| Err::<(), _>(visits.to_string());
    let listener = MiddlewareListener::new(middleware, ());
    assert_eq!(listener.call(&mut cx).await, Err(ConnectError::new("1")));
    assert_eq!(listener.call(&mut cx).await, Err(ConnectError::new("2")));
}

#[tokio::test]
async fn socket_data_is_visible_to_later_middleware() {
    #[derive(Clone)]
    struct User(&'static str);

    let mut client = Client::open(|namespace| {
        namespace
            .middleware(async |socket: Socket| {
                socket.data().insert(User("ada"));
                Ok::<_, Infallible>(())
            })
            .middleware(async |SocketData(user): SocketData<User>| Err(user.0))
    })
    .await;
    assert_eq!(client.connect("").await, r#"44{"message":"ada"}"#);
}

#[tokio::test]
async fn an_auth_payload_may_be_missing() {
    let optional = async |_: Auth<Option<Login>>| Ok::<_, String>(());
    assert_eq!(join(optional, "").await, Ok(()));
    assert_eq!(
        join(async |_: Auth<()>| Ok::<_, String>(()), "").await,
        Ok(())
    );
    assert_eq!(
        join(async |_: Auth<Login>| Ok::<_, String>(()), "").await,
        Err(json!({
            "message": "the client sent no auth payload; \
                        set its `auth` option to what the server takes",
            "data": { "status": 400 },
        }))
    );
}

#[tokio::test]
async fn a_client_with_an_invalid_auth_payload_receives_the_reason() {
    let middleware = async |_: Auth<Login>| Ok::<_, String>(());
    let error = join(middleware, r#"{"name":"ada"}"#).await.unwrap_err();
    let message = error["message"].as_str().unwrap();
    assert!(
        message.starts_with("the auth payload is not what the server takes: "),
        "{message}"
    );
    assert!(message.contains("`token`"), "{message}");
    assert!(
        message.ends_with("; correct the client's `auth` option"),
        "{message}"
    );
    assert_eq!(error["data"], json!({ "status": 400 }));
}

#[tokio::test]
async fn a_rejected_client_receives_text_and_status() {
    assert_eq!(
        join(async |_: Forbidden| Ok::<_, String>(()), "").await,
        Err(json!({ "message": "not allowed", "data": { "status": 403 } }))
    );
    assert_eq!(
        join(async |_: Refused| Ok::<_, String>(()), "").await,
        Err(json!({ "message": "not now; try later", "data": { "status": 409 } }))
    );
}

#[tokio::test]
async fn a_server_fault_is_hidden_from_the_client() {
    let middleware = async |_: SocketData<u8>| Ok::<_, String>(());
    assert_eq!(
        join(middleware, "").await,
        Err(json!({ "message": "Internal Server Error", "data": { "status": 500 } }))
    );
}

#[tokio::test]
async fn method_and_uri_are_extractors() {
    let middleware =
        async |method: Method, uri: Uri| Err::<(), _>(format!("{method} {}", uri.path()));
    assert_eq!(
        join(middleware, "").await,
        Err(json!({ "message": "GET /socket.io/" }))
    );
}

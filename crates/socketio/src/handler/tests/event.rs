//! Tests of event handlers and their arguments.

use std::future::poll_fn;
use std::task::Poll;

use axum::Extension;
use axum::extract::{Query, State};
use http::HeaderMap;

use super::*;
use crate::extract::{Ack, Data, DataRejection, EventName, FromEvent as _, MissingAck, SocketData};
use crate::handler::EventListener;
use crate::handler::OnRejected;
use crate::server::io::SocketIo;

/// Sends `message` to a handler, and returns the lines that it has written.
async fn emit<H, T>(handler: H, args: &str) -> Log
where
    H: EventHandler<T, App>,
    T: 'static,
{
    let mut client = Client::join(|namespace| {
        namespace
            .on_connect(async |socket: Socket| {
                socket.data().insert(42_u8);
            })
            .on("message", handler)
    })
    .await;
    client.exchange(&format!("42[\"message\"{args}]")).await;
    client.app.log
}

#[tokio::test]
async fn an_event_handler_takes_each_extractor_of_its_phase() {
    #[expect(clippy::too_many_arguments, reason = "every one")]
    async fn message(
        socket: Socket,
        namespace: Namespace,
        _: SocketIo,
        Data(text): Data<String>,
        name: EventName,
        ack: Option<Ack>,
        State(log): State<Log>,
        Query(query): Query<Room>,
        headers: HeaderMap,
        Tenant(tenant): Tenant,
        Path(path): Path,
        SocketData(data): SocketData<u8>,
    ) {
        assert_eq!(socket.namespace().name(), namespace.name());
        log.add(format_args!(
            "{name} {text} {} {}",
            ack.is_none(),
            query.room
        ));
        log.add(format_args!(
            "{:?} {tenant} {path} {data}",
            headers["cookie"]
        ));
    }
    let log = emit(message, r#","hello""#).await;
    log.expect([
        "message hello true blue",
        "\"theme=dark\" acme /socket.io/ 42",
    ]);
}

#[tokio::test]
async fn results_and_options_never_reject() {
    async fn message(
        number: Result<Data<u32>, DataRejection>,
        ack: Result<Ack, MissingAck>,
        forbidden: Result<Forbidden, (StatusCode, &'static str)>,
        refused: Result<Refused, Rejection>,
        extension: Option<Extension<u8>>,
        data: Option<SocketData<String>>,
        State(log): State<Log>,
    ) {
        log.add(format_args!("{} {}", number.is_err(), ack.is_err()));
        log.add(format_args!("{} {}", forbidden.is_err(), refused.is_err()));
        log.add(format_args!("{} {}", extension.is_none(), data.is_none()));
    }
    let log = emit(message, r#","hello""#).await;
    log.expect(["true true", "true true", "true true"]);
}

#[tokio::test]
async fn data_takes_a_tuple_one_or_no_argument() {
    async fn two(Data((number, text)): Data<(u32, String)>, State(log): State<Log>) {
        log.add(format_args!("{number} {text}"));
    }
    async fn list(Data(list): Data<Vec<u32>>, State(log): State<Log>) {
        log.add(list.len());
    }
    async fn none(Data(()): Data<()>, State(log): State<Log>) {
        log.add("none");
    }
    async fn missing(Data(number): Data<Option<u32>>, State(log): State<Log>) {
        log.add(number.is_none());
    }
    emit(two, r#",1,"b""#).await.expect(["1 b"]);
    emit(list, ",[1,2,3]").await.expect(["3"]);
    emit(none, r#",1,"ignored""#).await.expect(["none"]);
    emit(missing, "").await.expect(["true"]);
}

/// As axum's `Option` extractors: `None` if there is no value, and a rejection if it is malformed.
#[tokio::test]
async fn optional_data_is_none_without_an_argument_and_rejects_other_types() {
    async fn message(data: Option<Data<u32>>, State(log): State<Log>) {
        log.add(format_args!("{:?}", data.map(|Data(number)| number)));
    }
    emit(message, "").await.expect(["None"]);
    emit(message, ",null").await.expect(["None"]);
    emit(message, ",7").await.expect(["Some(7)"]);
    emit(message, ",7,null").await.expect(["Some(7)"]);
    emit(message, r#","text""#).await.expect([]);
    emit(message, ",null,7").await.expect([]);

    async fn two(data: Option<Data<(u32, u32)>>, State(log): State<Log>) {
        log.add(format_args!("{:?}", data.map(|Data(numbers)| numbers)));
    }
    emit(two, "").await.expect(["None"]);
    emit(two, ",1,2").await.expect(["Some((1, 2))"]);
    emit(two, ",1").await.expect([]);
}

#[tokio::test]
async fn a_result_can_have_any_error_that_the_rejection_converts_into() {
    struct Text(String);
    impl From<DataRejection> for Text {
        fn from(rejection: DataRejection) -> Self {
            Self(rejection.to_string())
        }
    }
    async fn message(
        rejection: Result<Data<u32>, Rejection>,
        text: Result<Data<u32>, Text>,
        optional: Result<Option<Data<u32>>, Rejection>,
        State(log): State<Log>,
    ) {
        match (rejection, text, optional) {
            (Ok(Data(a)), Ok(Data(b)), Ok(Some(Data(c)))) => log.add(a + b + c),
            (Err(a), Err(Text(b)), Err(c)) => {
                assert!(a.to_string() == b && b == c.to_string());
                log.add("rejected");
            }
            _ => log.add("different"),
        }
    }
    emit(message, ",7").await.expect(["21"]);
    emit(message, r#","text""#).await.expect(["rejected"]);
}

#[tokio::test]
async fn functions_and_closures_are_handlers() {
    async fn function() {}
    async fn generic<S>(_: State<Log>)
    where
        Log: FromRef<S>,
    {
    }
    let log = Log::default();
    let captured = log.clone();
    let capturing = move |Data(text): Data<String>| async move { captured.add(text) };
    emit(function, "").await;
    emit(generic::<App>, "").await;
    emit(|| async {}, "").await;
    emit(capturing, r#","captured""#).await;
    log.expect(["captured"]);
}

#[tokio::test]
async fn an_event_name_can_be_compared_and_printed() {
    async fn message(name: EventName, State(log): State<Log>) {
        assert!(name == "message" && name == *"message" && name.len() == 7);
        log.add(format_args!("{name:>8}"));
    }
    emit(message, "").await.expect([" message"]);
}

#[tokio::test]
async fn a_call_does_not_clone_the_state() {
    let handler = async |_: State<Log>, _: Data<u8>| {};
    let mut client = Client::join(|namespace| namespace.on("message", handler)).await;
    let clones = Arc::clone(&client.app.clones);
    let before = clones.load(Ordering::Relaxed);
    client
        .exchange("42[\"message\",1]\u{1e}42[\"message\",2]")
        .await;
    assert_eq!(clones.load(Ordering::Relaxed), before);
}

#[tokio::test]
async fn a_call_outlives_its_registration() {
    /// Is pending once, so that the call outlives its first poll.
    struct Late;

    impl FromRequestParts<App> for Late {
        type Rejection = Infallible;

        async fn from_request_parts(_: &mut Parts, app: &App) -> Result<Self, Infallible> {
            let mut polls = 0;
            poll_fn(|_| {
                polls += 1;
                if polls == 1 {
                    Poll::Pending
                } else {
                    Poll::Ready(())
                }
            })
            .await;
            app.log.add("late");
            Ok(Self)
        }
    }

    let client = Client::join(|namespace| namespace).await;
    let listener = EventListener::new(async |_: Late| {}, client.app.clone());
    let mut call = listener.run(event(&client.socket(), "x"), not_rejected());
    drop(listener);
    assert!((&mut call).now_or_never().is_none());
    assert!(call.now_or_never().is_some());
    client.app.log.expect(["late"]);
}

/// Extracting the state is cheap. Copying the request is not.
#[tokio::test]
async fn extracting_state_does_not_copy_the_request() {
    let client = Client::join(|namespace| namespace).await;
    let mut context = event(&client.socket(), "x");
    let part = State::<Log>::from_event(&mut context, &client.app).await;
    part.unwrap().add("part");
    let whole = State::<App>::from_event(&mut context, &client.app).await;
    whole.unwrap().log.add("whole");
    client.app.log.expect(["part", "whole"]);
    assert!(!context.has_parts());
    Tenant::from_event(&mut context, &client.app).await.unwrap();
    assert!(context.has_parts());
    context.finish_extraction();
    assert!(!context.has_parts());
}

/// An event costs one allocation. Allocators are fast for small ones; glibc up to 1032 bytes.
#[tokio::test]
async fn a_call_is_small() {
    async fn typical(socket: Socket, State(log): State<Log>, Data(text): Data<String>) {
        log.add(&text);
        socket.emit("message", &text);
    }

    let client = Client::join(|namespace| namespace).await;
    let listener = EventListener::new(typical, client.app.clone());
    let call = listener.run(event(&client.socket(), "x"), not_rejected());
    assert!(size_of_val(&*call) <= 400, "{}", size_of_val(&*call));
}

#[tokio::test]
async fn a_call_does_not_see_header_changes_of_another_call() {
    /// Whether no extractor has removed the header before.
    struct First(bool);

    impl<S: Sync> FromRequestParts<S> for First {
        type Rejection = Infallible;

        async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
            Ok(Self(parts.headers.remove("x-tenant").is_some()))
        }
    }

    async fn message(First(one): First, First(two): First, State(log): State<Log>) {
        log.add(format_args!("{one} {two}"));
    }

    let mut client = Client::join(|namespace| namespace.on("message", message)).await;
    client
        .exchange("42[\"message\"]\u{1e}42[\"message\"]")
        .await;
    client.app.log.expect(["true false", "true false"]);
}

/// Returns the action for an event that is not rejected.
fn not_rejected() -> OnRejected {
    OnRejected {
        action: |_, _, _| unreachable!("the handler runs"),
        listener: None,
    }
}

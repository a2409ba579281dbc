//! Event handlers and their arguments.

use axum::extract::{Query, State};
use axum_extra::TypedHeader;
use axum_extra::headers::UserAgent;
use http::HeaderMap;
use http::request::Parts;

use super::*;
use crate::extract::{Ack, Data, DataRejection, EventName, MissingAck, SocketData};
use crate::io::SocketIo;
use crate::namespace::Namespace;

#[track_caller]
fn emit<H, T>(handler: H, args: &(impl Serialize + ?Sized)) -> Log
where
    H: EventHandler<T, App>,
    T: 'static,
{
    let (app, log) = App::new();
    let socket = socket();
    socket.data().insert(42_u8);
    let cx = event(&socket, args, None);
    ready(EventListener::new(handler, app).call(cx)).unwrap();
    log
}

#[test]
fn every_extractor_of_the_phase() {
    #[expect(clippy::too_many_arguments, reason = "every one")]
    async fn message(
        socket: Socket,
        namespace: Namespace,
        io: SocketIo,
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
        let _ = (socket, namespace, io);
        log.add(format_args!(
            "{name} {text} {} {}",
            ack.is_none(),
            query.room
        ));
        log.add(format_args!("{} {tenant} {path} {data}", headers.len()));
    }
    emit(message, "hello").expect(["message hello true blue", "3 acme /socket.io/ 42"]);
}

#[test]
fn results_and_options_never_reject() {
    async fn message(
        number: Result<Data<u32>, DataRejection>,
        ack: Result<Ack, MissingAck>,
        nobody: Result<Nobody, (StatusCode, &'static str)>,
        refused: Result<Refused, Rejection>,
        agent: Option<TypedHeader<UserAgent>>,
        data: Option<SocketData<String>>,
        State(log): State<Log>,
    ) {
        let failed = [
            number.is_err(),
            ack.is_err(),
            nobody.is_err(),
            refused.is_err(),
        ];
        log.add(format_args!(
            "{failed:?} {} {}",
            agent.is_some(),
            data.is_none()
        ));
    }
    emit(message, "hello").expect(["[true, true, true, true] true true"]);
}

#[test]
fn arguments_are_a_tuple_one_or_none() {
    let log = emit(
        async |Data((number, text)): Data<(u32, String)>, State(log): State<Log>| {
            log.add(format_args!("{number} {text}"));
        },
        &(1, "b"),
    );
    log.expect(["1 b"]);
    let log = emit(
        async |Data(list): Data<Vec<u32>>, State(log): State<Log>| log.add(list.len()),
        &(vec![1, 2, 3],),
    );
    log.expect(["3"]);
    let log = emit(
        async |Data(()): Data<()>, State(log): State<Log>| log.add("none"),
        &(1, "ignored"),
    );
    log.expect(["none"]);
    let log = emit(
        async |Data(number): Data<Option<u32>>, State(log): State<Log>| {
            log.add(number.is_none());
        },
        &(),
    );
    log.expect(["true"]);
}

#[test]
fn handlers_of_every_form() {
    async fn function() {}
    async fn generic<S>(_: State<Log>)
    where
        Log: FromRef<S>,
    {
    }
    let log = Log::default();
    let captured = log.clone();
    emit(function, "x");
    emit(generic::<App>, "x");
    emit(|| async {}, "x");
    emit(
        move |Data(text): Data<String>| async move { captured.add(text) },
        "captured",
    );
    log.expect(["captured"]);
}

#[test]
fn the_state_is_borrowed_across_waiting() {
    /// Waits once, so that the call outlives its first poll.
    struct Late;

    impl FromRequestParts<App> for Late {
        type Rejection = Infallible;

        async fn from_request_parts(_: &mut Parts, app: &App) -> Result<Self, Infallible> {
            let mut polls = 0;
            std::future::poll_fn(|_| {
                polls += 1;
                match polls {
                    1 => std::task::Poll::Pending,
                    _ => std::task::Poll::Ready(()),
                }
            })
            .await;
            app.log.add("late");
            Ok(Self)
        }
    }

    let (app, log) = App::new();
    let listener = EventListener::new(async |_: Late| {}, app);
    let mut call = listener.call(event(&socket(), "x", None));
    // The registration goes, as that of a namespace that is removed; the call has its own hold.
    drop(listener);
    assert!((&mut call).now_or_never().is_none());
    assert!(call.now_or_never().is_some());
    log.expect(["late"]);
}

#[test]
fn one_call_does_not_see_what_another_did_to_the_request() {
    struct Once(bool);

    impl<S: Sync> FromRequestParts<S> for Once {
        type Rejection = Infallible;

        async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
            #[derive(Clone)]
            struct Seen;

            let header = parts.headers.remove("x-tenant").is_some();
            Ok(Self(parts.extensions.insert(Seen).is_none() && header))
        }
    }

    let (app, log) = App::new();
    let listener = EventListener::new(
        async |Once(first): Once, Once(second): Once, State(log): State<Log>| {
            log.add(format_args!("{first} {second}"));
        },
        app,
    );
    let socket = socket();
    for _ in 0..2 {
        ready(listener.call(event(&socket, "x", None))).unwrap();
    }
    log.expect(["true false", "true false"]);
}

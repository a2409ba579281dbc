//! Events whose handler does not run, or does not end well.

use serde_json::{Value, json};

use super::*;
use crate::extract::{Ack, Data, EventName, SocketData};
use crate::handler::Reply;

const SERVER_FAULT: &str = r#"37[{"status":"Internal Server Error","error":"the server failed to handle this; its log has the reason"}]"#;

/// Sends `message` to a handler; gives back why it did not run.
#[track_caller]
fn rejection<H, T>(handler: H, args: &(impl Serialize + ?Sized)) -> Rejection
where
    H: EventHandler<T, ()>,
    T: 'static,
{
    let cx = event(&socket(), args, None);
    ready(EventListener::new(handler, ()).call(cx)).expect_err("the handler does not run")
}

/// Sends `message` to a handler that is rejected, and from there to `on_rejection`.
#[track_caller]
fn answer_of<H, T, R, U>(handler: H, on_rejection: R) -> Vec<String>
where
    H: EventHandler<T, ()>,
    T: 'static,
    R: EventHandler<U, ()>,
    U: 'static,
{
    let socket = socket();
    let on_rejection = EventListener::new(on_rejection, ());
    let listener = EventListener::new(handler, ());
    ready(listener.run(Some(on_rejection), event(&socket, "text", Some(7))));
    sent(&socket)
}

#[test]
fn data_that_does_not_fit() {
    let rejection = rejection(async |_: Data<u8>| {}, "text");
    assert!(rejection.is_arguments());
    assert_eq!(rejection.status(), "Bad Request");
    let text = rejection.to_string();
    assert!(text.starts_with("the arguments of `message` are not what its handler takes: "));
    assert!(text.contains("expected u8"), "{text}");
    assert!(
        text.ends_with("; emit what the handler's `Data` describes"),
        "{text}"
    );
    let answer = serde_json::to_value(&rejection).unwrap();
    assert_eq!(answer, json!({ "status": "Bad Request", "error": text }));
}

#[test]
fn an_acknowledgement_that_was_not_asked_for() {
    let rejection = rejection(async |ack: Ack| ack.send("x"), "x");
    assert!(rejection.is_missing_ack());
    assert_eq!(rejection.status(), "Bad Request");
    assert_eq!(
        rejection.to_string(),
        "`message` is to be acknowledged and the client did not ask for it; \
         emit it with a callback or `emitWithAck`, or let the handler take `Option<Ack>`"
    );
}

#[test]
fn an_extractor_of_axum_that_refuses() {
    let rejection = rejection(async |_: Nobody| {}, "x");
    assert!(rejection.is_extractor());
    assert_eq!(rejection.status(), "Forbidden");
    assert_eq!(rejection.to_string(), "nobody may");
}

#[test]
fn an_extractor_of_the_application_that_refuses() {
    let rejection = rejection(async |_: Refused| {}, "x");
    assert!(rejection.is_custom());
    assert_eq!(rejection.status(), "Conflict");
    assert_eq!(rejection.to_string(), "not now; try later");
}

#[test]
fn data_of_the_socket_that_is_not_there() {
    let rejection = rejection(async |_: SocketData<String>| {}, "x");
    assert!(rejection.is_server_fault());
    let text = rejection.to_string();
    assert!(text.contains("`alloc::string::String`"), "{text}");
    assert!(text.contains("`socket.data().insert(..)`"), "{text}");
    let answer = serde_json::to_string(&rejection).unwrap();
    assert!(!answer.contains("alloc"), "{answer}");
}

#[test]
fn a_panic_is_answered_without_its_details() {
    async fn message() {
        panic!("the password is s3cret");
    }
    assert_eq!(answer(message, "x"), [SERVER_FAULT]);
}

#[test]
fn a_panic_in_an_extractor_is_one_too() {
    struct Careless;

    impl<S: Sync> FromSocket<S> for Careless {
        type Rejection = Infallible;

        async fn from_socket(_: &Socket, _: &S) -> Result<Self, Infallible> {
            panic!("careless");
        }
    }

    assert_eq!(answer(async |_: Careless| {}, "x"), [SERVER_FAULT]);
}

#[test]
fn on_rejection_answers_in_its_own_way() {
    async fn rejected(
        rejection: Rejection,
        name: EventName,
        Data(data): Data<Value>,
    ) -> Reply<Value> {
        Reply(json!([name.as_str(), data, rejection.status()]))
    }
    let handler = async |_: Data<u8>| {};
    assert_eq!(
        answer_of(handler, rejected),
        [r#"37[["message","text","Bad Request"]]"#]
    );
}

#[test]
fn on_rejection_learns_of_panics() {
    async fn message() {
        panic!("out of luck");
    }
    let rejected = async |rejection: Rejection| {
        assert!(rejection.is_panic());
        Reply(rejection.to_string())
    };
    assert_eq!(
        answer_of(message, rejected),
        [r#"37["the handler panicked: out of luck; set RUST_BACKTRACE=1 to see where"]"#]
    );
}

#[test]
fn on_rejection_may_leave_it_at_that() {
    assert_eq!(
        answer_of(async |_: Data<u8>| {}, async |_: Rejection| {}),
        [""; 0]
    );
}

#[test]
fn on_rejection_may_answer_as_usual() {
    let answered = answer_of(async |_: Nobody| {}, async |rejection: Rejection| rejection);
    assert_eq!(
        answered,
        [r#"37[{"status":"Forbidden","error":"nobody may"}]"#]
    );
}

#[test]
fn on_rejection_that_fails_itself_leaves_the_usual_answer() {
    let usual = [r#"37[{"status":"Forbidden","error":"nobody may"}]"#];
    assert_eq!(
        answer_of(async |_: Nobody| {}, async |_: Data<u8>| {}),
        usual
    );
    async fn careless(_: Rejection) {
        panic!("careless");
    }
    assert_eq!(answer_of(async |_: Nobody| {}, careless), usual);
}

#[test]
fn a_rejection_is_an_argument_of_on_rejection_only() {
    let rejection = rejection(async |_: Rejection| {}, "x");
    assert_eq!(
        rejection.to_string(),
        "the handler of `message` takes a `Rejection`, and nothing was rejected; \
         register it with `on_rejection`"
    );
    assert!(rejection.is_server_fault());
}

#[test]
fn texts_are_rejections() {
    assert_eq!(Rejection::from("no").to_string(), "no");
    assert_eq!(Rejection::from("no".to_owned()).status(), "Bad Request");
    assert_eq!(
        Rejection::with_status(StatusCode::GONE, "").to_string(),
        "Gone"
    );
    let odd = StatusCode::from_u16(499).unwrap();
    assert_eq!(Rejection::with_status(odd, "").status(), "Bad Request");
}

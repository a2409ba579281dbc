//! Events whose handler does not run, or does not end well.

use serde_json::{Value, json};

use super::*;
use crate::extract::{Ack, Data, EventName, SocketData};

const SERVER_FAULT: &str = concat!(
    r#"437[{"status":"Internal Server Error","#,
    r#""error":"the server failed to handle this; its log has the reason"}]"#
);

/// Emits `message` with `null` to a handler that is rejected; gives the answer of `on_rejection`.
async fn answer_of<H, T, R, U>(handler: H, on_rejection: R) -> Vec<String>
where
    H: EventHandler<T, App>,
    T: 'static,
    R: EventHandler<U, App>,
    U: 'static,
{
    let mut client =
        Client::join(|namespace| namespace.on("message", handler).on_rejection(on_rejection)).await;
    client.exchange("427[\"message\",null]").await
}

#[tokio::test]
async fn data_that_does_not_fit() {
    let rejection = rejection(async |_: Data<u8>| {}, "text").await;
    assert!(rejection.is_arguments());
    assert_eq!(rejection.status(), "Bad Request");
    let text = rejection.to_string();
    let start = "the arguments of `message` are not what its handler takes: ";
    assert!(text.starts_with(start), "{text}");
    assert!(text.contains("expected u8"), "{text}");
    let end = "; emit what the handler's `Data` describes";
    assert!(text.ends_with(end), "{text}");
    let answer = serde_json::to_value(&rejection).unwrap();
    assert_eq!(answer, json!({ "status": "Bad Request", "error": text }));
}

#[tokio::test]
async fn an_acknowledgement_that_was_not_asked_for() {
    let rejection = rejection(async |ack: Ack| ack.send("x"), "x").await;
    assert!(rejection.is_missing_ack());
    assert_eq!(rejection.status(), "Bad Request");
    assert_eq!(
        rejection.to_string(),
        "`message` is to be acknowledged and the client did not ask for it; \
         emit it with a callback or `emitWithAck`, or let the handler take `Option<Ack>`"
    );
}

#[tokio::test]
async fn an_extractor_of_axum_that_refuses() {
    let rejection = rejection(async |_: Nobody| {}, "x").await;
    assert!(rejection.is_extractor());
    assert_eq!(rejection.status(), "Forbidden");
    assert_eq!(rejection.to_string(), "nobody may");
}

#[tokio::test]
async fn an_extractor_of_the_application_that_refuses() {
    let rejection = rejection(async |_: Refused| {}, "x").await;
    assert!(rejection.is_custom());
    assert_eq!(rejection.status(), "Conflict");
    assert_eq!(rejection.to_string(), "not now; try later");
}

#[tokio::test]
async fn data_of_the_socket_that_is_not_there() {
    let rejection = rejection(async |_: SocketData<String>| {}, "x").await;
    assert!(rejection.is_server_fault());
    let text = rejection.to_string();
    assert!(text.contains("`alloc::string::String`"), "{text}");
    assert!(text.contains("`socket.data().insert(..)`"), "{text}");
    let answer = serde_json::to_string(&rejection).unwrap();
    assert!(!answer.contains("alloc"), "{answer}");
}

#[tokio::test]
async fn a_panic_is_answered_without_its_details() {
    async fn message() {
        panic!("the password is s3cret");
    }
    assert_eq!(answer(message, "1").await, [SERVER_FAULT]);
}

#[tokio::test]
async fn a_panic_while_the_answer_is_written_is_one_too() {
    struct Careless;

    impl Serialize for Careless {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("careless");
        }
    }

    let returned = async || Reply(Careless);
    assert_eq!(answer(returned, "1").await, [SERVER_FAULT]);
    let sent = async |ack: Ack| ack.send(&Careless);
    assert_eq!(answer(sent, "1").await, [SERVER_FAULT]);
}

#[tokio::test]
async fn a_panic_in_an_extractor_is_one_too() {
    struct Careless;

    impl<S: Sync> FromSocket<S> for Careless {
        type Rejection = Infallible;

        async fn from_socket(_: &Socket, _: &S) -> Result<Self, Infallible> {
            panic!("careless");
        }
    }

    assert_eq!(answer(async |_: Careless| {}, "1").await, [SERVER_FAULT]);
}

#[tokio::test]
async fn on_rejection_answers_in_its_own_way() {
    async fn rejected(
        rejection: Rejection,
        name: EventName,
        Data(data): Data<Value>,
    ) -> Reply<Value> {
        Reply(json!([name.as_str(), data, rejection.status()]))
    }
    assert_eq!(
        answer_of(async |_: Data<u8>| {}, rejected).await,
        [r#"437[["message",null,"Bad Request"]]"#]
    );
}

#[tokio::test]
async fn on_rejection_sees_the_request_as_it_was() {
    /// Changes the request, and refuses it.
    struct Careless;

    impl<S: Sync> FromRequestParts<S> for Careless {
        type Rejection = StatusCode;

        async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
            parts.headers.clear();
            Err(StatusCode::FORBIDDEN)
        }
    }

    let rejected = async |Tenant(tenant): Tenant| Reply(tenant);
    assert_eq!(
        answer_of(async |_: Careless| {}, rejected).await,
        [r#"437["acme"]"#]
    );
}

#[tokio::test]
async fn handlers_see_the_request_as_it_was_before_middleware() {
    /// Changes the request.
    struct Careless;

    impl<S: Sync> FromRequestParts<S> for Careless {
        type Rejection = StatusCode;

        async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
            parts.headers.clear();
            Ok(Self)
        }
    }

    let mut client = Client::join(|namespace| {
        namespace
            .event_middleware(async |_: Careless| {})
            .on("message", async |Tenant(tenant): Tenant| Reply(tenant))
    })
    .await;
    let answer = client.exchange("427[\"message\"]").await;
    assert_eq!(answer, [r#"437["acme"]"#]);
}

#[tokio::test]
async fn a_handler_that_panics_while_it_is_copied_is_rejected() {
    struct Unwilling;

    impl Clone for Unwilling {
        fn clone(&self) -> Self {
            panic!("not today");
        }
    }

    let unwilling = Unwilling;
    let handler = move || {
        let _ = &unwilling;
        async {}
    };
    let rejected = async |rejection: Rejection| Reply(rejection.is_panic());
    assert_eq!(answer_of(handler, rejected).await, ["437[true]"]);
}

#[tokio::test]
async fn on_rejection_learns_of_panics() {
    async fn message() {
        panic!("out of luck");
    }
    let rejected = async |rejection: Rejection| {
        assert!(rejection.is_panic());
        Reply(rejection.to_string())
    };
    assert_eq!(
        answer_of(message, rejected).await,
        [r#"437["the handler panicked: out of luck; set RUST_BACKTRACE=1 to see where"]"#]
    );
}

#[tokio::test]
async fn on_rejection_may_leave_it_at_that() {
    let answered = answer_of(async |_: Data<u8>| {}, async |_: Rejection| {}).await;
    assert_eq!(answered, [""; 0]);
}

#[tokio::test]
async fn on_rejection_may_answer_as_usual() {
    let rejected = async |rejection: Rejection| rejection;
    assert_eq!(
        answer_of(async |_: Nobody| {}, rejected).await,
        [r#"437[{"status":"Forbidden","error":"nobody may"}]"#]
    );
}

#[tokio::test]
async fn on_rejection_that_fails_itself_leaves_the_usual_answer() {
    async fn careless(_: Rejection) {
        panic!("careless");
    }
    let usual = [r#"437[{"status":"Forbidden","error":"nobody may"}]"#];
    let rejected = async |_: Data<u8>| {};
    assert_eq!(answer_of(async |_: Nobody| {}, rejected).await, usual);
    assert_eq!(answer_of(async |_: Nobody| {}, careless).await, usual);
}

#[tokio::test]
async fn a_rejection_is_an_argument_of_on_rejection_only() {
    let rejection = rejection(async |_: Rejection| {}, "x").await;
    assert!(rejection.is_server_fault());
    assert_eq!(
        rejection.to_string(),
        "the handler of `message` takes a `Rejection`, and nothing was rejected; \
         register it with `on_rejection`"
    );
}

#[test]
fn texts_are_rejections() {
    assert_eq!(Rejection::from("no").to_string(), "no");
    assert_eq!(Rejection::from("no".to_owned()).status(), "Bad Request");
    let gone = Rejection::with_status(StatusCode::GONE, "");
    assert_eq!(gone.to_string(), "Gone");
    let odd = StatusCode::from_u16(499).unwrap();
    assert_eq!(Rejection::with_status(odd, "").status(), "Bad Request");
}

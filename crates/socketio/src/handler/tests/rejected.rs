//! Tests of events whose handler does not run or fails.

use serde_json::{Value, json};

use super::*;
use crate::extract::{Ack, Data, EventName, SocketData};

const SERVER_FAULT: &str = concat!(
    r#"437[{"status":"Internal Server Error","#,
    r#""error":"the server failed to handle this; its log has the reason"}]"#
);

/// Sends `message` with `null` to a handler that is rejected, and returns the answer of
/// `on_rejection`.
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
async fn data_of_another_type_is_rejected() {
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
async fn a_missing_acknowledgement_is_rejected() {
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
async fn an_axum_extractor_can_reject_an_event() {
    let rejection = rejection(async |_: Forbidden| {}, "x").await;
    assert!(rejection.is_extractor());
    assert_eq!(rejection.status(), "Forbidden");
    assert_eq!(rejection.to_string(), "not allowed");
}

#[tokio::test]
async fn a_socket_extractor_can_reject_an_event() {
    let rejection = rejection(async |_: Refused| {}, "x").await;
    assert!(rejection.is_custom());
    assert_eq!(rejection.status(), "Conflict");
    assert_eq!(rejection.to_string(), "not now; try later");
}

#[tokio::test]
async fn missing_socket_data_is_a_server_fault() {
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
async fn a_panic_during_serialisation_is_answered() {
    struct Panics;

    impl Serialize for Panics {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("panics");
        }
    }

    let returned = async || Reply(Panics);
    assert_eq!(answer(returned, "1").await, [SERVER_FAULT]);
    let sent = async |ack: Ack| ack.send(&Panics);
    assert_eq!(answer(sent, "1").await, [SERVER_FAULT]);
}

#[tokio::test]
async fn a_panic_in_an_extractor_is_answered() {
    struct Panics;

    impl<S: Sync> FromSocket<S> for Panics {
        type Rejection = Infallible;

        async fn from_socket(_: &Socket, _: &S) -> Result<Self, Infallible> {
            panic!("panics");
        }
    }

    assert_eq!(answer(async |_: Panics| {}, "1").await, [SERVER_FAULT]);
}

#[tokio::test]
async fn on_rejection_can_send_another_answer() {
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
async fn on_rejection_sees_the_original_request() {
    /// Changes the request and rejects it.
    struct ChangesRequest;

    impl<S: Sync> FromRequestParts<S> for ChangesRequest {
        type Rejection = StatusCode;

        async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
            parts.headers.clear();
            Err(StatusCode::FORBIDDEN)
        }
    }

    let rejected = async |Tenant(tenant): Tenant| Reply(tenant);
    assert_eq!(
        answer_of(async |_: ChangesRequest| {}, rejected).await,
        [r#"437["acme"]"#]
    );
}

#[tokio::test]
async fn handlers_see_the_original_request_after_middleware() {
    /// Changes the request.
    struct ChangesRequest;

    impl<S: Sync> FromRequestParts<S> for ChangesRequest {
        type Rejection = StatusCode;

        async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
            parts.headers.clear();
            Ok(Self)
        }
    }

    let mut client = Client::join(|namespace| {
        namespace
            .event_middleware(async |_: ChangesRequest| {})
            .on("message", async |Tenant(tenant): Tenant| Reply(tenant))
    })
    .await;
    let answer = client.exchange("427[\"message\"]").await;
    assert_eq!(answer, [r#"437["acme"]"#]);
}

#[tokio::test]
async fn a_panic_while_a_handler_is_cloned_is_rejected() {
    struct PanicsOnClone;

    impl Clone for PanicsOnClone {
        fn clone(&self) -> Self {
            panic!("not today");
        }
    }

    let captured = PanicsOnClone;
    let handler = move || {
        let _ = &captured;
        async {}
    };
    let rejected = async |rejection: Rejection| Reply(rejection.is_panic());
    assert_eq!(answer_of(handler, rejected).await, ["437[true]"]);
}

#[tokio::test]
async fn on_rejection_receives_panics() {
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
async fn on_rejection_can_send_no_answer() {
    let answered = answer_of(async |_: Data<u8>| {}, async |_: Rejection| {}).await;
    assert_eq!(answered, [""; 0]);
}

#[tokio::test]
async fn on_rejection_can_send_the_default_answer() {
    let rejected = async |rejection: Rejection| rejection;
    assert_eq!(
        answer_of(async |_: Forbidden| {}, rejected).await,
        [r#"437[{"status":"Forbidden","error":"not allowed"}]"#]
    );
}

#[tokio::test]
async fn a_failing_on_rejection_leaves_the_default_answer() {
    async fn panics(_: Rejection) {
        panic!("panics");
    }
    let default_answer = [r#"437[{"status":"Forbidden","error":"not allowed"}]"#];
    let rejected = async |_: Data<u8>| {};
    assert_eq!(
        answer_of(async |_: Forbidden| {}, rejected).await,
        default_answer
    );
    assert_eq!(
        answer_of(async |_: Forbidden| {}, panics).await,
        default_answer
    );
}

#[tokio::test]
async fn only_on_rejection_can_extract_a_rejection() {
    let rejection = rejection(async |_: Rejection| {}, "x").await;
    assert!(rejection.is_server_fault());
    assert_eq!(
        rejection.to_string(),
        "the handler of `message` takes a `Rejection`, and nothing was rejected; \
         register it with `on_rejection`"
    );
}

#[test]
fn strings_convert_into_rejections() {
    assert_eq!(Rejection::from("no").to_string(), "no");
    assert_eq!(Rejection::from("no".to_owned()).status(), "Bad Request");
    let gone = Rejection::with_status(StatusCode::GONE, "");
    assert_eq!(gone.to_string(), "Gone");
    let odd = StatusCode::from_u16(499).unwrap();
    assert_eq!(Rejection::with_status(odd, "").status(), "Bad Request");
}

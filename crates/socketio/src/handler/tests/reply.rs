//! Tests of the return values of event handlers.

use serde_json::json;

use super::*;
use crate::handler::IntoReply;

const NOTHING: [&str; 0] = [];

#[tokio::test]
async fn a_reply_holds_a_tuple_one_or_no_argument() {
    assert_eq!(answer(async || Reply(1), "1").await, ["437[1]"]);
    assert_eq!(
        answer(async || Reply((1, "b")), "1").await,
        [r#"437[1,"b"]"#]
    );
    let nested = async || Reply(((1, "b"),));
    assert_eq!(answer(nested, "1").await, [r#"437[[1,"b"]]"#]);
    assert_eq!(
        answer(async || Reply(vec![1, 2]), "1").await,
        ["437[[1,2]]"]
    );
    assert_eq!(answer(async || Reply(()), "1").await, ["437[]"]);
    assert_eq!(answer(async || Reply(None::<u8>), "1").await, ["437[null]"]);
}

#[tokio::test]
async fn null_is_an_argument() {
    let null = serde_json::Value::Null;
    let plain = async || Reply(serde_json::Value::Null);
    assert_eq!(answer(plain, "1").await, ["437[null]"]);
    let some = async || Some(Reply(serde_json::Value::Null));
    assert_eq!(answer(some, "1").await, ["437[null]"]);
    let ok = async move || Ok::<_, Reply<()>>(Reply(null.clone()));
    assert_eq!(answer(ok, "1").await, ["437[null]"]);
    let unit = async || Err::<Reply<u8>, _>(Reply(()));
    assert_eq!(answer(unit, "1").await, ["437[]"]);
}

#[tokio::test]
async fn bytes_are_sent_as_attachments() {
    let handler = async || Reply((1, Bytes::from_static(b"cat")));
    assert_eq!(
        answer(handler, "1").await,
        [r#"461-7[1,{"_placeholder":true,"num":0}]"#, "bY2F0"]
    );
}

#[tokio::test]
async fn unit_and_none_send_no_answer() {
    assert_eq!(answer(async || {}, "1").await, NOTHING);
    assert_eq!(answer(async || None::<Reply<u8>>, "1").await, NOTHING);
    assert_eq!(answer(async || Ok::<(), Reply<u8>>(()), "1").await, NOTHING);
}

#[tokio::test]
async fn results_and_options_answer_with_their_content() {
    assert_eq!(
        answer(async || Some(Reply((1, 2))), "1").await,
        ["437[1,2]"]
    );
    let ok = async || Ok::<_, Reply<&str>>(Reply((1, 2)));
    assert_eq!(answer(ok, "1").await, ["437[1,2]"]);
    let err = async || Err::<Reply<u8>, _>(Reply(("no", 2)));
    assert_eq!(answer(err, "1").await, [r#"437["no",2]"#]);
    let nested = async || Ok::<_, ()>(Some(Err::<(), _>(Reply(3))));
    assert_eq!(answer(nested, "1").await, ["437[3]"]);
    let never = async || Ok::<_, Infallible>(Reply(4));
    assert_eq!(answer(never, "1").await, ["437[4]"]);
}

#[tokio::test]
async fn application_errors_define_their_answer() {
    struct SoldOut;

    impl IntoReply for SoldOut {
        fn into_reply(self) -> Option<impl Serialize> {
            Some(json!({ "error": "sold out" }))
        }
    }

    let handler = async || Err::<Reply<u8>, _>(SoldOut);
    assert_eq!(answer(handler, "1").await, [r#"437[{"error":"sold out"}]"#]);
}

#[tokio::test]
async fn a_returned_rejection_answers_like_a_rejected_event() {
    let handler = async || Err::<Reply<u8>, _>(Rejection::new("no such room; join one first"));
    assert_eq!(
        answer(handler, "1").await,
        [r#"437[{"status":"Bad Request","error":"no such room; join one first"}]"#]
    );
}

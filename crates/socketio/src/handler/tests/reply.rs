//! What an event handler returns.

use serde_json::json;

use super::*;
use crate::handler::{IntoReply, Reply};

const NOTHING: [&str; 0] = [];

#[test]
fn a_reply_is_a_tuple_one_or_none() {
    assert_eq!(answer(async || Reply(1), "x"), ["37[1]"]);
    assert_eq!(answer(async || Reply((1, "b")), "x"), [r#"37[1,"b"]"#]);
    assert_eq!(answer(async || Reply(((1, "b"),)), "x"), [r#"37[[1,"b"]]"#]);
    assert_eq!(answer(async || Reply(vec![1, 2]), "x"), ["37[[1,2]]"]);
    assert_eq!(answer(async || Reply(()), "x"), ["37[]"]);
    assert_eq!(answer(async || Reply(None::<u8>), "x"), ["37[null]"]);
}

#[test]
fn nothing_answers_nothing() {
    assert_eq!(answer(async || {}, "x"), NOTHING);
    assert_eq!(answer(async || None::<Reply<u8>>, "x"), NOTHING);
    assert_eq!(answer(async || Ok::<(), Reply<u8>>(()), "x"), NOTHING);
}

#[test]
fn results_and_options_answer_what_they_hold() {
    assert_eq!(answer(async || Some(Reply((1, 2))), "x"), ["37[1,2]"]);
    let ok = Ok::<_, Reply<&str>>(Reply((1, 2)));
    assert_eq!(answer(async move || ok, "x"), ["37[1,2]"]);
    let err = Err::<Reply<u8>, _>(Reply(("no", 2)));
    assert_eq!(answer(async move || err, "x"), [r#"37["no",2]"#]);
    let nested = Ok::<_, ()>(Some(Err::<(), _>(Reply(3))));
    assert_eq!(answer(async move || nested, "x"), ["37[3]"]);
    assert_eq!(
        answer(async || Ok::<_, Infallible>(Reply(4)), "x"),
        ["37[4]"]
    );
}

#[test]
fn errors_of_an_application_answer_for_themselves() {
    struct SoldOut;

    impl IntoReply for SoldOut {
        fn into_reply(self) -> Option<impl Serialize> {
            Some(json!({ "error": "sold out" }))
        }
    }

    let handler = async || Err::<Reply<u8>, _>(SoldOut);
    assert_eq!(answer(handler, "x"), [r#"37[{"error":"sold out"}]"#]);
}

#[test]
fn a_rejection_that_is_returned_answers_as_one() {
    let handler = async || Err::<Reply<u8>, _>(Rejection::new("no such room; join one first"));
    assert_eq!(
        answer(handler, "x"),
        [r#"37[{"status":"Bad Request","error":"no such room; join one first"}]"#]
    );
}

//! One answer at most, whatever happens.

use std::collections::HashMap;

use super::*;
use crate::extract::{Ack, Data};

const NOTHING: [&str; 0] = [];

/// Does not serialise: JSON has no such keys.
fn no_json() -> HashMap<(), u8> {
    HashMap::from([((), 1)])
}

#[tokio::test]
async fn an_ack_is_sent_with_its_id() {
    let text = async |ack: Ack| ack.send("ok");
    assert_eq!(answer(text, "1").await, [r#"437["ok"]"#]);
    let two = async |ack: Ack| ack.send(&(1, "b"));
    assert_eq!(answer(two, "1").await, [r#"437[1,"b"]"#]);
    let none = async |ack: Ack| ack.send(&());
    assert_eq!(answer(none, "1").await, ["437[]"]);
    let list = async |ack: Option<Ack>| ack.unwrap().send(&vec![1, 2]);
    assert_eq!(answer(list, "1").await, ["437[[1,2]]"]);
}

#[tokio::test]
async fn a_handler_that_took_the_ack_may_answer_later() {
    let kept = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&kept);
    let handler = async move |ack: Ack| *keep.lock() = Some(ack);
    let mut client = Client::join(|namespace| namespace.on("message", handler)).await;
    assert_eq!(client.exchange("427[\"message\"]").await, NOTHING);
    let ack: Ack = kept.lock().take().unwrap();
    ack.send("later");
    assert_eq!(client.poll().await, r#"437["later"]"#);
}

#[tokio::test]
async fn the_first_answer_counts() {
    async fn twice(first: Ack, second: Ack) -> Reply<u8> {
        second.send("first");
        first.send("second");
        Reply(3)
    }
    assert_eq!(answer(twice, "1").await, [r#"437["first"]"#]);
}

#[tokio::test]
async fn an_ack_that_is_dropped_answers_nothing() {
    assert_eq!(answer(async |ack: Ack| drop(ack), "1").await, NOTHING);
}

#[tokio::test]
async fn a_later_argument_that_is_rejected_is_answered() {
    let answered = answer(async |ack: Ack, _: Data<u8>| ack.send("ran"), "null").await;
    assert_eq!(answered.len(), 1);
    assert!(answered[0].starts_with(r#"437[{"status":"Bad Request","error":"#));
}

#[tokio::test]
async fn a_panic_after_the_answer_changes_nothing() {
    async fn message(ack: Ack) {
        ack.send("done");
        panic!("too late");
    }
    assert_eq!(answer(message, "1").await, [r#"437["done"]"#]);
}

#[tokio::test]
async fn an_answer_after_a_panic_comes_too_late() {
    fn careless() {
        panic!("at once");
    }

    let kept = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&kept);
    let handler = async move |ack: Ack| {
        *keep.lock() = Some(ack);
        careless();
    };
    let mut client = Client::join(|namespace| namespace.on("message", handler)).await;
    let answered = client.exchange("427[\"message\"]").await;
    assert_eq!(answered.len(), 1);
    assert!(answered[0].starts_with(r#"437[{"status":"Internal Server Error","#));
    let ack: Ack = kept.lock().take().unwrap();
    ack.send("too late");
    assert_eq!(client.exchange("").await, NOTHING);
}

#[tokio::test]
async fn an_answer_that_does_not_serialise_is_a_fault_of_the_server() {
    let answered = answer(async |ack: Ack| ack.send(&no_json()), "1").await;
    assert_eq!(
        answered,
        [concat!(
            r#"437[{"status":"Internal Server Error","#,
            r#""error":"the server failed to handle this; its log has the reason"}]"#
        )]
    );
    assert_eq!(answer(async || Reply(no_json()), "1").await, answered);
}

#[tokio::test]
async fn nothing_is_answered_that_was_not_asked_for() {
    let mut client = Client::join(|namespace| {
        namespace
            .on("reply", async || Reply(1))
            .on("reject", async |_: Data<u8>| {})
    })
    .await;
    let packets = "42[\"reply\"]\u{1e}42[\"reject\",null]";
    assert_eq!(client.exchange(packets).await, NOTHING);
}

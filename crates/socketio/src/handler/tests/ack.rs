//! Tests of acknowledgements: at most one answer is sent.

use std::collections::HashMap;

use super::*;
use crate::extract::{Ack, Data};

const NOTHING: [&str; 0] = [];

/// Returns a value that does not serialise because JSON has no such keys.
fn not_json() -> HashMap<(), u8> {
    HashMap::from([((), 1)])
}

#[tokio::test]
async fn an_answer_has_the_id_of_its_event() {
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
async fn a_handler_can_answer_later() {
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
async fn only_the_first_answer_is_sent() {
    async fn twice(first: Ack, second: Ack) -> Reply<u8> {
        second.send("first");
        first.send("second");
        Reply(3)
    }
    assert_eq!(answer(twice, "1").await, [r#"437["first"]"#]);
}

#[tokio::test]
async fn a_dropped_ack_sends_no_answer() {
    assert_eq!(answer(async |ack: Ack| drop(ack), "1").await, NOTHING);
}

#[tokio::test]
async fn a_rejected_argument_after_the_ack_is_answered() {
    let answered = answer(async |ack: Ack, _: Data<u8>| ack.send("ran"), "null").await;
    assert_eq!(answered.len(), 1);
    assert!(answered[0].starts_with(r#"437[{"status":"Bad Request","error":"#));
}

#[tokio::test]
async fn a_panic_after_the_answer_sends_no_second_answer() {
    async fn message(ack: Ack) {
        ack.send("done");
        panic!("too late");
    }
    assert_eq!(answer(message, "1").await, [r#"437["done"]"#]);
}

#[tokio::test]
async fn an_answer_after_a_panic_is_dropped() {
    fn panic_now() {
        panic!("at once");
    }

    let kept = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&kept);
    let handler = async move |ack: Ack| {
        *keep.lock() = Some(ack);
        panic_now();
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
async fn an_answer_that_does_not_serialise_is_a_server_fault() {
    let answered = answer(async |ack: Ack| ack.send(&not_json()), "1").await;
    assert_eq!(
        answered,
        [concat!(
            r#"437[{"status":"Internal Server Error","#,
            r#""error":"the server failed to handle this; its log has the reason"}]"#
        )]
    );
    assert_eq!(answer(async || Reply(not_json()), "1").await, answered);
}

#[tokio::test]
async fn events_without_acknowledgement_are_not_answered() {
    let mut client = Client::join(|namespace| {
        namespace
            .on("reply", async || Reply(1))
            .on("reject", async |_: Data<u8>| {})
    })
    .await;
    let packets = "42[\"reply\"]\u{1e}42[\"reject\",null]";
    assert_eq!(client.exchange(packets).await, NOTHING);
}

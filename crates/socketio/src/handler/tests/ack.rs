//! One answer at most, whatever happens.

use super::*;
use crate::extract::{Ack, Data};
use crate::handler::Reply;

/// Does not serialise: JSON has no such keys.
fn no_json() -> std::collections::HashMap<(), u8> {
    [((), 1)].into()
}

#[test]
fn an_ack_is_sent_with_its_id() {
    assert_eq!(
        answer(async |ack: Ack| ack.send("ok"), "x"),
        [r#"37["ok"]"#]
    );
    assert_eq!(
        answer(async |ack: Ack| ack.send(&(1, "b")), "x"),
        [r#"37[1,"b"]"#]
    );
    assert_eq!(answer(async |ack: Ack| ack.send(&()), "x"), ["37[]"]);
    assert_eq!(
        answer(async |ack: Option<Ack>| ack.unwrap().send(&vec![1, 2]), "x"),
        ["37[[1,2]]"]
    );
}

#[test]
fn a_handler_that_took_the_ack_may_answer_later() {
    let kept = Arc::new(Mutex::new(None));
    let (keep, socket) = (Arc::clone(&kept), socket());
    let listener = EventListener::new(async move |ack: Ack| *keep.lock() = Some(ack), ());
    ready(listener.run(None, event(&socket, "x", Some(7))));
    assert_eq!(sent(&socket), [""; 0]);
    kept.lock().take().unwrap().send("later");
    assert_eq!(sent(&socket), [r#"37["later"]"#]);
}

#[test]
fn the_first_answer_counts() {
    async fn twice(first: Ack, second: Ack) -> Reply<u8> {
        second.send("first");
        first.send("second");
        Reply(3)
    }
    assert_eq!(answer(twice, "x"), [r#"37["first"]"#]);
}

#[test]
fn an_ack_that_is_dropped_answers_nothing() {
    assert_eq!(answer(async |ack: Ack| drop(ack), "x"), [""; 0]);
}

#[test]
fn a_later_argument_that_is_rejected_is_answered() {
    let answered = answer(async |ack: Ack, _: Data<u8>| ack.send("ran"), "text");
    assert_eq!(answered.len(), 1);
    assert!(answered[0].starts_with(r#"37[{"status":"Bad Request","error":"#));
}

#[test]
fn a_panic_after_the_answer_changes_nothing() {
    async fn message(ack: Ack) {
        ack.send("done");
        panic!("too late");
    }
    assert_eq!(answer(message, "x"), [r#"37["done"]"#]);
}

#[test]
fn an_answer_after_a_panic_comes_too_late() {
    fn careless() {
        panic!("at once");
    }

    let kept = Arc::new(Mutex::new(None));
    let (keep, socket) = (Arc::clone(&kept), socket());
    let handler = async move |ack: Ack| {
        *keep.lock() = Some(ack);
        careless();
    };
    ready(EventListener::new(handler, ()).run(None, event(&socket, "x", Some(7))));
    kept.lock().take().unwrap().send("too late");
    let [answer] = &sent(&socket)[..] else {
        panic!("one answer");
    };
    assert!(
        answer.starts_with(r#"37[{"status":"Internal Server Error","#),
        "{answer}"
    );
}

#[test]
fn an_answer_that_does_not_serialise_is_a_fault_of_the_server() {
    let answered = answer(async |ack: Ack| ack.send(&no_json()), "x");
    assert_eq!(
        answered,
        [
            r#"37[{"status":"Internal Server Error","error":"the server failed to handle this; its log has the reason"}]"#
        ]
    );
    assert_eq!(answer(async || Reply(no_json()), "x"), answered);
}

#[test]
fn nothing_is_answered_that_was_not_asked_for() {
    let socket = socket();
    let cx = event(&socket, "x", None);
    ready(EventListener::new(async || Reply(1), ()).run(None, cx));
    let cx = event(&socket, "text", None);
    ready(EventListener::new(async |_: Data<u8>| {}, ()).run(None, cx));
    assert_eq!(sent(&socket), [""; 0]);
}

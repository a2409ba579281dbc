//! The acknowledgements of a broadcast, from the first report to the last answer.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::future::{pending, ready};
use futures_util::{FutureExt, Stream, StreamExt};
use socketio_adapter::{
    AckCollector, AckGuard, AckSink, Answers, Args, NoAnswer, PendingAck, SocketAnswer, SocketId,
};

fn args(n: u32) -> Args {
    Args::from_serialize(None, &n).unwrap()
}

fn id(n: usize) -> SocketId {
    SocketId::from(n.to_string())
}

/// Returns the item of a socket's answer.
fn answer(socket: usize, answer: u32) -> SocketAnswer {
    SocketAnswer::new(Some(id(socket)), Ok(args(answer)))
}

/// Returns the item of a socket that has left.
fn left(socket: usize) -> SocketAnswer {
    SocketAnswer::new(Some(id(socket)), Err(NoAnswer::Left))
}

/// Creates a collection from one server. Returns it with the acknowledgements that its sockets owe.
fn broadcast(sockets: usize) -> (Vec<PendingAck>, Answers) {
    let (collector, answers) = AckCollector::with_answers();
    collector.expect_servers(1);
    let sink: Arc<dyn AckSink> = Arc::new(collector);
    let owed = (0..sockets)
        .map(|n| PendingAck::new(id(n), Arc::clone(&sink)))
        .collect();
    sink.count(sockets);
    (owed, answers)
}

/// Counts the wake-ups of a task.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_broadcast_to_no_client_is_complete_at_once() {
    let (_, answers) = broadcast(0);
    assert!(answers.all().now_or_never().unwrap().is_empty());
}

#[test]
fn answers_are_yielded_in_the_order_of_arrival() {
    let (mut owed, answers) = broadcast(3);
    owed.remove(2).answer(args(3));
    owed.remove(0).answer(args(1));
    owed.remove(0).answer(args(2));
    let all = answers.all().now_or_never().unwrap();
    assert_eq!(all, [args(3), args(1), args(2)]);
}

#[test]
fn answers_are_yielded_before_the_collection_is_complete() {
    let (mut owed, mut answers) = broadcast(2);
    assert_eq!(answers.next().now_or_never(), None);
    owed.remove(0).answer(args(1));
    assert_eq!(answers.next().now_or_never(), Some(Some(answer(0, 1))));
    assert_eq!(answers.next().now_or_never(), None);
    owed.remove(0).answer(args(2));
    assert_eq!(answers.next().now_or_never(), Some(Some(answer(1, 2))));
    assert_eq!(answers.next().now_or_never(), Some(None));
    assert_eq!(answers.next().now_or_never(), Some(None));
}

#[test]
fn a_client_that_leaves_is_not_awaited() {
    let (collector, answers) = AckCollector::with_answers();
    collector.expect_servers(1);
    let sink: Arc<dyn AckSink> = Arc::new(collector);
    let staying = PendingAck::new(id(0), Arc::clone(&sink));
    let leaving = PendingAck::new(id(1), Arc::clone(&sink));
    sink.count(2);

    staying.answer(args(1));
    let mut all = pin!(answers.all());
    assert!(all.as_mut().now_or_never().is_none());
    drop(leaving);
    assert_eq!(all.now_or_never().unwrap(), [args(1)]);
}

#[test]
fn the_waiting_task_is_woken_by_answers_and_by_the_end() {
    let (mut owed, mut answers) = broadcast(3);
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut cx = Context::from_waker(&waker);
    let mut poll = || pin!(&mut answers).poll_next(&mut cx);

    assert_eq!(poll(), Poll::Pending);
    owed.remove(0).answer(args(1));
    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    assert_eq!(poll(), Poll::Ready(Some(answer(0, 1))));
    assert_eq!(poll(), Poll::Pending);
    drop(owed.remove(0));
    assert_eq!(woken.0.load(Ordering::SeqCst), 2);
    assert_eq!(poll(), Poll::Ready(Some(left(1))));
    assert_eq!(poll(), Poll::Pending);
    drop(owed.remove(0));
    assert_eq!(woken.0.load(Ordering::SeqCst), 3);
    assert_eq!(poll(), Poll::Ready(Some(left(2))));
    assert_eq!(poll(), Poll::Ready(None));
}

#[test]
fn the_stream_waits_for_all_servers() {
    let (collector, mut answers) = AckCollector::with_answers();
    collector.count(0);
    assert_eq!(
        answers.next().now_or_never(),
        None,
        "the number of servers is unknown"
    );
    collector.expect_servers(3);
    collector.answer(None, args(7));
    collector.count(1);
    let unidentified = SocketAnswer::new(None, Ok(args(7)));
    assert_eq!(answers.next().now_or_never(), Some(Some(unidentified)));
    assert_eq!(answers.next().now_or_never(), None);
    collector.count(0);
    assert_eq!(answers.next().now_or_never(), Some(None));
}

#[test]
fn a_timeout_returns_received_answers_and_missing_counts() {
    let (collector, answers) = AckCollector::with_answers();
    collector.expect_servers(3);
    collector.count(2);
    collector.answer(None, args(1));
    let missing = answers.until(ready(())).all().now_or_never().unwrap();
    let missing = missing.unwrap_err();
    assert_eq!((missing.servers(), missing.sockets()), (2, 1));
    assert_eq!(missing.answers(), [args(1)]);
    assert!(missing.to_string().starts_with("operation has timed out"));
    collector.answer(None, args(2));
    assert_eq!(
        missing.into_answers(),
        [args(1)],
        "late answers are dropped"
    );
}

#[test]
fn a_timeout_lists_the_sockets_with_known_ids() {
    let (collector, answers) = AckCollector::with_answers();
    collector.expect_servers(2);
    let sink: Arc<dyn AckSink> = Arc::new(collector);
    let mut owed: Vec<_> = (0..5)
        .map(|n| PendingAck::new(id(n), Arc::clone(&sink)))
        .collect();
    sink.count(5);
    // A server that sends no ids.
    sink.count(2);
    sink.answer(None, args(1));
    owed.remove(0).answer(args(1));
    drop(owed.remove(0));
    owed.remove(0).not_sent();
    let missing = answers.until(ready(())).all().now_or_never().unwrap();
    let missing = missing.unwrap_err();
    assert_eq!((missing.servers(), missing.sockets()), (0, 3));
    let mut ids = missing.socket_ids().to_vec();
    ids.sort();
    assert_eq!(ids, [id(3), id(4)]);
}

#[test]
fn a_timeout_of_joined_broadcasts_lists_the_sockets_of_all() {
    let (first, second) = (broadcast(1), broadcast(2));
    let answers = Answers::joined([first.1, second.1]);
    let missing = answers.until(ready(())).all().now_or_never().unwrap();
    let missing = missing.unwrap_err();
    assert_eq!((missing.servers(), missing.sockets()), (0, 3));
    assert_eq!(missing.socket_ids().len(), 3);
}

/// The ids of all sockets are either in the answers or in the error, regardless of how the answers
/// and the deadline interleave.
#[test]
fn each_socket_is_answered_or_missing_in_a_race_with_the_deadline() {
    for _ in 0..200 {
        let (owed, answers) = broadcast(20);
        let until = answers.until(ready(()));
        let items = std::thread::scope(|scope| {
            scope.spawn(|| owed.into_iter().for_each(|owed| owed.answer(args(1))));
            until.collect::<Vec<_>>().now_or_never().unwrap()
        });
        let mut seen = Vec::new();
        for item in items {
            match item {
                Ok(answer) => seen.extend(answer.socket),
                Err(missing) => seen.extend_from_slice(missing.socket_ids()),
            }
        }
        seen.sort();
        let mut all: Vec<_> = (0..20).map(id).collect();
        all.sort();
        assert_eq!(seen, all);
    }
}

#[test]
fn the_error_is_the_last_item_of_a_stream_with_a_deadline() {
    let (mut owed, answers) = broadcast(2);
    let mut answers = answers.until(ready(()));
    owed.remove(0).answer(args(1));
    let mut next = || answers.next().now_or_never().unwrap();
    assert_eq!(next().unwrap().unwrap(), answer(0, 1));
    assert_eq!(next().unwrap().unwrap_err().sockets(), 1);
    assert!(next().is_none());
}

#[test]
fn a_deadline_after_the_last_answer_has_no_effect() {
    let (owed, answers) = broadcast(2);
    for (n, owed) in owed.into_iter().enumerate() {
        owed.answer(args(n as u32));
    }
    let all = answers.until(ready(())).all().now_or_never().unwrap();
    assert_eq!(all.unwrap(), [args(0), args(1)]);

    let (_, answers) = broadcast(0);
    let all = answers.until(pending()).all().now_or_never().unwrap();
    assert!(all.unwrap().is_empty());
}

#[test]
fn dropping_the_answers_removes_pending_acknowledgements() {
    let end: [fn(Answers); 3] = [
        drop,
        |answers| drop(answers.all().now_or_never()),
        |answers| drop(answers.until(ready(())).all().now_or_never()),
    ];
    for end in end {
        let (owed, answers) = broadcast(3);
        let table = Arc::new(Mutex::new(owed));
        let in_guard = Arc::clone(&table);
        let answers = answers.with_guard(AckGuard::new(move || in_guard.lock().unwrap().clear()));
        table.lock().unwrap().remove(0).answer(args(1));
        assert_eq!(table.lock().unwrap().len(), 2);
        end(answers);
        assert!(table.lock().unwrap().is_empty());
    }
}

#[test]
fn an_ended_stream_keeps_no_pending_acknowledgement() {
    let guard = |ended: &Arc<AtomicUsize>| {
        let ended = Arc::clone(ended);
        AckGuard::new(move || _ = ended.fetch_add(1, Ordering::SeqCst))
    };
    let ended = Arc::new(AtomicUsize::new(0));

    let (owed, answers) = broadcast(1);
    let mut answers = answers.with_guard(guard(&ended));
    drop(owed);
    assert_eq!(ended.load(Ordering::SeqCst), 0);
    assert_eq!(answers.next().now_or_never(), Some(Some(left(0))));
    assert_eq!(answers.next().now_or_never(), Some(None));
    assert_eq!(ended.load(Ordering::SeqCst), 1);

    let (_owed, answers) = broadcast(1);
    let mut answers = answers.with_guard(guard(&ended)).until(ready(()));
    assert!(answers.next().now_or_never().unwrap().unwrap().is_err());
    assert_eq!(ended.load(Ordering::SeqCst), 2);
}

#[test]
fn the_last_answer_drops_no_guard_under_the_locks_of_its_sender() {
    let (owed, mut answers) = broadcast(1);
    let table = Arc::new(Mutex::new(owed));
    let in_guard = Arc::clone(&table);
    answers = answers.with_guard(AckGuard::new(move || {
        in_guard.try_lock().expect("the lock is free").clear();
    }));
    let mut held = table.lock().unwrap();
    held.remove(0).answer(args(1));
    drop(held);
    assert_eq!(answers.all().now_or_never().unwrap(), [args(1)]);
}

#[test]
fn dropping_the_collector_ends_the_stream() {
    let (collector, answers) = AckCollector::with_answers();
    collector.expect_servers(2);
    collector.count(0);
    drop(collector);
    let missing = answers.until(pending()).all().now_or_never().unwrap();
    assert_eq!(missing.unwrap_err().servers(), 1);
}

#[test]
fn a_stopped_collection_still_yields_received_answers() {
    let (mut owed, mut answers) = broadcast(2);
    owed.remove(0).answer(args(1));
    answers.stop();
    owed.remove(0).answer(args(2));
    assert_eq!(answers.all().now_or_never().unwrap(), [args(1)]);
}

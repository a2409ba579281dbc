use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Instant;

use engineio_proto::{CloseReason, Protocol, SessionId, TextBuf, Transport};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::yield_now;

use super::flush_queue::tests::{pending_groups, saturate_task_count};
use super::*;
use crate::transport::websocket::Writer;

/// A session whose driver is parked and never runs.
struct ParkedSession {
    session: Session,
    client: TcpStream,
    woken: Arc<WakeCounter>,
}

#[derive(Default)]
struct WakeCounter(AtomicUsize);

impl Wake for WakeCounter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Creates the two ends of a connection with small buffers.
async fn connection() -> (TcpStream, TcpStream) {
    let small = 4 * 1024;
    let (listening, connecting) = (TcpSocket::new_v4().unwrap(), TcpSocket::new_v4().unwrap());
    listening.set_send_buffer_size(small).unwrap();
    connecting.set_recv_buffer_size(small).unwrap();
    listening.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener: TcpListener = listening.listen(1).unwrap();
    let connecting = connecting.connect(listener.local_addr().unwrap());
    let (client, accepted) = tokio::join!(connecting, listener.accept());
    (accepted.unwrap().0, client.unwrap())
}

impl ParkedSession {
    async fn new(number: u8) -> Self {
        let (server, client) = connection().await;
        let (_read, write) = server.into_split();
        let shared = Arc::new(Shared::new(
            SessionId::from_random([number; 15]),
            Arc::default(),
            Protocol::V4,
            Transport::WebSocket,
            Instant::now(),
            Arc::default(),
        ));
        let woken = Arc::new(WakeCounter::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut state = shared.lock();
        state.writer = Some(Writer::plain(write));
        state.park(&Context::from_waker(&waker));
        drop(state);
        Self {
            session: Session::new(shared),
            client,
            woken,
        }
    }

    fn wakes(&self) -> usize {
        self.woken.0.load(Ordering::SeqCst)
    }

    /// Asserts that the next bytes are these text frames.
    async fn expect_texts(&mut self, texts: &[&str]) {
        for text in texts {
            let mut frame = vec![0; text.len() + 2];
            self.client.read_exact(&mut frame).await.unwrap();
            assert_eq!(frame.get(2..), Some(text.as_bytes()));
        }
    }

    /// Asserts that no more bytes have arrived and none are queued.
    fn expect_nothing(&self) {
        assert_eq!(self.session.queued_bytes(), 0);
        assert!(self.client.try_read(&mut [0]).is_err());
    }
}

async fn sessions<const N: usize>() -> [ParkedSession; N] {
    let mut sessions = Vec::new();
    for number in 0..N {
        sessions.push(ParkedSession::new(number as u8).await);
    }
    sessions.try_into().ok().expect("N sessions")
}

fn broadcast(text: &str, sessions: &[ParkedSession]) {
    let mut broadcast = Broadcast::new(text, SendOptions::default());
    for parked in sessions {
        broadcast.send(&parked.session).expect("it is open");
    }
}

#[tokio::test]
async fn a_broadcast_writes_to_sessions_without_waking_them() {
    let mut sessions = sessions::<5>().await;
    broadcast("one", &sessions);
    broadcast("two", &sessions);
    for parked in &mut sessions {
        parked.expect_texts(&["4one", "4two"]).await;
    }
    for parked in &sessions {
        parked.expect_nothing();
        assert_eq!(parked.wakes(), 0);
        assert!(parked.session.0.lock().proto.is_writable());
    }
}

#[tokio::test]
async fn messages_sent_before_the_flush_are_written_with_it() {
    let mut sessions = sessions::<4>().await;
    for number in 0..40 {
        broadcast(&format!("{number:02}"), &sessions);
    }
    for parked in &mut sessions {
        for number in 0..40 {
            parked.expect_texts(&[&*format!("4{number:02}")]).await;
        }
        parked.expect_nothing();
    }
}

/// A message to one client wakes its driver. If a broadcast is flushed before the driver runs, the
/// message is sent with it.
#[tokio::test]
async fn a_message_to_one_client_is_written_in_order_with_a_broadcast() {
    let mut sessions = sessions::<4>().await;
    let long = "x".repeat(100);
    let session = sessions[0].session.clone();
    let send = |text: &str| {
        let text = TextBuf::build(0, |out| out.push_str(text));
        session.send_text_buf(text, SendOptions::default()).unwrap();
        // Simulates a driver that has run and parked again, and has to write what follows.
        let mut state = session.0.lock();
        let waker = Waker::noop();
        state.park(&Context::from_waker(waker));
    };
    send("one");
    broadcast("two", &sessions);
    send("three");
    send(&long);
    broadcast("four", &sessions);
    sessions[0]
        .expect_texts(&["4one", "4two", "4three", &format!("4{long}"), "4four"])
        .await;
    sessions[0].expect_nothing();
    sessions[1].expect_texts(&["4two", "4four"]).await;
}

/// Guards against tasks that wait for as long as a whole broadcast takes.
#[tokio::test]
async fn io_is_polled_between_flush_groups() {
    let mut sessions = sessions::<{ 4 * GROUP_SIZE }>().await;
    let (mut server, client) = connection().await;
    client.writable().await.unwrap();
    // Now tokio has no readiness event for the socket.
    assert!(server.try_read(&mut [0]).is_err());
    client.try_write(b"x").unwrap();
    broadcast("x", &sessions);
    server.read_exact(&mut [0]).await.unwrap();
    let waits = |parked: &&ParkedSession| parked.session.queued_bytes() > 0;
    let wait = sessions.iter().filter(waits).count();
    assert!(wait >= GROUP_SIZE);
    // Any thread can take them.
    assert_eq!(wait, pending_groups() * GROUP_SIZE);
    for parked in &mut sessions {
        parked.expect_texts(&["4x"]).await;
    }
}

#[tokio::test]
async fn a_thread_has_one_flush_task_for_all_broadcasts() {
    let sessions = sessions::<{ 3 * GROUP_SIZE }>().await;
    let metrics = Handle::current().metrics();
    let tasks = metrics.num_alive_tasks();
    let (some, others) = sessions.split_at(GROUP_SIZE + 3);
    broadcast("x", some);
    let mut broadcast = Broadcast::new("x", SendOptions::default());
    for parked in others {
        broadcast.send(&parked.session).unwrap();
    }
    assert_eq!(metrics.num_alive_tasks(), tasks + 1);
    // A task that found the queue empty is replaced.
    others[0].session.drained().await;
    yield_now().await;
    assert_eq!(metrics.num_alive_tasks(), tasks);
    drop(broadcast);
    let last = &others[others.len() - 1];
    last.session.drained().await;
    assert_eq!(last.wakes(), 0);
}

#[tokio::test]
async fn a_broadcast_to_few_sessions_wakes_them() {
    let sessions = sessions::<MAX_DIRECT_WAKES>().await;
    broadcast("few", &sessions);
    for parked in &sessions {
        assert_eq!(parked.wakes(), 1);
        assert!(parked.session.queued_bytes() > 0);
        assert!(!parked.session.0.lock().flush_scheduled);
    }
}

#[tokio::test]
async fn a_full_group_is_flushed_before_the_broadcast_ends() {
    let mut sessions = sessions::<{ GROUP_SIZE + 1 }>().await;
    let mut broadcast = Broadcast::new("many", SendOptions::default());
    for parked in &sessions {
        broadcast.send(&parked.session).unwrap();
    }
    let (last, group) = sessions.split_last_mut().unwrap();
    for parked in group {
        parked.expect_texts(&["4many"]).await;
    }
    assert!(last.session.queued_bytes() > 0);
    assert_eq!(last.wakes(), 0);
    drop(broadcast);
    assert_eq!(last.wakes(), 1);
}

#[tokio::test]
async fn a_running_or_writing_driver_is_not_bypassed() {
    let sessions = sessions::<5>().await;
    let [running, flushing, observed, unlent, _] = &sessions;
    running.session.0.lock().parked = false;
    flushing.session.0.lock().proto.set_flushing(true);
    observed
        .session
        .observe(Arc::new(|_: crate::session::SessionEvent<'_>| {}));
    unlent.session.0.lock().writer = None;
    broadcast("x", &sessions);
    for parked in [running, flushing, observed, unlent] {
        assert!(!parked.session.0.lock().flush_scheduled);
        assert!(parked.session.queued_bytes() > 0);
    }
    assert_eq!(running.wakes(), 0);
    assert_eq!(flushing.wakes(), 1);
    assert_eq!(observed.wakes(), 1);
    assert_eq!(unlent.wakes(), 1);
}

#[tokio::test]
async fn a_driver_that_was_woken_writes_itself() {
    let mut sessions = sessions::<5>().await;
    broadcast("x", &sessions);
    sessions[0].session.0.lock().parked = false;
    sessions[1].session.0.lock().writer = None;
    sessions[2].session.abort(CloseReason::ForcedClose);
    sessions[3].expect_texts(&["4x"]).await;
    assert_eq!(sessions[0].wakes(), 0);
    assert!(sessions[0].session.queued_bytes() > 0);
    assert_eq!(sessions[1].wakes(), 1);
    for parked in &sessions {
        assert!(!parked.session.0.lock().flush_scheduled);
    }
}

#[tokio::test]
async fn a_slow_client_is_left_to_its_driver() {
    let mut sessions = sessions::<4>().await;
    let large = "x".repeat(1_000_000);
    broadcast(&large, &sessions);
    broadcast("second", &sessions[..1]);
    yield_now().await;
    for parked in &mut sessions {
        assert_eq!(parked.wakes(), 1);
        let mut state = parked.session.0.lock();
        assert!(state.proto.is_flushing() && !state.proto.is_writable());
        assert!(state.unpark().is_some());
    }
    // A volatile message is for clients that are ready to receive.
    let mut volatile = Broadcast::new("volatile", SendOptions::default());
    assert!(!volatile.send_volatile(&sessions[0].session));
}

#[tokio::test]
async fn a_flush_notifies_callers_of_drained() {
    let sessions = sessions::<4>().await;
    broadcast("x", &sessions);
    for parked in &sessions {
        parked.session.drained().await;
        assert_eq!(parked.wakes(), 0);
    }
}

/// The runtime exists but never runs.
#[tokio::test]
async fn a_broadcast_on_another_runtime_wakes_the_sessions() {
    let sessions = sessions::<4>().await;
    let blocked = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let entered = blocked.enter();
    broadcast("x", &sessions);
    for parked in &sessions {
        assert_eq!(parked.wakes(), 1);
        assert!(!parked.session.0.lock().flush_scheduled);
    }
    drop(entered);
    blocked.shutdown_background();
}

/// Creates sessions whose drivers are tasks of the runtime.
async fn parked_sessions_on_the_runtime(count: usize) -> Vec<ParkedSession> {
    let (sender, waker) = tokio::sync::oneshot::channel();
    let mut sender = Some(sender);
    tokio::spawn(std::future::poll_fn(move |cx| {
        if let Some(sender) = sender.take() {
            sender.send(cx.waker().clone()).ok();
        }
        std::task::Poll::<()>::Pending
    }));
    let waker = waker.await.unwrap();
    let mut sessions = Vec::new();
    for number in 0..count {
        let parked = ParkedSession::new(number as u8).await;
        let mut state = parked.session.0.lock();
        state.driver_waker = None;
        state.park(&Context::from_waker(&waker));
        drop(state);
        sessions.push(parked);
    }
    sessions
}

/// Spins without yielding until the condition holds.
fn spin_until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed().as_secs() < 60, "{what}");
        std::thread::yield_now();
    }
}

fn spin_until_written(sessions: &[ParkedSession]) {
    // A few sessions are woken instead, and their tasks do nothing here.
    let written = match sessions.len() % GROUP_SIZE {
        few @ 1..=MAX_DIRECT_WAKES => sessions.len() - few,
        _ => sessions.len(),
    };
    let sessions = &sessions[..written];
    spin_until("no flush task writes", || {
        let queued = |parked: &ParkedSession| parked.session.queued_bytes() > 0;
        !sessions.iter().any(queued)
    });
}

/// Another thread flushes the group without any other wake.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flush_group_does_not_wait_for_the_broadcasting_handler() {
    for all in [3, GROUP_SIZE, GROUP_SIZE + 1, 4 * GROUP_SIZE] {
        let sessions = parked_sessions_on_the_runtime(all).await;
        let broadcasting = async move {
            broadcast("x", &sessions);
            spin_until_written(&sessions);
        };
        tokio::spawn(broadcasting).await.unwrap();
    }
}

/// Guards against a task that is bound to another thread but counts for all.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn broadcasting_handlers_do_not_wait_for_each_other() {
    for _ in 0..20 {
        let done = Arc::new(AtomicUsize::new(0));
        let mut broadcasting = Vec::new();
        for (order, all) in [5, GROUP_SIZE - 1].into_iter().enumerate() {
            let sessions = parked_sessions_on_the_runtime(all).await;
            let done = Arc::clone(&done);
            broadcasting.push(async move {
                let are_done = |count| done.load(Ordering::SeqCst) == count;
                spin_until("the first handler does not finish", || are_done(order));
                broadcast("x", &sessions);
                spin_until_written(&sessions);
                done.fetch_add(1, Ordering::SeqCst);
                spin_until("the other handler does not finish", || are_done(2));
            });
        }
        let tasks: Vec<_> = broadcasting.into_iter().map(tokio::spawn).collect();
        for task in tasks {
            task.await.unwrap();
        }
    }
}

/// Guards against tasks that wait on busy threads but count for all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flush_group_does_not_wait_for_flush_tasks_on_busy_threads() {
    let saturated = saturate_task_count();
    let sessions = parked_sessions_on_the_runtime(GROUP_SIZE).await;
    let broadcasting = async move {
        broadcast("x", &sessions);
        spin_until_written(&sessions);
    };
    tokio::spawn(broadcasting).await.unwrap();
    drop(saturated);
}

/// A scheduled flush may take its time; other messages do not wait for it.
#[tokio::test]
async fn another_message_wakes_the_driver() {
    let sessions = sessions::<4>().await;
    broadcast("x", &sessions);
    sessions[0].session.send("y").unwrap();
    assert_eq!(sessions[0].wakes(), 1);
}

#[tokio::test]
async fn a_woken_driver_cancels_no_other_flush() {
    let sessions = sessions::<4>().await;
    broadcast("x", &sessions);
    let mut state = sessions[0].session.0.lock();
    assert!(state.flush_scheduled);
    state.unpark();
    assert!(!state.flush_scheduled);
}

#[tokio::test]
async fn a_broadcast_reaches_all_sessions_without_a_runtime_or_after_its_end() {
    let sessions = Arc::new(sessions::<4>().await);
    let clone = Arc::clone(&sessions);
    std::thread::spawn(move || broadcast("no runtime", &*clone))
        .join()
        .unwrap();
    for parked in &*sessions {
        assert_eq!(parked.wakes(), 1);
        assert!(!parked.session.0.lock().flush_scheduled);
        parked.session.0.lock().parked = true;
    }
    let clone = Arc::clone(&sessions);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async { broadcast("it ends", &*clone) });
    })
    .join()
    .unwrap();
    for parked in &*sessions {
        assert!(!parked.session.0.lock().flush_scheduled);
        // The driver was woken, or the flush task has written.
        assert!(parked.wakes() == 2 || parked.session.queued_bytes() == 0);
    }
}

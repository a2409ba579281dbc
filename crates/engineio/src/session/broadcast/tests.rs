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
struct Sleeper {
    session: Session,
    client: TcpStream,
    woken: Arc<Wakes>,
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
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

impl Sleeper {
    async fn new(number: u8) -> Self {
        let (server, client) = connection().await;
        let (_read, write) = server.into_split();
        let shared = Arc::new(Shared::new(
            SessionId::from_random([number; 15]),
            Arc::default(),
            Protocol::V4,
            Transport::WebSocket,
            Instant::now(),
        ));
        let woken = Arc::new(Wakes::default());
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
    async fn gets(&mut self, texts: &[&str]) {
        for text in texts {
            let mut frame = vec![0; text.len() + 2];
            self.client.read_exact(&mut frame).await.unwrap();
            assert_eq!(frame.get(2..), Some(text.as_bytes()));
        }
    }

    /// Asserts that no more bytes have arrived and none are queued.
    fn has_no_more(&self) {
        assert_eq!(self.session.queued_bytes(), 0);
        assert!(self.client.try_read(&mut [0]).is_err());
    }
}

async fn sleepers<const N: usize>() -> [Sleeper; N] {
    let mut sleepers = Vec::new();
    for number in 0..N {
        sleepers.push(Sleeper::new(number as u8).await);
    }
    sleepers.try_into().ok().expect("as many")
}

fn broadcast(text: &str, sleepers: &[Sleeper]) {
    let mut broadcast = Broadcast::new(text, SendOptions::default());
    for sleeper in sleepers {
        broadcast.send(&sleeper.session).expect("it is open");
    }
}

#[tokio::test]
async fn a_broadcast_writes_to_sessions_without_waking_them() {
    let mut sleepers = sleepers::<5>().await;
    broadcast("one", &sleepers);
    broadcast("two", &sleepers);
    for sleeper in &mut sleepers {
        sleeper.gets(&["4one", "4two"]).await;
    }
    for sleeper in &sleepers {
        sleeper.has_no_more();
        assert_eq!(sleeper.wakes(), 0);
        assert!(sleeper.session.0.lock().proto.is_writable());
    }
}

#[tokio::test]
async fn messages_sent_before_the_flush_are_written_with_it() {
    let mut sleepers = sleepers::<4>().await;
    for number in 0..40 {
        broadcast(&format!("{number:02}"), &sleepers);
    }
    for sleeper in &mut sleepers {
        for number in 0..40 {
            sleeper.gets(&[&*format!("4{number:02}")]).await;
        }
        sleeper.has_no_more();
    }
}

/// A message to one client wakes its driver. If a broadcast is flushed before the driver runs, the
/// message is sent with it.
#[tokio::test]
async fn a_message_to_one_client_is_written_in_order_with_a_broadcast() {
    let mut sleepers = sleepers::<4>().await;
    let long = "x".repeat(100);
    let session = sleepers[0].session.clone();
    let send = |text: &str| {
        let text = TextBuf::build(0, |out| out.push_str(text));
        session.send_text_buf(text, SendOptions::default()).unwrap();
        // Simulates a driver that has run and parked again, and has to write what follows.
        let mut state = session.0.lock();
        let waker = Waker::noop();
        state.park(&Context::from_waker(waker));
    };
    send("one");
    broadcast("two", &sleepers);
    send("three");
    send(&long);
    broadcast("four", &sleepers);
    sleepers[0]
        .gets(&["4one", "4two", "4three", &format!("4{long}"), "4four"])
        .await;
    sleepers[0].has_no_more();
    sleepers[1].gets(&["4two", "4four"]).await;
}

/// Guards against tasks that wait for as long as a whole broadcast takes.
#[tokio::test]
async fn io_is_polled_between_flush_groups() {
    let mut sleepers = sleepers::<{ 4 * GROUP_SIZE }>().await;
    let (mut server, client) = connection().await;
    client.writable().await.unwrap();
    // Now tokio has no readiness event for the socket.
    assert!(server.try_read(&mut [0]).is_err());
    client.try_write(b"x").unwrap();
    broadcast("x", &sleepers);
    server.read_exact(&mut [0]).await.unwrap();
    let waits = |sleeper: &&Sleeper| sleeper.session.queued_bytes() > 0;
    let wait = sleepers.iter().filter(waits).count();
    assert!(wait >= GROUP_SIZE);
    // Any thread can take them.
    assert_eq!(wait, pending_groups() * GROUP_SIZE);
    for sleeper in &mut sleepers {
        sleeper.gets(&["4x"]).await;
    }
}

#[tokio::test]
async fn a_thread_has_one_flush_task_for_all_broadcasts() {
    let sleepers = sleepers::<{ 3 * GROUP_SIZE }>().await;
    let metrics = Handle::current().metrics();
    let tasks = metrics.num_alive_tasks();
    let (some, others) = sleepers.split_at(GROUP_SIZE + 3);
    broadcast("x", some);
    let mut broadcast = Broadcast::new("x", SendOptions::default());
    for sleeper in others {
        broadcast.send(&sleeper.session).unwrap();
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
    let sleepers = sleepers::<MAX_DIRECT_WAKES>().await;
    broadcast("few", &sleepers);
    for sleeper in &sleepers {
        assert_eq!(sleeper.wakes(), 1);
        assert!(sleeper.session.queued_bytes() > 0);
        assert!(!sleeper.session.0.lock().flush_scheduled);
    }
}

#[tokio::test]
async fn a_full_group_is_flushed_before_the_broadcast_ends() {
    let mut sleepers = sleepers::<{ GROUP_SIZE + 1 }>().await;
    let mut broadcast = Broadcast::new("many", SendOptions::default());
    for sleeper in &sleepers {
        broadcast.send(&sleeper.session).unwrap();
    }
    let (last, group) = sleepers.split_last_mut().unwrap();
    for sleeper in group {
        sleeper.gets(&["4many"]).await;
    }
    assert!(last.session.queued_bytes() > 0);
    assert_eq!(last.wakes(), 0);
    drop(broadcast);
    assert_eq!(last.wakes(), 1);
}

#[tokio::test]
async fn a_running_or_writing_driver_is_not_bypassed() {
    let sleepers = sleepers::<5>().await;
    let [running, flushing, observed, gone, _] = &sleepers;
    running.session.0.lock().parked = false;
    flushing.session.0.lock().proto.set_flushing(true);
    observed
        .session
        .observe(Arc::new(|_: crate::SessionEvent<'_>| {}));
    gone.session.0.lock().writer = None;
    broadcast("x", &sleepers);
    for sleeper in [running, flushing, observed, gone] {
        assert!(!sleeper.session.0.lock().flush_scheduled);
        assert!(sleeper.session.queued_bytes() > 0);
    }
    assert_eq!(running.wakes(), 0);
    assert_eq!(flushing.wakes(), 1);
    assert_eq!(observed.wakes(), 1);
    assert_eq!(gone.wakes(), 1);
}

#[tokio::test]
async fn a_driver_that_was_woken_writes_itself() {
    let mut sleepers = sleepers::<5>().await;
    broadcast("x", &sleepers);
    sleepers[0].session.0.lock().parked = false;
    sleepers[1].session.0.lock().writer = None;
    sleepers[2].session.abort(CloseReason::ForcedClose);
    sleepers[3].gets(&["4x"]).await;
    assert_eq!(sleepers[0].wakes(), 0);
    assert!(sleepers[0].session.queued_bytes() > 0);
    assert_eq!(sleepers[1].wakes(), 1);
    for sleeper in &sleepers {
        assert!(!sleeper.session.0.lock().flush_scheduled);
    }
}

#[tokio::test]
async fn a_slow_client_is_left_to_its_driver() {
    let mut sleepers = sleepers::<4>().await;
    let large = "x".repeat(1_000_000);
    broadcast(&large, &sleepers);
    broadcast("behind", &sleepers[..1]);
    yield_now().await;
    for sleeper in &mut sleepers {
        assert_eq!(sleeper.wakes(), 1);
        let mut state = sleeper.session.0.lock();
        assert!(state.proto.is_flushing() && !state.proto.is_writable());
        assert!(state.unpark().is_some());
    }
    // A volatile message is for clients that are ready to receive.
    let mut volatile = Broadcast::new("volatile", SendOptions::default());
    assert!(!volatile.send_volatile(&sleepers[0].session));
}

#[tokio::test]
async fn a_flush_notifies_callers_of_drained() {
    let sleepers = sleepers::<4>().await;
    broadcast("x", &sleepers);
    for sleeper in &sleepers {
        sleeper.session.drained().await;
        assert_eq!(sleeper.wakes(), 0);
    }
}

/// The runtime exists but never runs.
#[tokio::test]
async fn a_blocked_runtime_does_not_delay_the_sessions_of_another() {
    let sleepers = sleepers::<4>().await;
    let blocked = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let entered = blocked.enter();
    broadcast("x", &sleepers);
    for sleeper in &sleepers {
        assert_eq!(sleeper.wakes(), 1);
        assert!(!sleeper.session.0.lock().flush_scheduled);
    }
    drop(entered);
    blocked.shutdown_background();
}

/// Creates sessions whose drivers are tasks of the runtime.
async fn sleepers_on_the_runtime(count: usize) -> Vec<Sleeper> {
    let (sender, waker) = tokio::sync::oneshot::channel();
    let mut sender = Some(sender);
    tokio::spawn(std::future::poll_fn(move |cx| {
        if let Some(sender) = sender.take() {
            sender.send(cx.waker().clone()).ok();
        }
        std::task::Poll::<()>::Pending
    }));
    let waker = waker.await.unwrap();
    let mut sleepers = Vec::new();
    for number in 0..count {
        let sleeper = Sleeper::new(number as u8).await;
        let mut state = sleeper.session.0.lock();
        state.driver_waker = None;
        state.park(&Context::from_waker(&waker));
        drop(state);
        sleepers.push(sleeper);
    }
    sleepers
}

/// Neither returns nor yields before the condition holds.
fn spin_until(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed().as_secs() < 60, "{what}");
        std::thread::yield_now();
    }
}

fn spin_until_written(sleepers: &[Sleeper]) {
    // A few sessions are woken instead, and their tasks do nothing here.
    let written = match sleepers.len() % GROUP_SIZE {
        few @ 1..=MAX_DIRECT_WAKES => sleepers.len() - few,
        _ => sleepers.len(),
    };
    let sleepers = &sleepers[..written];
    spin_until("nobody writes", || {
        let queued = |sleeper: &Sleeper| sleeper.session.queued_bytes() > 0;
        !sleepers.iter().any(queued)
    });
}

/// Another thread flushes the group without any other wake.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flush_group_does_not_wait_for_the_broadcasting_handler() {
    for all in [3, GROUP_SIZE, GROUP_SIZE + 1, 4 * GROUP_SIZE] {
        let sleepers = sleepers_on_the_runtime(all).await;
        let broadcasting = async move {
            broadcast("x", &sleepers);
            spin_until_written(&sleepers);
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
        for (turn, all) in [5, GROUP_SIZE - 1].into_iter().enumerate() {
            let sleepers = sleepers_on_the_runtime(all).await;
            let done = Arc::clone(&done);
            broadcasting.push(async move {
                let are_done = |count| done.load(Ordering::SeqCst) == count;
                spin_until("its turn does not come", || are_done(turn));
                broadcast("x", &sleepers);
                spin_until_written(&sleepers);
                done.fetch_add(1, Ordering::SeqCst);
                spin_until("the other is not done", || are_done(2));
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
    let kept = saturate_task_count();
    let sleepers = sleepers_on_the_runtime(GROUP_SIZE).await;
    let broadcasting = async move {
        broadcast("x", &sleepers);
        spin_until_written(&sleepers);
    };
    tokio::spawn(broadcasting).await.unwrap();
    drop(kept);
}

/// A scheduled flush may take its time; other messages do not wait for it.
#[tokio::test]
async fn another_message_wakes_the_driver() {
    let sleepers = sleepers::<4>().await;
    broadcast("x", &sleepers);
    sleepers[0].session.send("y").unwrap();
    assert_eq!(sleepers[0].wakes(), 1);
}

#[tokio::test]
async fn a_woken_driver_cancels_no_other_flush() {
    let sleepers = sleepers::<4>().await;
    broadcast("x", &sleepers);
    let mut state = sleepers[0].session.0.lock();
    assert!(state.flush_scheduled);
    state.unpark();
    assert!(!state.flush_scheduled);
}

#[tokio::test]
async fn a_broadcast_reaches_all_sessions_without_a_runtime_or_after_its_end() {
    let sleepers = Arc::new(sleepers::<4>().await);
    let clone = Arc::clone(&sleepers);
    std::thread::spawn(move || broadcast("no runtime", &*clone))
        .join()
        .unwrap();
    for sleeper in &*sleepers {
        assert_eq!(sleeper.wakes(), 1);
        assert!(!sleeper.session.0.lock().flush_scheduled);
        sleeper.session.0.lock().parked = true;
    }
    let clone = Arc::clone(&sleepers);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async { broadcast("it ends", &*clone) });
    })
    .join()
    .unwrap();
    for sleeper in &*sleepers {
        assert!(!sleeper.session.0.lock().flush_scheduled);
        // The driver was woken, or the flush task has written.
        assert!(sleeper.wakes() == 2 || sleeper.session.queued_bytes() == 0);
    }
}

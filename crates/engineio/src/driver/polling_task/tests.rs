use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;
use std::time::Instant;

use engineio_proto::{Protocol, SessionId, Transport};
use parking_lot::Mutex;

use super::*;

/// A waker that counts the wakes of the task.
#[derive(Default)]
struct WakeCounter(AtomicUsize);

impl Wake for WakeCounter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// The work of a driver's run, besides parking.
type Run = Box<dyn FnMut() -> Poll<()> + Send>;

/// A session whose task runs a driver of the test.
struct TestTask {
    session: Arc<Shared>,
    wakes: Arc<WakeCounter>,
    task: Arc<Mutex<Option<PollingTask>>>,
    /// The number of runs of the driver.
    runs: Arc<AtomicUsize>,
    /// The work of the next run.
    next: Arc<Mutex<Option<Run>>>,
}

impl TestTask {
    fn new() -> Self {
        let session = Arc::new(Shared::new(
            SessionId::from_random([0; 15]),
            Arc::default(),
            Protocol::V4,
            Transport::Polling,
            Instant::now(),
            Arc::default(),
        ));
        let runs = Arc::new(AtomicUsize::new(0));
        let next = Arc::new(Mutex::new(None::<Run>));
        let driver = {
            let (session, runs, next) = (session.clone(), runs.clone(), next.clone());
            poll_fn(move |cx| {
                runs.fetch_add(1, Ordering::Relaxed);
                let run = next.lock().take();
                let progress = run.map_or(Poll::Pending, |mut run| run());
                session.lock().park(cx);
                progress
            })
        };
        let task = PollingTask::new(Arc::clone(&session), Box::pin(driver));
        Self {
            session,
            wakes: Arc::default(),
            task: Arc::new(Mutex::new(Some(task))),
            runs,
            next,
        }
    }

    /// Creates one whose driver is parked.
    fn parked() -> Self {
        let test = Self::new();
        assert!(test.poll_task().is_pending());
        assert_eq!(test.runs(), 1);
        test
    }

    fn poll_task(&self) -> Poll<()> {
        poll_task(&self.task, &self.wakes)
    }

    fn next(&self, run: impl FnMut() -> Poll<()> + Send + 'static) {
        *self.next.lock() = Some(Box::new(run));
    }

    /// Runs the driver as a POST does.
    fn request(&self) {
        drop(run_driver(&self.session, self.session.lock()));
    }

    fn runs(&self) -> usize {
        self.runs.load(Ordering::Relaxed)
    }

    fn wakes(&self) -> usize {
        self.wakes.0.load(Ordering::Relaxed)
    }
}

fn poll_task(task: &Mutex<Option<PollingTask>>, wakes: &Arc<WakeCounter>) -> Poll<()> {
    let waker = Waker::from(Arc::clone(wakes));
    let mut task = task.lock();
    let task = task.as_mut().expect("the runtime has the task");
    Pin::new(task).poll(&mut Context::from_waker(&waker))
}

#[tokio::test]
async fn a_request_runs_the_driver_without_waking_the_task() {
    let test = TestTask::parked();
    for runs in 2..5 {
        test.request();
        assert_eq!((test.runs(), test.wakes()), (runs, 0));
    }
    // Wakers of the driver wake the task.
    test.session.lock().wake_driver();
    assert_eq!(test.wakes(), 1);
    assert!(test.poll_task().is_pending());
    assert_eq!(test.runs(), 5);
}

#[tokio::test]
async fn a_task_that_has_not_parked_runs_the_driver_itself() {
    let test = TestTask::new();
    test.request();
    assert_eq!((test.runs(), test.wakes()), (0, 0));
    assert!(test.poll_task().is_pending());
    // The task has been woken but not polled yet.
    test.session.lock().wake_driver();
    test.request();
    assert_eq!((test.runs(), test.wakes()), (1, 1));
}

#[tokio::test]
async fn a_wake_during_a_borrowed_run_wakes_the_task() {
    let test = TestTask::parked();
    let (task, wakes) = (test.task.clone(), test.wakes.clone());
    test.next(move || {
        assert!(poll_task(&task, &wakes).is_pending());
        Poll::Pending
    });
    test.request();
    assert_eq!((test.runs(), test.wakes()), (2, 1));
    assert!(test.poll_task().is_pending());
    assert_eq!(test.runs(), 3);
}

#[tokio::test]
async fn the_task_ends_with_the_driver() {
    let test = TestTask::parked();
    test.next(|| Poll::Ready(()));
    test.request();
    assert_eq!(test.wakes(), 1);
    assert!(test.poll_task().is_ready());
    assert_eq!(test.runs(), 2);
}

#[tokio::test]
async fn a_panicking_driver_ends_the_task() {
    let test = TestTask::parked();
    test.next(|| panic!("of the application"));
    let request = AssertUnwindSafe(|| test.request());
    assert!(catch_unwind(request).is_err());
    assert_eq!(test.wakes(), 1);
    assert!(test.poll_task().is_ready());
    // The test and the task hold it; the driver is dropped.
    assert_eq!(Arc::strong_count(&test.session), 2);
}

#[tokio::test]
async fn the_driver_does_not_outlive_its_task() {
    let test = TestTask::parked();
    assert_eq!(Arc::strong_count(&test.session), 3);
    test.task.lock().take();
    assert_eq!(Arc::strong_count(&test.session), 1);

    let test = TestTask::parked();
    let task = test.task.clone();
    test.next(move || {
        task.lock().take();
        Poll::Pending
    });
    test.request();
    assert_eq!(Arc::strong_count(&test.session), 1);
}

#[tokio::test]
async fn a_request_does_not_run_the_driver_of_a_websocket() {
    let test = TestTask::parked();
    {
        let mut state = test.session.lock();
        let now = Instant::now();
        let probe = state.proto.handle_probe(now, Transport::WebSocket);
        assert!(probe.is_ok());
        for packet in [
            engineio_proto::Packet::Ping("probe".into()),
            engineio_proto::Packet::Upgrade,
        ] {
            let _ = state.proto.handle_probe_packet(now, packet);
        }
        assert_eq!(state.proto.transport(), Transport::WebSocket);
    }
    assert!(test.poll_task().is_pending());
    test.request();
    assert_eq!((test.runs(), test.wakes()), (2, 1));
    assert!(test.poll_task().is_pending());
    assert_eq!(test.runs(), 3);
}

#[test]
fn a_request_on_another_runtime_only_wakes_the_task() {
    let runtime = || runtime::Builder::new_current_thread().build().unwrap();
    let (own, other) = (runtime(), runtime());
    let test = own.block_on(async { TestTask::parked() });
    test.request();
    assert_eq!((test.runs(), test.wakes()), (1, 1));
    assert!(test.poll_task().is_pending());
    other.block_on(async { test.request() });
    assert_eq!((test.runs(), test.wakes()), (2, 2));
    assert!(test.poll_task().is_pending());
    own.block_on(async { test.request() });
    assert_eq!((test.runs(), test.wakes()), (4, 2));
}

#[tokio::test]
async fn traces_of_the_application_are_not_part_of_the_request() {
    let test = TestTask::parked();
    let subscriber = tracing_subscriber::registry();
    tracing::subscriber::with_default(subscriber, || {
        tracing::info_span!("request").in_scope(|| test.request());
        assert_eq!((test.runs(), test.wakes()), (1, 1));
        assert!(test.poll_task().is_pending());
        test.request();
        assert_eq!((test.runs(), test.wakes()), (3, 1));
    });
}

/// Some clients expect the response to their POST before the messages that it causes.
#[tokio::test]
async fn the_poll_is_woken_after_the_request_has_run_the_driver() {
    let test = TestTask::parked();
    for progress in [Poll::Pending, Poll::Ready(())] {
        let poll = Arc::new(WakeCounter::default());
        test.session.lock().cold_or_insert().poll_waker = Some(Waker::from(Arc::clone(&poll)));
        let (session, woken) = (Arc::clone(&test.session), Arc::clone(&poll));
        test.next(move || {
            session.lock().wake_poll();
            assert_eq!(woken.0.load(Ordering::Relaxed), 0);
            progress
        });
        test.request();
        assert_eq!(poll.0.load(Ordering::Relaxed), 1);
        test.session.lock().wake_poll();
        assert_eq!(poll.0.load(Ordering::Relaxed), 1);
    }
}

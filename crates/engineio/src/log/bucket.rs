//! Bounds on the number of log lines that clients can cause.

use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::runtime::Handle;

/// The number of lines that one place logs for one client at once.
const CLIENT_BURST: u32 = 5;

/// The time after which one place logs another line for the same client.
const CLIENT_REFILL: Duration = Duration::from_secs(10);

/// The number of lines that one place logs for all clients at once.
const PROCESS_BURST: u32 = 50;

/// The time after which one place logs another line for any client.
const PROCESS_REFILL: Duration = Duration::from_secs(1);

/// The time after which suppressed lines are reported.
const REPORT_AFTER: Duration = Duration::from_secs(10);

/// The client that has caused a log line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LogClient(u64);

impl LogClient {
    /// Identifies a client by the id of its session.
    #[must_use]
    pub fn of_session(id: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// The log lines of one place: a token bucket for each client, and one for the process.
///
/// The number of suppressed lines is reported 10 seconds after the first of them, or when the
/// runtime ends. Outside a runtime, it is reported with the next line that is allowed.
///
/// A client is stored while its bucket is not full. The bucket of the process bounds their number
/// to a hundred, so connections need no memory for this.
pub struct LogBucket {
    state: Mutex<BucketState>,
    report: fn(u64),
}

struct BucketState {
    process: Tokens,
    clients: Vec<(LogClient, Tokens)>,
    /// The number of lines that were suppressed since the last report.
    suppressed: u64,
    /// Whether a task will report them.
    has_reporter: bool,
}

/// The tokens of a bucket, as the time at which all of them are available again.
#[derive(Clone, Copy)]
struct Tokens {
    full_at: Option<Instant>,
}

impl LogBucket {
    /// Creates the bucket of a place. `report` logs the number of suppressed lines.
    #[must_use]
    pub const fn new(report: fn(u64)) -> Self {
        Self {
            state: Mutex::new(BucketState {
                process: Tokens::FULL,
                clients: Vec::new(),
                suppressed: 0,
                has_reporter: false,
            }),
            report,
        }
    }

    /// Takes a token. Returns whether the line is to be logged; it is counted otherwise.
    #[must_use]
    pub fn take(&'static self, client: Option<LogClient>) -> bool {
        let now = tokio::time::Instant::now().into_std();
        let mut state = self.state.lock();
        if state.take(client, now) {
            let unreported = !state.has_reporter;
            let suppressed = if unreported { state.reset() } else { 0 };
            drop(state);
            self.report(suppressed);
            return true;
        }
        state.suppressed = state.suppressed.saturating_add(1);
        if !state.has_reporter
            && let Ok(runtime) = Handle::try_current()
        {
            state.has_reporter = true;
            drop(state);
            let reporter = Reporter(self);
            runtime.spawn(async move {
                tokio::time::sleep(REPORT_AFTER).await;
                drop(reporter);
            });
        }
        false
    }

    fn report(&self, suppressed: u64) {
        if suppressed > 0 {
            (self.report)(suppressed);
        }
    }
}

impl fmt::Debug for LogBucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogBucket").finish_non_exhaustive()
    }
}

/// Reports the suppressed lines when it is dropped, also by a runtime that ends.
struct Reporter(&'static LogBucket);

impl Drop for Reporter {
    fn drop(&mut self) {
        let suppressed = {
            let mut state = self.0.state.lock();
            state.has_reporter = false;
            state.reset()
        };
        self.0.report(suppressed);
    }
}

impl BucketState {
    fn take(&mut self, client: Option<LogClient>, now: Instant) -> bool {
        self.clients.retain(|(_, tokens)| !tokens.is_full(now));
        let Some(process) = self.process.spend(now, PROCESS_BURST, PROCESS_REFILL) else {
            return false;
        };
        if let Some(client) = client {
            let found = self.clients.iter_mut().find(|(key, _)| *key == client);
            let tokens = found.as_ref().map_or(Tokens::FULL, |(_, tokens)| *tokens);
            let Some(tokens) = tokens.spend(now, CLIENT_BURST, CLIENT_REFILL) else {
                return false;
            };
            match found {
                Some(found) => found.1 = tokens,
                None => self.clients.push((client, tokens)),
            }
        }
        self.process = process;
        true
    }

    fn reset(&mut self) -> u64 {
        std::mem::take(&mut self.suppressed)
    }
}

impl Tokens {
    const FULL: Self = Self { full_at: None };

    fn is_full(self, now: Instant) -> bool {
        self.full_at.is_none_or(|full_at| full_at <= now)
    }

    /// Returns what is left after taking one of `burst` tokens, or `None` if there is none.
    fn spend(self, now: Instant, burst: u32, refill: Duration) -> Option<Self> {
        let full_at = self.full_at.map_or(now, |full_at| full_at.max(now));
        let full_at = full_at.checked_add(refill)?;
        let missing = full_at.saturating_duration_since(now);
        (missing <= refill.saturating_mul(burst)).then_some(Self {
            full_at: Some(full_at),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Takes `count` tokens and returns the number of lines that are logged.
    fn take(bucket: &'static LogBucket, client: Option<u64>, count: u32) -> u32 {
        let taken = (0..count).filter(|_| bucket.take(client.map(LogClient)));
        u32::try_from(taken.count()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn each_client_and_the_process_have_a_bucket() {
        static BUCKET: LogBucket = LogBucket::new(|_| ());
        assert_eq!(take(&BUCKET, Some(1), 100), CLIENT_BURST);
        assert_eq!(take(&BUCKET, Some(2), 100), CLIENT_BURST);
        assert_eq!(
            take(&BUCKET, None, 100),
            PROCESS_BURST - 2 * CLIENT_BURST,
            "suppressed lines of a client take nothing from the others"
        );
        assert_eq!(take(&BUCKET, Some(3), 100), 0);

        tokio::time::advance(CLIENT_REFILL).await;
        assert_eq!(take(&BUCKET, Some(1), 100), 1);
        assert_eq!(take(&BUCKET, Some(3), 100), CLIENT_BURST);
    }

    #[tokio::test(start_paused = true)]
    async fn only_clients_that_have_caused_lines_are_stored() {
        static BUCKET: LogBucket = LogBucket::new(|_| ());
        for client in 0..10_000 {
            take(&BUCKET, Some(client), 7);
            tokio::time::advance(Duration::from_millis(100)).await;
        }
        let clients = BUCKET.state.lock().clients.len();
        assert!(clients <= 100, "{clients} clients are stored");
        tokio::time::advance(CLIENT_REFILL * CLIENT_BURST).await;
        take(&BUCKET, None, 1);
        assert_eq!(BUCKET.state.lock().clients.len(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn suppressed_lines_are_reported_without_another_line() {
        static REPORTED: AtomicU64 = AtomicU64::new(0);
        static BUCKET: LogBucket = LogBucket::new(|count| {
            REPORTED.fetch_add(count, Ordering::Relaxed);
        });
        for round in 1..3 {
            take(&BUCKET, None, PROCESS_BURST + 7);
            assert_eq!(REPORTED.load(Ordering::Relaxed), 7 * (round - 1));
            tokio::time::sleep(REPORT_AFTER * 2).await;
            assert_eq!(REPORTED.load(Ordering::Relaxed), 7 * round);
            tokio::time::sleep(PROCESS_REFILL * PROCESS_BURST).await;
        }
    }

    #[test]
    fn suppressed_lines_are_reported_when_the_runtime_ends() {
        static REPORTED: AtomicU64 = AtomicU64::new(0);
        static BUCKET: LogBucket = LogBucket::new(|count| {
            REPORTED.fetch_add(count, Ordering::Relaxed);
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async { take(&BUCKET, None, PROCESS_BURST + 7) });
        assert_eq!(REPORTED.load(Ordering::Relaxed), 0);
        drop(runtime);
        assert_eq!(REPORTED.load(Ordering::Relaxed), 7);
        assert!(!BUCKET.state.lock().has_reporter);
    }

    #[test]
    fn without_a_runtime_suppressed_lines_are_reported_with_the_next_one() {
        static REPORTED: AtomicU64 = AtomicU64::new(0);
        static BUCKET: LogBucket = LogBucket::new(|count| {
            REPORTED.fetch_add(count, Ordering::Relaxed);
        });
        take(&BUCKET, Some(1), CLIENT_BURST + 7);
        assert_eq!(REPORTED.load(Ordering::Relaxed), 0);
        take(&BUCKET, Some(2), 1);
        assert_eq!(REPORTED.load(Ordering::Relaxed), 7);
    }
}

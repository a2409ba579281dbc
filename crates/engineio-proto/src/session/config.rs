//! The times and limits of a session.

use std::time::{Duration, Instant};

/// The times and limits of a session. All sessions of a server share one value.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use engineio_proto::SessionConfig;
///
/// let config = SessionConfig::default().ping_interval(Duration::from_secs(10));
/// assert_eq!(config.ping_interval, Duration::from_secs(10));
/// assert_eq!(config.ping_timeout, Duration::from_secs(20));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
#[non_exhaustive]
pub struct SessionConfig {
    /// The time from the opening, and from each pong, to the next ping. Default: 25 seconds.
    ///
    /// Node's option `pingInterval`. A shorter interval detects dead connections sooner and costs more
    /// traffic. Proxies in front of the server have to allow longer idle times.
    pub ping_interval: Duration,
    /// The time within which a client has to answer a ping. Default: 20 seconds.
    ///
    /// Node's option `pingTimeout`. If it is too short, a server that is busy for a moment loses all its
    /// clients at once.
    pub ping_timeout: Duration,
    /// The time from the arrival of a probed transport to the end of the upgrade. Default: 10 seconds.
    ///
    /// Node's option `upgradeTimeout`. After it, the probed transport is closed and the session stays
    /// on polling.
    pub upgrade_timeout: Duration,
    /// The time that a closing session may take. Default: 30 seconds.
    ///
    /// It covers the wait for the next poll, and for a client that is slow to read the queue.
    pub close_timeout: Duration,
    /// The time that a poll may be pending while a transport is probed. Default: 100 milliseconds.
    ///
    /// A client completes its upgrade only when no poll is pending, so polls are released early.
    pub noop_interval: Duration,
    /// The most bytes that may be queued for one client. Default: 16 MiB.
    ///
    /// A session that would exceed it is closed, because its client reads more slowly than the
    /// application writes. Each message counts with its payload and another 64 bytes. A single message
    /// over the limit can never be sent, so keep the limit above the largest one.
    pub max_outbound_bytes: usize,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(30),
            noop_interval: Duration::from_millis(100),
            max_outbound_bytes: 16 * 1024 * 1024,
        }
    }
}

impl SessionConfig {
    /// Sets the [time between pings](Self#structfield.ping_interval).
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.ping_interval = interval;
        self
    }

    /// Sets the [time to answer a ping](Self#structfield.ping_timeout).
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.ping_timeout = timeout;
        self
    }

    /// Sets the [time for an upgrade](Self#structfield.upgrade_timeout).
    pub fn upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.upgrade_timeout = timeout;
        self
    }

    /// Sets the [time for closing](Self#structfield.close_timeout).
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = timeout;
        self
    }

    /// Sets the [time for a poll during an upgrade](Self#structfield.noop_interval).
    pub fn noop_interval(mut self, interval: Duration) -> Self {
        self.noop_interval = interval;
        self
    }

    /// Sets the [limit of the outbound queue](Self#structfield.max_outbound_bytes) in bytes.
    pub fn max_outbound_bytes(mut self, bytes: usize) -> Self {
        self.max_outbound_bytes = bytes;
        self
    }
}

/// The delay that replaces one beyond the range of the clock: about a hundred years.
const FAR_FUTURE: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 100);

/// Returns the time `delay` after `now`.
///
/// A delay beyond the range of the clock, such as `Duration::MAX` for "never", is cut to
/// [`FAR_FUTURE`].
pub(super) fn deadline(now: Instant, delay: Duration) -> Instant {
    now.checked_add(delay)
        .or_else(|| now.checked_add(FAR_FUTURE))
        .unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_delay_is_cut_to_the_far_future() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        assert_eq!(deadline(now, second), now + second);
        assert_eq!(deadline(now, Duration::MAX), now + FAR_FUTURE);
    }
}

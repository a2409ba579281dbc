//! The times and limits of a session.

use std::time::{Duration, Instant};

/// The times and limits of a session. One value is shared by all sessions of a server.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use engineio_proto::SessionConfig;
///
/// let config = SessionConfig {
///     ping_interval: Duration::from_secs(10),
///     ..SessionConfig::default()
/// };
/// assert_eq!(config.ping_timeout, Duration::from_secs(20));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionConfig {
    /// The time from the opening, and from each pong, to the next ping. Default: 25 seconds.
    ///
    /// Node's option `pingInterval`. Shorter finds dead connections sooner and costs more traffic;
    /// proxies in front of the server have to allow idle times longer than this.
    pub ping_interval: Duration,
    /// The time within which a client has to answer a ping. Default: 20 seconds.
    ///
    /// Node's option `pingTimeout`. Too short, and a server that is busy for a moment loses all its
    /// clients at once.
    pub ping_timeout: Duration,
    /// The time from the arrival of the transport that is probed to the end of the upgrade. Default:
    /// 10 seconds.
    ///
    /// Node's option `upgradeTimeout`. When it has passed, that transport goes and the session
    /// stays on polling.
    pub upgrade_timeout: Duration,
    /// The time that a session which is being closed may take for it. Default: 30 seconds.
    ///
    /// It is spent waiting for the next poll, or for a client that does not take what is queued.
    pub close_timeout: Duration,
    /// The time that a poll may wait while another transport is being probed. Default: 100 milliseconds.
    ///
    /// A client finishes its upgrade only when no poll is pending, so polls are released early.
    pub noop_interval: Duration,
    /// How many bytes may wait for one client. Default: 16 MiB.
    ///
    /// A client for which more would have to wait is disconnected: it reads more slowly than the
    /// application writes, and memory is not endless. Every message counts with its payload and
    /// [`MESSAGE_OVERHEAD`](super::MESSAGE_OVERHEAD). A single message over the limit can never be
    /// sent, so keep the limit above the largest one.
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

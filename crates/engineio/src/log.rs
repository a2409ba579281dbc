//! Log lines that a client can cause: their text is escaped and cut, and their number is bounded.
//!
//! Bottom of the ladder. The `socketio` crate uses it too, so it is public, but it is no part of the
//! public API.

mod bucket;
mod escaped;

pub use self::bucket::{LogBucket, LogClient};
pub use self::escaped::{Chain, Escaped, MAX_TEXT, panic_message};

/// Logs at the level `$level`, within the [`LogBucket`] of this place.
///
/// Events beyond it are logged at DEBUG, and counted in one later line at `$level`. Text that a
/// client controls belongs in [`Escaped`].
///
/// `$client` is an `Option<LogClient>`; `None` for events of no particular client.
#[doc(hidden)]
#[macro_export]
macro_rules! log_limited {
    ($level:ident, $client:expr, $message:literal $(,)?) => {
        $crate::log_limited!(@ $level, $client, $message, ($message))
    };
    ($level:ident, $client:expr, $message:literal, $($field:tt)+) => {
        $crate::log_limited!(@ $level, $client, $message, ({ $($field)+ }, $message))
    };
    (@ $level:ident, $client:expr, $message:literal, $event:tt) => {{
        static BUCKET: $crate::log::LogBucket = $crate::log::LogBucket::new(|suppressed| {
            tracing::$level!(
                suppressed,
                "{suppressed} more suppressed, which the level DEBUG logs: {}",
                $message
            );
        });
        if BUCKET.take($client) {
            tracing::$level! $event;
        } else {
            tracing::debug! $event;
        }
    }};
}

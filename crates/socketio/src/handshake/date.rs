//! The opening time of a connection in the format of JavaScript's `Date.prototype.toString`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last second that an HTTP date can express: 9999-12-31T23:59:59Z.
const MAX_SECONDS: u64 = 253_402_300_799;

/// Formats a time in UTC as `new Date().toString()` does (Node's `handshake.time`).
///
/// Times outside the years 1970 to 9999 are clamped to that range.
pub(super) fn to_js_string(time: SystemTime) -> String {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
        .min(MAX_SECONDS);
    // An HTTP date has the same words in another order: `Sun, 06 Nov 1994 08:49:37 GMT`.
    let http = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds));
    match *http.split([',', ' ']).collect::<Vec<_>>() {
        [weekday, _, day, month, year, clock, _] => {
            format!("{weekday} {month} {day} {year} {clock} GMT+0000 (Coordinated Universal Time)")
        }
        _ => http,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_formatted(seconds: u64, expected: &str) {
        let time = UNIX_EPOCH + Duration::from_secs(seconds);
        let zone = " GMT+0000 (Coordinated Universal Time)";
        assert_eq!(to_js_string(time), format!("{expected}{zone}"));
    }

    #[test]
    fn times_have_the_format_of_javascript() {
        assert_formatted(0, "Thu Jan 01 1970 00:00:00");
        assert_formatted(951_782_400, "Tue Feb 29 2000 00:00:00");
        assert_formatted(951_868_799, "Tue Feb 29 2000 23:59:59");
        assert_formatted(951_868_800, "Wed Mar 01 2000 00:00:00");
        assert_formatted(1_735_689_599, "Tue Dec 31 2024 23:59:59");
        assert_formatted(1_795_316_304, "Sun Nov 22 2026 02:58:24");
        assert_formatted(4_107_542_400, "Mon Mar 01 2100 00:00:00");
    }

    #[test]
    fn times_beyond_the_year_9999_are_clamped() {
        assert_formatted(u64::MAX >> 2, "Fri Dec 31 9999 23:59:59");
        let before_1970 = UNIX_EPOCH - Duration::from_secs(1);
        assert!(to_js_string(before_1970).starts_with("Thu Jan 01 1970"));
    }
}

//! Formats dates as JavaScript does.

use std::fmt;

const MS_PER_DAY: i64 = 86_400_000;

/// The maximum distance of a `Date` from 1970 in milliseconds.
const MAX_TIME: i64 = 8_640_000_000_000_000;

/// The number of days in 400 years, after which the Gregorian calendar repeats.
const DAYS_PER_ERA: i64 = 146_097;

/// The number of days from 1 March of the year 0 to 1 January 1970.
const DAYS_BEFORE_1970: i64 = 719_468;

/// A `Date`, displayed in the format of `Date.toISOString`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct IsoDate {
    year: i64,
    month: i64,
    day: i64,
    ms_of_day: i64,
}

impl IsoDate {
    /// Creates the date `ms` milliseconds after 1970; `None` outside the range of JavaScript.
    pub(super) fn new(ms: i64) -> Option<Self> {
        if !(-MAX_TIME..=MAX_TIME).contains(&ms) {
            return None;
        }
        let (year, month, day) = civil_date(ms.div_euclid(MS_PER_DAY));
        Some(Self {
            year,
            month,
            day,
            ms_of_day: ms.rem_euclid(MS_PER_DAY),
        })
    }
}

/// Returns the year, the month (1 to 12) and the day of the month of a day counted from 1 January 1970.
///
/// Years are counted from March, so that a leap day is the last day of a year and the lengths of the
/// months repeat: 153 days for every five.
fn civil_date(days_since_1970: i64) -> (i64, i64, i64) {
    let days = days_since_1970 + DAYS_BEFORE_1970;
    let era = days.div_euclid(DAYS_PER_ERA);
    let day_of_era = days.rem_euclid(DAYS_PER_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    (year, month, day)
}

impl fmt::Display for IsoDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            year,
            month,
            day,
            ms_of_day,
        } = *self;
        if (0..10_000).contains(&year) {
            write!(f, "{year:04}")?;
        } else {
            write!(f, "{year:+07}")?;
        }
        let seconds = ms_of_day / 1000;
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let ms = ms_of_day % 1000;
        write!(
            f,
            "-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(ms: i64) -> Option<String> {
        IsoDate::new(ms).map(|date| date.to_string())
    }

    /// The expected strings are the output of `new Date(ms).toISOString()` in Node.
    #[test]
    fn dates_have_the_format_of_javascript() {
        for (ms, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (1_234_567_890_123, "2009-02-13T23:31:30.123Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_799_999, "2000-02-29T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
            (-62_167_219_200_001, "-000001-12-31T23:59:59.999Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (253_402_300_800_000, "+010000-01-01T00:00:00.000Z"),
            (8_640_000_000_000_000, "+275760-09-13T00:00:00.000Z"),
            (-8_640_000_000_000_000, "-271821-04-20T00:00:00.000Z"),
        ] {
            assert_eq!(text(ms).as_deref(), Some(expected));
        }
    }

    #[test]
    fn times_outside_the_range_of_javascript_are_rejected() {
        for ms in [
            8_640_000_000_000_001,
            -8_640_000_000_000_001,
            i64::MIN,
            i64::MAX,
        ] {
            assert_eq!(text(ms), None);
        }
    }
}

//! Times as JavaScript writes them.

use std::time::{SystemTime, UNIX_EPOCH};

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The text that `new Date() + ""` has in UTC. Times before 1970 count as the beginning of it.
pub(super) fn to_text(time: SystemTime) -> String {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    // Both lists are as long as what is counted.
    let name = |names: &[&'static str], index: u64| {
        let index = usize::try_from(index).unwrap_or_default();
        names.get(index).copied().unwrap_or_default()
    };
    format!(
        "{} {} {day:02} {year} {:02}:{:02}:{:02} GMT+0000 (Coordinated Universal Time)",
        name(&DAYS, days % 7),
        name(&MONTHS, month),
        rest / 3600,
        rest / 60 % 60,
        rest % 60,
    )
}

/// The year, the month from 0 and the day from 1, of a day counted from the 1st of January 1970.
///
/// Years are counted from March here, so that the day that is added in leap years is their last.
fn date(days: u64) -> (u64, u64, u64) {
    const DAYS_OF_400_YEARS: u64 = 146_097;
    // The 1st of March of the year 0.
    let days = days.saturating_add(719_468);
    let (era, day_of_era) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12;
    let year = era * 400 + year_of_era + u64::from(month < 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[track_caller]
    fn assert_text(seconds: u64, text: &str) {
        let time = UNIX_EPOCH + Duration::from_secs(seconds);
        let zone = " GMT+0000 (Coordinated Universal Time)";
        assert_eq!(to_text(time), format!("{text}{zone}"));
    }

    #[test]
    fn times_are_written_as_javascript_writes_them() {
        assert_text(0, "Thu Jan 01 1970 00:00:00");
        assert_text(951_782_400, "Tue Feb 29 2000 00:00:00");
        assert_text(951_868_799, "Tue Feb 29 2000 23:59:59");
        assert_text(951_868_800, "Wed Mar 01 2000 00:00:00");
        assert_text(1_735_689_599, "Tue Dec 31 2024 23:59:59");
        assert_text(1_795_316_304, "Sun Nov 22 2026 02:58:24");
        assert_text(4_107_542_400, "Mon Mar 01 2100 00:00:00");
    }

    #[test]
    fn every_day_of_800_years_follows_the_one_before() {
        let is_leap = |year: u64| {
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
        };
        let (mut year, mut month, mut day) = (1970, 0, 1);
        for days in 0..292_194 {
            assert_eq!(date(days), (year, month, day), "day {days}");
            let last = match month {
                1 => 28 + u64::from(is_leap(year)),
                3 | 5 | 8 | 10 => 30,
                _ => 31,
            };
            (year, month, day) = match (month, day) {
                (11, 31) => (year + 1, 0, 1),
                (_, day) if day == last => (year, month + 1, 1),
                (_, day) => (year, month, day + 1),
            };
        }
    }
}

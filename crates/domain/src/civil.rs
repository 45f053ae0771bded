//! Times as people read them: RFC 3339, in UTC, to the microsecond.

use std::fmt;
use std::str::FromStr;

use crate::Timestamp;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 24 * 3600 * SECOND;
/// Years that RFC 3339 can say: four digits.
const YEARS: std::ops::RangeInclusive<i64> = 0..=9999;

/// Year, month and day of a number of days since 1970 (proleptic Gregorian calendar).
fn civil(days: i64) -> (i64, i64, i64) {
    // Counted from 1 March of year 0, so that the leap day is a year's last.
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let (day, month) = (of_year - (153 * shifted + 2) / 5 + 1, if shifted < 10 { shifted + 3 } else { shifted - 9 });
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// The other way round.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, shifted) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * shifted + 2) / 5 + day - 1 - 719_468
}

/// As in `2027-03-14T09:26:53.589793Z`. Times outside of the years 0 to 9999 are written as the nearest inside.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, most) = (days(*YEARS.start(), 1, 1) * DAY, days(*YEARS.end() + 1, 1, 1) * DAY - 1);
        let at = self.0.clamp(least, most);
        let (year, month, day) = civil(at.div_euclid(DAY));
        let of_day = at.rem_euclid(DAY);
        let (second, micros) = (of_day / SECOND, of_day % SECOND);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
    }
}

/// The text is no time as [`Timestamp`] writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time such as 2027-03-14T09:26:53.589793Z")]
pub struct NotATime;

impl FromStr for Timestamp {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let number = |range: std::ops::Range<usize>| -> Result<i64, NotATime> {
            let digits = text.get(range).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
            digits.and_then(|part| part.parse().ok()).ok_or(NotATime)
        };
        let day = days(number(0..4)?, number(5..7)?, number(8..10)?);
        let seconds = number(11..13)? * 3600 + number(14..16)? * 60 + number(17..19)?;
        let at = Self(day * DAY + seconds * SECOND + number(20..26)?);
        // One spelling for each time; this also refuses a 31st of February.
        if at.to_string() == text { Ok(at) } else { Err(NotATime) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_other_programs_write_them() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (1_805_016_413_589_793, "2027-03-14T09:26:53.589793Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
        ] {
            assert_eq!(Timestamp(micros).to_string(), text);
            assert_eq!(text.parse(), Ok(Timestamp(micros)));
        }
    }

    #[test]
    fn every_day_of_five_centuries_is_read_as_it_is_written() {
        let mut before = (0, 0, 0);
        for day in -100_000..100_000 {
            let date = civil(day);
            assert!(date > before && days(date.0, date.1, date.2) == day, "{date:?}");
            before = date;
        }
    }

    #[test]
    fn no_other_spelling_is_a_time() {
        for text in [
            "",
            "2027-02-31T00:00:00.000000Z",
            "2027-03-14T24:00:00.000000Z",
            "2027-03-14T09:26:53.589793",
            "2027-03-14t09:26:53.589793Z",
            "2027-03-14T09:26:53.589793+00:00",
            "+027-03-14T09:26:53.589793Z",
            "2027-03-14T09:26:53.58979Z",
            "２027-03-14T09:26:53.589793Z",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(NotATime), "{text}");
        }
        assert_eq!(Timestamp(i64::MAX).to_string(), "9999-12-31T23:59:59.999999Z");
        assert_eq!(Timestamp(i64::MIN).to_string(), "0000-01-01T00:00:00.000000Z");
    }
}

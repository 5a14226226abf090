//! Calendar dates in UTC, after Howard Hinnant's `civil_from_days`. Knows no time zone and no leap second.

use std::fmt;

use super::Millis;

const DAY_MS: i64 = 86_400_000;
/// Days from 1 March of the year 0 to 1970.
const EPOCH: i64 = 719_468;

/// A day. Shown as `2026-11-21`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    pub year: i64,
    pub month: i64,
    pub day: i64,
}

impl Date {
    pub const fn of(at: Millis) -> Self {
        let shifted = at.0.div_euclid(DAY_MS) + EPOCH;
        let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        // Months count from March, so that the leap day comes last.
        let from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let january = if month <= 2 { 1 } else { 0 };
        Self { year: year + era * 400 + january, month, day }
    }

    /// Its first moment.
    pub const fn begins(self) -> Millis {
        let (year, from_march) = match self.month {
            1 | 2 => (self.year - 1, self.month + 9),
            _ => (self.year, self.month - 3),
        };
        let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let of_year = (153 * from_march + 2) / 5 + self.day - 1;
        Millis(
            (era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH) * DAY_MS,
        )
    }

    /// `YYYY-MM-DD` of a day that exists, from 1970 to 9999.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut number = |digits: usize| {
            let part = parts.next()?;
            let plain = part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| part.parse().ok()).flatten()
        };
        let date = Self { year: number(4)?, month: number(2)?, day: number(2)? };
        let exists = date.year >= 1970 && (1..=12).contains(&date.month);
        (exists && parts.next().is_none() && Self::of(date.begins()) == date).then_some(date)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_found_from_any_of_its_moments_and_begins_with_its_first() {
        for (text, begins) in [
            ("1970-01-01", 0),
            ("2000-02-29", 951_782_400_000),
            ("2026-11-21", 1_795_219_200_000),
            ("2100-03-01", 4_107_542_400_000),
        ] {
            let date = Date::parse(text).unwrap();
            assert_eq!((date.to_string().as_str(), date.begins()), (text, Millis(begins)));
            assert_eq!(Date::of(Millis(begins + DAY_MS - 1)), date);
            assert!(Date::of(Millis(begins - 1)) < date);
        }
        let none =
            ["2026-02-29", "2026-13-01", "2026-1-01", "+026-01-01", "2026-01-01-", "1969-12-31"];
        none.iter().for_each(|text| assert_eq!(Date::parse(text), None, "{text}"));
    }
}

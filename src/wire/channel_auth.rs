//! The `auth_token` with which a channel's server sends a browser to the box (document 000, reg_from_channel).
//! It judges no user, counts no wrong try and holds no clock.
//!
//! By default it is HMAC-SHA256(app_secret, "YYYYMMDD" + user_id) in hex. The original's own rule,
//! MD5("YYYYMMDD" + "registuser" + user_id), has no secret in it: anybody can make one.
//! Source: decisions.md, section 000; facts.md, "auth_token format".

use ring::hmac;

use crate::model::{Millis, hex};

/// How the tokens of one channel are made.
#[derive(Clone, Copy, Debug)]
pub enum Rule<'a> {
    Hmac {
        app_secret: &'a str,
    },
    /// Of the original; forgeable by anybody who knows a user's number.
    Md5,
}

/// Which days are taken: today and yesterday, by UTC or by the channel's calendar, and `more_days` on each side.
#[derive(Clone, Copy, Debug)]
pub struct Calendar {
    /// By how much the channel's clock is ahead of UTC.
    pub ahead: Millis,
    pub more_days: i64,
}

const DAY: i64 = 24 * 3600 * 1000;

/// Every token that is good for this user at `now`, the newest day's first.
pub fn good_tokens(rule: Rule<'_>, calendar: Calendar, user: i64, now: Millis) -> Vec<String> {
    let (here, there) = (now.0.div_euclid(DAY), (now + calendar.ahead).0.div_euclid(DAY));
    let first = here.min(there) - 1 - calendar.more_days;
    let last = here.max(there) + calendar.more_days;
    (first..=last).rev().map(|day| token(rule, &date(day), user)).collect()
}

/// The token of one day, written `YYYYMMDD`. Lower-case hexadecimal.
pub fn token(rule: Rule<'_>, day: &str, user: i64) -> String {
    match rule {
        Rule::Hmac { app_secret } => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, app_secret.as_bytes());
            hex(hmac::sign(&key, format!("{day}{user}").as_bytes()).as_ref())
        }
        Rule::Md5 => format!("{:x}", md5::compute(format!("{day}registuser{user}"))),
    }
}

/// `YYYYMMDD` of a day counted from 1970-01-01, in the Gregorian calendar; years count from March so that a
/// leap day is a year's last.
pub fn date(day: i64) -> String {
    let days = day + 719_468; // since 0000-03-01
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    format!("{year:04}{month:02}{day_of_month:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Saturday, 21 November 2026, 08:00:00 UTC.
    const NOW: Millis = Millis(1_795_248_000_000);
    const CHINA: Calendar = Calendar { ahead: Millis::seconds(8 * 3600), more_days: 0 };
    const RULE: Rule<'_> = Rule::Hmac { app_secret: "key" };

    fn is_good(day: &str, calendar: Calendar, now: Millis) -> bool {
        good_tokens(RULE, calendar, 100, now).contains(&token(RULE, day, 100))
    }

    #[test]
    fn tokens_are_those_of_the_facts() {
        // facts.md, computed from the sibling document of the original.
        assert_eq!(token(Rule::Md5, "20191121", 100), "bfbfded5c75324f27f1c66ac237d106b");
        // Computed with another implementation of HMAC (Python's).
        assert_eq!(
            token(Rule::Hmac { app_secret: "Jefe" }, "20261121", 100),
            "18c575de68f993e21ba5e33e7af3060d3c04aab1cf5f80d85005bb91a88daab8"
        );
    }

    #[test]
    fn days_are_written_as_calendars_have_them() {
        for (day, written) in [
            (0, "19700101"),
            (59, "19700301"),
            (11_016, "20000229"),
            (11_017, "20000301"),
            (20_778, "20261121"),
            (-1, "19691231"),
            (47_540, "21000228"),
            (47_541, "21000301"),
        ] {
            assert_eq!(date(day), written);
        }
    }

    #[test]
    fn today_and_yesterday_are_good_and_their_neighbours_are_not() {
        for (day, good) in
            [("20261119", false), ("20261120", true), ("20261121", true), ("20261122", false)]
        {
            assert_eq!(is_good(day, CHINA, NOW), good, "{day}");
        }
        let wide = Calendar { more_days: 2, ..CHINA };
        for (day, good) in
            [("20261117", false), ("20261118", true), ("20261123", true), ("20261124", false)]
        {
            assert_eq!(is_good(day, wide, NOW), good, "{day}");
        }
    }

    #[test]
    fn in_the_small_hours_of_china_both_calendars_todays_are_good() {
        let night = NOW + Millis::seconds(9 * 3600); // 17:00 UTC, 01:00 of the 22nd in China
        for (day, good) in
            [("20261119", false), ("20261120", true), ("20261121", true), ("20261122", true)]
        {
            assert_eq!(is_good(day, CHINA, night), good, "{day}");
        }
    }
}

//! How a channel's server shows who it is (document 000): the `auth_token` with which it sends a browser to the
//! box, and the token for its own calls. It judges no user, counts no wrong try and holds no clock.
//!
//! By default `auth_token` is HMAC-SHA256(app_secret, "YYYYMMDD" + user_id) in hex. The original's own rule,
//! MD5("YYYYMMDD" + "registuser" + user_id), has no secret in it: anybody can make one.
//! Source: decisions.md, section 000; facts.md, "auth_token format".

use ring::hmac;
use serde::{Deserialize, Serialize};

use super::jwt;
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

/// What the token of a channel's server says; times in Unix seconds.
#[derive(Serialize, Deserialize)]
struct Claims {
    app_id: String,
    iat: i64,
    exp: i64,
}

/// A token for the server's own calls.
pub fn server_token(key: &[u8], app_id: &str, issued: Millis, expires: Millis) -> String {
    let (iat, exp) = (issued.as_seconds(), expires.as_seconds());
    jwt::sign(key, &Claims { app_id: app_id.to_owned(), iat, exp })
}

/// When a server's token was issued; `None` when this key did not sign it.
pub fn read_server_token(key: &[u8], token: &str) -> Option<Millis> {
    jwt::verify::<Claims>(key, token).ok().map(|claims| Millis::seconds(claims.iat))
}

#[cfg(test)]
mod tests;

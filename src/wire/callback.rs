//! Signatures of calls between servers, and when to try again: Tencent's recording callback as it comes in, our
//! webhooks as they go out. It sends nothing, remembers no delivery and holds no clock.
//!
//! A webhook of the box carries three headers:
//!
//! ```text
//! x-arctos-time: 1700000000            Unix seconds at which this try was made
//! x-arctos-id: 4711                    the same in every try of one event
//! x-arctos-signature: v1=<64 hex>      HMAC-SHA256(secret, time "." id "." body)
//! ```
//!
//! A receiver recomputes the code over the raw body, compares in constant time, refuses a time more than
//! five minutes off, and drops an id that it has seen.

use ring::hmac;

use crate::model::Millis;
use crate::model::secret::same;

/// The `sign` of Tencent's live callback (document 001, recendcall; facts.md, "Callbacks"): lower-case hex
/// of MD5(callback key, then decimal `t`). `t_s` is the moment at which it expires, Unix seconds.
pub fn live_sign(callback_key: &str, t_s: i64) -> String {
    format!("{:x}", md5::compute(format!("{callback_key}{t_s}")))
}

/// Whether `sign` (hex, either case) belongs to `t_s`. An empty key signs nothing, so it verifies nothing.
pub fn live_verify(callback_key: &str, t_s: i64, sign: &str) -> bool {
    !callback_key.is_empty()
        && same(live_sign(callback_key, t_s).as_bytes(), sign.to_ascii_lowercase().as_bytes())
}

/// Whether `t_s` is neither past nor further ahead than [`LIVE_AHEAD_S_MAX`].
pub fn live_in_time(t_s: i64, now_s: i64) -> bool {
    (now_s..=now_s.saturating_add(LIVE_AHEAD_S_MAX)).contains(&t_s)
}

/// decisions.md, 001: `t` lies at most ten minutes ahead.
pub const LIVE_AHEAD_S_MAX: i64 = 600;

/// The value of [`SIGNATURE_HEADER`] for one try of a webhook.
pub fn webhook_sign(secret: &[u8], delivery: &Delivery<'_>) -> String {
    let mut signing = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret));
    signing.update(format!("{}.{}.", delivery.time_s, delivery.id).as_bytes());
    signing.update(delivery.body);
    let code: String = signing.sign().as_ref().iter().map(|b| format!("{b:02x}")).collect();
    format!("v1={code}")
}

/// What a receiver does, but for looking at the time. An id with a `.` in it is refused: it could stand for
/// another pair of id and body.
pub fn webhook_verify(secret: &[u8], delivery: &Delivery<'_>, signature: &str) -> bool {
    !delivery.id.contains('.')
        && same(webhook_sign(secret, delivery).as_bytes(), signature.as_bytes())
}

/// One try of one webhook. `time_s` in Unix seconds; `id` has no `.`; `body` is what goes over the wire.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    pub time_s: i64,
    pub id: &'a str,
    pub body: &'a [u8],
}

pub const TIME_HEADER: &str = "x-arctos-time";
pub const ID_HEADER: &str = "x-arctos-id";
pub const SIGNATURE_HEADER: &str = "x-arctos-signature";

/// How long to wait after a failed try: one second, doubling to ten minutes, then ±20 % by `jitter` (any
/// random number) so that a school's boxes do not come back all at once.
///
/// `attempt` counts the tries that failed, this one included; 0 is taken as 1.
pub fn next_try(attempt: u32, jitter: u32) -> Millis {
    // Ten doublings pass the cap, so the shift cannot overflow.
    let base = (FIRST_MS << attempt.saturating_sub(1).min(10)).min(CAP_MS);
    // 800 to 1,200 thousandths, evenly.
    let thousandths = 800 + ((i64::from(jitter) * 401) >> 32);
    Millis(base * thousandths / 1000)
}

/// An event that could not be delivered for three days is given up, and says so.
pub const GIVE_UP: Millis = Millis::seconds(72 * 3600);

const FIRST_MS: i64 = 1000;
const CAP_MS: i64 = 600_000;
/// No try lies further ahead; one that does was put off by a clock that has been set back since.
pub const WAIT_MAX: Millis = Millis(CAP_MS * 6 / 5);

#[cfg(test)]
mod tests;

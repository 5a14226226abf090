//! Credentials that several dialects ask for in the same way.

use std::sync::Arc;

use hyper::header::{self, HeaderMap, HeaderValue};

use crate::domain::Appliance;
use crate::model::user::Actor;
use crate::model::{Fault, Moment, Refusal};

/// The token of `Authorization: SCHEME TOKEN`, the scheme in any case.
///
/// # Errors
/// `Unauthenticated`: `Absent` without the header or the token, `Scheme` for another scheme.
pub fn scheme_token<'h>(headers: &'h HeaderMap, schemes: &[&str]) -> Result<&'h str, Fault> {
    let refuse = |why| Fault::Unauthenticated(why);
    let text = headers.get(header::AUTHORIZATION).ok_or_else(|| refuse(Refusal::Absent))?;
    let text = said(text).ok_or_else(|| refuse(Refusal::Invalid))?.trim_ascii();
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if !schemes.iter().any(|s| s.eq_ignore_ascii_case(scheme)) {
        return Err(refuse(if text.is_empty() { Refusal::Absent } else { Refusal::Scheme }));
    }
    match token.trim_ascii() {
        "" => Err(refuse(Refusal::Absent)),
        token => Ok(token),
    }
}

/// As `to_str` has it, which looks at one byte after the other: some tokens have hundreds.
fn said(value: &HeaderValue) -> Option<&str> {
    std::str::from_utf8(value.as_bytes()).ok().filter(|text| text.is_ascii())
}

/// The person of a token that any dialect issued. Administrators and technicians are unknown to the five
/// dialects (decisions.md), so their tokens are not good here, and another log-in of theirs would not help.
///
/// # Errors
/// `Unauthenticated`: `Invalid`, `Expired`, `Disabled`, or `Refused` for administrators and technicians.
pub fn logged_in(app: &Appliance, token: &str, now: Moment) -> Result<Arc<Actor>, Fault> {
    let actor = app.sessions.actor(token, now)?;
    if actor.role.is_of_the_box() {
        return Err(Fault::Unauthenticated(Refusal::Refused));
    }
    Ok(actor)
}

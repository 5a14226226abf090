//! Who calls: a token of the box's own log-in, in the header or, from a page of the box itself, in the session
//! cookie; and whether the role's rank suffices. Tokens of the five other dialects open nothing here.

use std::sync::Arc;

use hyper::Method;
use hyper::header::{self, HeaderMap};

use super::envelope;
use crate::dialect::serve::dispatch;
use crate::dialect::{Access, Call, Made, Rank, Row, Work, credentials};
use crate::domain::Appliance;
use crate::http::cookie;
use crate::model::user::{Actor, Origin, Role};
use crate::model::{Fault, Moment, Refusal};

/// Opens a row: where the request comes from, credentials, rank, handler.
pub fn open<'a>(row: &'a Row, mut call: Call<'a>) -> Work<'a> {
    if is_misdirected(&call) {
        return Work::Done(Ok(Made::Whole(Box::new(envelope::misdirected()))));
    }
    match admit(row, &call) {
        Ok(actor) => {
            call.actor = actor;
            dispatch(row, call)
        }
        Err(fault) => Work::Done(Err(fault)),
    }
}

fn admit(row: &Row, call: &Call<'_>) -> Result<Option<Arc<Actor>>, Fault> {
    let changes = call.asked.method != Method::GET;
    if changes && is_from_elsewhere(call) {
        return Err(Fault::denied("this request comes from a page of another site"));
    }
    let rank = match row.access {
        Access::Staff(rank) => rank,
        Access::Anybody => return Ok(None),
        Access::User | Access::Signed | Access::Secret | Access::Server => {
            return Err(Fault::Unauthenticated(Refusal::Refused));
        }
    };
    let (token, by_cookie) = token(&call.asked.headers, call.caller.base.secure)?;
    if by_cookie && changes && !is_from_here(call) {
        return Err(Fault::denied("a cookie is good for the box's own pages only: send the token"));
    }
    let actor = staff(call.app, token, call.caller.now)?;
    if rank_of(actor.role) < rank {
        return Err(Fault::denied(format!("this is for {}", plural(rank))));
    }
    Ok(Some(actor))
}

/// The person of a token of the box's own log-in.
///
/// # Errors
/// `Unauthenticated`: `Refused` for a genuine token of another dialect, else as of the session.
pub fn staff(app: &Appliance, token: &str, now: Moment) -> Result<Arc<Actor>, Fault> {
    let actor = app.sessions.actor(token, now)?;
    match actor.origin {
        Origin::Box => Ok(actor),
        Origin::Edu | Origin::Channel | Origin::OpenIm | Origin::Groups | Origin::Arctos => {
            Err(Fault::Unauthenticated(Refusal::Refused))
        }
    }
}

/// The token that a request carries, and whether its cookie did.
pub fn token(headers: &HeaderMap, secure: bool) -> Result<(&str, bool), Fault> {
    match credentials::scheme_token(headers, &["bearer", "token", "jwt"]) {
        Ok(token) => Ok((token, false)),
        Err(fault) => match cookie::session(headers, secure) {
            Some(token) if !headers.contains_key(header::AUTHORIZATION) => Ok((token, true)),
            Some(_) | None => Err(fault),
        },
    }
}

pub const fn rank_of(role: Role) -> Rank {
    match role {
        Role::Administrator => Rank::Administrator,
        Role::Technician => Rank::Technician,
        Role::Teacher => Rank::Teacher,
        Role::Pupil | Role::Viewer => Rank::Person,
    }
}

const fn plural(rank: Rank) -> &'static str {
    match rank {
        Rank::Person => "people of this box",
        Rank::Teacher => "teachers, technicians and administrators",
        Rank::Technician => "technicians and administrators",
        Rank::Administrator => "administrators",
    }
}

/// A name that leads to the box without being the box's: a page of that name would have our cookies.
fn is_misdirected(call: &Call<'_>) -> bool {
    let cookie = cookie::session(&call.asked.headers, call.caller.base.secure);
    let host = call.caller.base.host.as_ref().and_then(|host| host.to_str().ok());
    cookie.is_some() && !host.is_some_and(|host| call.app.policy.is_called(host))
}

/// The browser says that another site's page asks.
fn is_from_elsewhere(call: &Call<'_>) -> bool {
    let headers = &call.asked.headers;
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    match site {
        Some("same-origin" | "none") => false,
        Some(_) => true,
        None => headers.contains_key(header::ORIGIN) && !is_from_here(call),
    }
}

/// The browser says that a page of the box asks.
fn is_from_here(call: &Call<'_>) -> bool {
    let base = &call.caller.base;
    let host = base.host.as_ref().and_then(|host| host.to_str().ok()).unwrap_or_default();
    let public = call.app.policy.public_url.as_deref();
    cookie::is_of_the_box(&call.asked.headers, host, base.secure, public)
}

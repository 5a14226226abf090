//! Somebody let in by another server's word: a code for him, and once the user it stands for. It knows no
//! token. Source: 004-arctos-auth.md; decisions.md, section 004 and "One directory".

use std::net::IpAddr;

use rusqlite::Connection;

use super::guess::Account;
use super::{Appliance, audit, user};
use crate::model::audit::{Entry, Event};
use crate::model::pass::{Claim, Device};
use crate::model::user::{Origin, User};
use crate::model::{Fault, Handle, Millis, Moment, Refusal, UserId, sha256};
use crate::store::auth_codes::{self, CodeRow};
use crate::store::users;

/// Document 004: ten minutes.
const AGE_MAX: Millis = Millis::seconds(600);
/// Codes that wait to be used: more than a city's schools ask for in ten minutes.
const WAITING_MAX: i64 = 10_000;

/// Whom the other server speaks for.
#[derive(Clone, Debug)]
pub struct Applicant {
    pub handle: Handle,
    /// Shown to people; a new user without one gets a random one.
    pub name: Option<String>,
    pub claim: Claim,
    pub from: IpAddr,
}

/// Finds or makes the user; answers a code of 256 random bits, in hexadecimal.
///
/// # Errors
/// `Denied` for administrators, technicians and closed accounts; `Invalid("user_id")` for a new handle in a
/// channel's name space; `Busy` when too many codes wait.
pub async fn issue(app: &Appliance, who: Applicant, now: Moment) -> Result<String, Fault> {
    let code = app.entropy.hex::<32>();
    let nickname = format!("USER-{:08}", app.entropy.u32() % 100_000_000);
    let foreign = user::is_of_a_channel(app, &who.handle);
    let (hash, claim) = (sha256(code.as_bytes()), who.claim);
    let job = move |conn: &Connection| {
        auth_codes::forget(conn, now.wall - AGE_MAX, now.wall)?;
        if auth_codes::count(conn)? >= WAITING_MAX {
            return Err(Fault::Busy { retry: Millis::seconds(60) });
        }
        let user = match users::by_handle(conn, &who.handle)? {
            Some(user) => greet(conn, user, who.name.as_deref())?,
            None if foreign => {
                return Err(Fault::invalid("user_id", "begins with the name of a channel"));
            }
            None => make(conn, who, nickname, now)?,
        };
        auth_codes::insert(conn, &CodeRow { hash, user, claim, issued_at: now.wall })?;
        Ok(user)
    };
    let user = app.db.write(job).await?;
    tracing::info!(%user, claim = claim.word(), "code given out");
    Ok(code)
}

/// Somebody the box knows. Other dialects' names of him stand; one that came by this way, or has none,
/// takes the name he comes with.
fn greet(conn: &Connection, user: User, name: Option<&str>) -> Result<UserId, Fault> {
    // Administrators and technicians are unknown to the five dialects.
    if user.role.is_of_the_box() || user.disabled {
        return Err(Fault::denied("this user may not come in this way"));
    }
    if user.origin == Origin::Arctos || user.name.is_empty() {
        users::set_shown(conn, user.id, name, None)?;
    }
    Ok(user.id)
}

fn make(conn: &Connection, who: Applicant, nickname: String, now: Moment) -> Result<UserId, Fault> {
    let role = who.claim.role();
    let user = User {
        name: who.name.unwrap_or(nickname),
        ..User::fresh(who.handle, Origin::Arctos, role)
    };
    let from = who.from.to_string();
    let entry = Entry::from(Origin::Arctos, &from, Event::Registered, user.handle.as_str());
    audit::note(conn, entry.with(role.word()), now.wall)?;
    users::insert(conn, &user, now.wall)
}

/// Takes a code, once.
///
/// # Errors
/// `Unauthenticated(Code)` for one that was never given out, is used or old, is not for such a client, or
/// whose user may not come in any more; `Busy` after too many of them from one address.
pub async fn redeem(
    app: &Appliance,
    code: &str,
    client: Device,
    from: IpAddr,
    now: Moment,
) -> Result<(User, Claim), Fault> {
    let hash = sha256(code.as_bytes());
    let job = move |conn: &Connection| {
        let Some(row) = auth_codes::by_hash(conn, hash)? else { return Ok(None) };
        let age = now.wall - row.issued_at;
        if !(Millis(0)..=AGE_MAX).contains(&age) || !row.claim.fits(client) {
            return Ok(None);
        }
        auth_codes::delete(conn, hash)?;
        let user = users::by_id(conn, row.user)?;
        Ok(user.filter(|u| !u.role.is_of_the_box() && !u.disabled).map(|user| (user, row.claim)))
    };
    match app.db.write(job).await? {
        Some(found) => Ok(found),
        None => Err(match app.guesses.wrong(Account::Code, from, now.steady) {
            Some(retry) => Fault::Busy { retry },
            None => Fault::Unauthenticated(Refusal::Code),
        }),
    }
}

/// Forgets codes that nobody can use any more; called once an hour.
pub async fn sweep(app: &Appliance, now: Moment) -> Result<(), Fault> {
    let young = now.wall - AGE_MAX;
    app.db.write(move |conn| Ok(auth_codes::forget(conn, young, now.wall)?)).await
}

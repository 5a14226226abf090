//! Who administers a fresh box: whoever knows the one-time code that it shows to those who stand beside it.
//! The code lives in memory: another start is another code, and with the first administrator it is gone.

mod again;

use std::net::IpAddr;
use std::sync::atomic::Ordering;

use tokio::sync::watch;

use super::guess::Account;
use super::{Appliance, audit, user};
use crate::model::audit::{Entry, Event};
use crate::model::user::{Origin, Role, User};
use crate::model::{Conflict, Entropy, Fault, Handle, Moment, Refusal, Secret};
use crate::store::users;

pub use again::again;

/// Characters of a code: 40 bits, of which ten tries are nothing.
const LENGTH: usize = 8;
/// Crockford's: no I, L, O or U to be misread.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// decisions.md, "Command line": ten tries, then a new one.
const TRIES: u8 = 10;

/// The code that is good now; absent until somebody wants to see it, and once there is an administrator.
pub struct Setup(watch::Sender<Option<Code>>);

#[derive(Clone)]
struct Code {
    text: String,
    wrong: u8,
}

impl Default for Setup {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

/// The code to show, `XXXX-XXXX`; none once the box has an administrator.
pub fn code(app: &Appliance) -> Option<String> {
    if app.is_administered() {
        return None;
    }
    app.setup.0.send_if_modified(|code| {
        let missing = code.is_none();
        *code = code.take().or_else(|| Some(fresh(&app.entropy)));
        missing
    });
    app.setup.0.borrow().as_ref().map(|code| code.text.clone())
}

/// Waits until another code is good, or none any more.
pub async fn another(app: &Appliance, shown: &str) -> Option<String> {
    let mut news = app.setup.0.subscribe();
    let other = |code: &Option<Code>| code.as_ref().is_none_or(|code| code.text != shown);
    let found = news.wait_for(other).await;
    found.ok().and_then(|code| code.as_ref().map(|code| code.text.clone()))
}

/// The first administrator, as they want to be known.
pub struct Founder {
    pub handle: Handle,
    pub name: String,
    pub password: Secret,
    pub from: IpAddr,
}

/// Makes the first administrator.
///
/// # Errors
/// `Conflict(SetUp)` when there is one, `Unauthenticated(Code)`, `Busy` after too many wrong tries,
/// `Conflict(HandleTaken)`: whoever registered first does not become administrator by being first.
pub async fn found(
    app: &Appliance,
    given: &str,
    founder: Founder,
    now: Moment,
) -> Result<User, Fault> {
    judge(app, given, founder.from, now)?;
    if user::is_of_a_channel(app, &founder.handle) {
        return Err(Fault::invalid("handle", "begins with the name of a channel"));
    }
    let mut made = User {
        name: founder.name,
        password: Some(app.hasher.hash(&founder.password, &app.entropy).await?),
        ..User::fresh(founder.handle, Origin::Box, Role::Administrator)
    };
    let row = made.clone();
    let entry = Entry::from(Origin::Box, &founder.from.to_string(), Event::SetUp, "");
    let entry = Entry { actor: made.handle.as_str().to_owned(), ..entry };
    let added = app.db.write(move |conn| {
        if users::administrator_exists(conn)? {
            return Err(Fault::Conflict(Conflict::SetUp));
        }
        audit::note(conn, entry, now.wall)?;
        users::insert(conn, &row, now.wall)
    });
    made.id = added.await?;
    app.administered.store(true, Ordering::Relaxed);
    app.setup.0.send_replace(None);
    tracing::info!(user = %made.id, "the box has its administrator");
    Ok(made)
}

fn judge(app: &Appliance, given: &str, from: IpAddr, now: Moment) -> Result<(), Fault> {
    let known = code(app).ok_or(Fault::Conflict(Conflict::SetUp))?;
    let pair = (&*plain(given), &*plain(&known));
    match app.guesses.secret(Account::Secret("set-up code"), pair, from, now.steady) {
        Err(Fault::Unauthenticated(_)) => {
            app.setup.0.send_if_modified(|code| wrong(code, &app.entropy));
            Err(Fault::Unauthenticated(Refusal::Code))
        }
        judged => judged,
    }
}

/// Counts a wrong try; answers whether it was the one after which another code is good.
fn wrong(code: &mut Option<Code>, entropy: &Entropy) -> bool {
    let Some(known) = code else { return false };
    known.wrong += 1;
    if known.wrong < TRIES {
        return false;
    }
    tracing::warn!("the set-up code was guessed at too often: another one is good now");
    *code = Some(fresh(entropy));
    true
}

fn fresh(entropy: &Entropy) -> Code {
    Code { text: spelled(&entropy.bytes::<LENGTH>()), wrong: 0 }
}

/// Five bits of each byte, a dash after each four.
fn spelled(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for (n, byte) in bytes.iter().enumerate() {
        if n > 0 && n % 4 == 0 {
            text.push('-');
        }
        text.push(char::from(ALPHABET[usize::from(byte % 32)]));
    }
    text
}

/// As people type it: any case, with or without the dash, O for 0, I or L for 1.
fn plain(text: &str) -> String {
    let plain = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
    plain
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests;

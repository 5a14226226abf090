//! Who is online: a person on a platform, by one live connection each (document 002). Memory only: coming and
//! going touch no disk, and after a restart clients come back by themselves. It knows no socket: a connection
//! holds a [`Stay`] and goes when it is told to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Appliance;
use crate::model::keyed::Keyed;
use crate::model::user::Actor;
use crate::model::{Fault, HANDLE_CHARS_MAX, Handle, Moment, Platform, Refusal, sha256};
use crate::wire::openim::{Flaw, flaw};

/// People and platforms at once: as many as a listener has connections. The next one is asked to wait.
const STAYS_MAX: usize = 12_000;
/// Tokens that one place remembers as put out: as many as a person can have of one dialect.
const PUT_OUT_MAX: usize = 16;

#[derive(Default)]
pub struct Online {
    book: Arc<Mutex<Book>>,
}

#[derive(Default)]
struct Book {
    /// By folded handle.
    people: HashMap<String, Vec<Place>, Keyed>,
    stays: usize,
    serial: u64,
}

/// One platform of one person.
struct Place {
    platform: Platform,
    serial: u64,
    token: Mark,
    /// Tokens whose connections had to go; while this one is there they do not come back and drive it out
    /// in turn, as clients that reconnect by themselves would for ever.
    put_out: Vec<Mark>,
    told: Arc<Notify>,
}

/// SHA-256 of a token.
type Mark = [u8; 32];

/// Everybody who is online, held still.
pub struct Look<'a>(MutexGuard<'a, Book>);

/// A connection that counts; dropping it ends that.
pub struct Stay {
    book: Arc<Mutex<Book>>,
    key: String,
    serial: u64,
    told: Arc<Notify>,
}

/// Why somebody whose token is good does not become online.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPlace {
    /// The connection of this token was put out by the one that is there.
    PutOut,
    /// The box holds as many as it can.
    Full,
}

impl Online {
    /// A connection comes. One that is there already on the same platform is told to go.
    ///
    /// # Errors
    /// As of [`NoPlace`].
    pub fn enter(&self, who: &Handle, platform: Platform, token: &str) -> Result<Stay, NoPlace> {
        let token = sha256(token.as_bytes());
        let mut book = lock(&self.book);
        let there = book.people.get(who.key()).map_or(&[][..], Vec::as_slice);
        match there.iter().find(|p| p.platform == platform) {
            Some(place) if place.put_out.contains(&token) => {
                return Err(NoPlace::PutOut);
            }
            None if book.stays >= STAYS_MAX => return Err(NoPlace::Full),
            Some(_) | None => {}
        }
        let put_out = book.put_out(who.key(), platform, token);
        book.serial += 1;
        book.stays += 1;
        let (serial, told) = (book.serial, Arc::new(Notify::new()));
        let place = Place { platform, serial, token, put_out, told: told.clone() };
        book.people.entry(who.key().to_owned()).or_default().push(place);
        Ok(Stay { book: self.book.clone(), key: who.key().to_owned(), serial, told })
    }

    /// Who is online at this moment, for as long as it is looked at: nobody comes or goes meanwhile.
    pub fn look(&self) -> Look<'_> {
        Look(lock(&self.book))
    }

    /// Connections that count.
    pub fn count(&self) -> usize {
        lock(&self.book).stays
    }
}

impl Look<'_> {
    /// Nobody is.
    pub fn is_empty(&self) -> bool {
        self.0.people.is_empty()
    }

    /// On which platforms the person of this name is online, in the order of their numbers; empty is offline.
    pub fn platforms(&self, name: &str) -> Vec<Platform> {
        let people = &self.0.people;
        // Most names are folded already; no handle is longer.
        let folded = |b: u8| b.is_ascii() && !b.is_ascii_uppercase();
        let there = match name.len() <= HANDLE_CHARS_MAX && name.bytes().all(folded) {
            true => people.get(name),
            false => Handle::new(name).and_then(|who| people.get(who.key())),
        };
        let mut platforms: Vec<_> = there.into_iter().flatten().map(|p| p.platform).collect();
        platforms.sort_unstable();
        platforms
    }
}

impl Book {
    /// Empties a place for `token`; answers which tokens stay out from now on.
    fn put_out(&mut self, key: &str, platform: Platform, token: Mark) -> Vec<Mark> {
        let places = self.people.get_mut(key);
        let old = places.and_then(|all| {
            let at = all.iter().position(|p| p.platform == platform)?;
            Some(all.swap_remove(at))
        });
        let Some(old) = old else { return Vec::new() };
        self.stays -= 1;
        old.told.notify_one();
        let mut out = old.put_out;
        if old.token != token {
            out.push(old.token);
            let over = out.len().saturating_sub(PUT_OUT_MAX);
            out.drain(..over);
        }
        out
    }

    fn leave(&mut self, key: &str, serial: u64) {
        let Some(places) = self.people.get_mut(key) else { return };
        let before = places.len();
        // Not there any more when a newer connection took the place.
        places.retain(|p| p.serial != serial);
        self.stays -= before - places.len();
        if places.is_empty() {
            self.people.remove(key);
        }
    }
}

impl Stay {
    /// Returns when a newer connection has taken the place.
    pub async fn told_to_go(&self) {
        self.told.notified().await;
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        lock(&self.book).leave(&self.key, self.serial);
    }
}

/// Whose token this is, if it is the token of `uid`. Tokens of every dialect are good; those of
/// administrators and technicians are none here.
pub fn holder(app: &Appliance, uid: &str, token: &str, now: Moment) -> Result<Arc<Actor>, Flaw> {
    let actor = match app.sessions.actor(token, now) {
        Ok(actor) => actor,
        Err(Fault::Unauthenticated(Refusal::Expired)) => return Err(Flaw::Expired),
        Err(Fault::Unauthenticated(Refusal::Disabled)) => return Err(Flaw::Ended),
        Err(_) => {
            return Err(flaw(&app.secrets.signing_key(super::enrol::PURPOSE), token, now.wall));
        }
    };
    let same = Handle::new(uid).is_some_and(|h| h.key() == actor.handle.key());
    if !same || actor.role.is_of_the_box() {
        return Err(Flaw::Foreign);
    }
    Ok(actor)
}

fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;

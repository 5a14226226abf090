//! Tokens by their hash, as small as can be: a box has one for each of its ten thousand people, and most of them are not
//! in school today. What a request wants to know of a token is put together when it is first asked for.

use std::sync::{Arc, OnceLock};

use super::AGE_MAX;
use crate::model::user::{Actor, Origin, Role, User};
use crate::model::{Fault, Handle, Millis, Moment, Refusal, UserId};

/// A token and whose it is.
pub struct Session {
    pub actor: Actor,
    /// On this run's monotonic clock; negative when it was issued before the start.
    pub issued: Millis,
    pub disabled: bool,
}

impl Session {
    pub fn actor(self, now: Moment) -> Result<Arc<Actor>, Fault> {
        good(self.issued, self.disabled, now)?;
        Ok(Arc::new(self.actor))
    }
}

fn good(issued: Millis, disabled: bool, now: Moment) -> Result<(), Fault> {
    if now.steady - issued > AGE_MAX {
        return Err(Fault::Unauthenticated(Refusal::Expired));
    }
    if disabled {
        return Err(Fault::Unauthenticated(Refusal::Disabled));
    }
    Ok(())
}

/// The same, kept.
pub struct Kept {
    pub hash: [u8; 32],
    pub user: UserId,
    origin: Origin,
    issued: Millis,
    appid: Option<i64>,
    handle: Box<str>,
    role: Role,
    disabled: bool,
    asked: OnceLock<Arc<Actor>>,
}

impl Kept {
    pub fn new(hash: [u8; 32], session: Session) -> Self {
        let Session { actor, issued, disabled } = session;
        let Actor { id: user, handle, role, appid, origin } = actor;
        let (handle, asked) = (handle.as_str().into(), OnceLock::new());
        Self { hash, user, origin, issued, appid, handle, role, disabled, asked }
    }

    pub fn is_old(&self, now: Moment) -> bool {
        now.steady - self.issued > AGE_MAX
    }

    pub fn actor(&self, now: Moment) -> Result<Arc<Actor>, Fault> {
        good(self.issued, self.disabled, now)?;
        Ok(self.asked.get_or_init(|| Arc::new(self.whole())).clone())
    }

    fn whole(&self) -> Actor {
        let handle = Handle::new(&self.handle).expect("what a handle spells is a handle");
        let Self { user, role, appid, origin, .. } = *self;
        Actor { id: user, handle, role, appid, origin }
    }

    /// The person is somebody else now.
    pub fn change(&mut self, user: &User) {
        (self.handle, self.appid) = (user.handle.as_str().into(), user.appid);
        (self.role, self.disabled) = (user.role, user.disabled);
        self.asked = OnceLock::new();
    }
}

/// Slots point into the list, at most three of four are taken. A SHA-256 is as good a hash as there is; nobody can
/// choose the one of a token that the box issues.
#[derive(Default)]
pub struct Table {
    slots: Vec<u32>,
    all: Vec<Kept>,
}

const EMPTY: u32 = u32::MAX;

impl Table {
    pub fn get(&self, hash: &[u8; 32]) -> Option<&Kept> {
        self.find(hash).map(|at| &self.all[at])
    }

    /// Puts one in, in place of what had its hash.
    pub fn insert(&mut self, kept: Kept) {
        if let Some(at) = self.find(&kept.hash) {
            self.all[at] = kept;
            return;
        }
        self.all.push(kept);
        if self.all.len() * 4 > self.slots.len() * 3 {
            self.point();
        } else {
            point_at(&mut self.slots, &self.all, self.all.len() - 1);
        }
    }

    /// It looks at each: once an hour, and when all tokens of a person go.
    pub fn retain(&mut self, keep: impl FnMut(&Kept) -> bool) {
        self.all.retain(keep);
        self.all.shrink_to(self.all.len() * 2);
        self.point();
    }

    pub fn remove(&mut self, hash: &[u8; 32]) {
        let Some(slot) = self.slot_of(hash) else { return };
        let at = self.slots[slot];
        self.free(slot);
        // The last one takes its place.
        let last = self.all.len() - 1;
        let moved = self.slot_of(&self.all[last].hash);
        if let Some(slot) = moved {
            self.slots[slot] = at;
        }
        self.all.swap_remove(at as usize);
    }

    /// Those behind it move up as long as that brings them nearer to where they are looked for first.
    fn free(&mut self, slot: usize) {
        let mask = self.slots.len() - 1;
        let (mut hole, mut next) = (slot, (slot + 1) & mask);
        while self.slots[next] != EMPTY {
            let home = first(&self.all[self.slots[next] as usize].hash) & mask;
            if next.wrapping_sub(home) & mask >= next.wrapping_sub(hole) & mask {
                self.slots[hole] = self.slots[next];
                hole = next;
            }
            next = (next + 1) & mask;
        }
        self.slots[hole] = EMPTY;
    }

    pub fn iter(&self) -> impl Iterator<Item = &Kept> {
        self.all.iter()
    }

    /// Not for hashes.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Kept> {
        self.all.iter_mut()
    }

    pub fn drain(&mut self) -> impl Iterator<Item = Kept> {
        self.slots.clear();
        std::mem::take(&mut self.all).into_iter()
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    fn find(&self, hash: &[u8; 32]) -> Option<usize> {
        self.slot_of(hash).map(|slot| self.slots[slot] as usize)
    }

    fn slot_of(&self, hash: &[u8; 32]) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        let mask = self.slots.len() - 1;
        let mut slot = first(hash) & mask;
        while self.slots[slot] != EMPTY {
            if self.all[self.slots[slot] as usize].hash == *hash {
                return Some(slot);
            }
            slot = (slot + 1) & mask;
        }
        None
    }

    /// Points anew at all of them.
    fn point(&mut self) {
        self.point_for(self.all.len());
    }

    /// With room for so many.
    fn point_for(&mut self, most: usize) {
        let slots = (most * 4 / 3 + 1).next_power_of_two();
        self.slots.clear();
        self.slots.resize(slots, EMPTY);
        (0..self.all.len()).for_each(|at| point_at(&mut self.slots, &self.all, at));
    }
}

impl FromIterator<Kept> for Table {
    fn from_iter<I: IntoIterator<Item = Kept>>(all: I) -> Self {
        let all = all.into_iter();
        // A list that grows leaves its smaller selves behind, and the heap between them in use.
        let most = all.size_hint().1.unwrap_or_default();
        let mut table = Self { slots: Vec::new(), all: Vec::with_capacity(most) };
        table.point_for(most);
        all.for_each(|kept| table.insert(kept));
        table.all.shrink_to_fit();
        table
    }
}

/// Where to look for it first, before the table's size is known.
fn first(hash: &[u8; 32]) -> usize {
    usize::from_ne_bytes(*hash.first_chunk().expect("a hash has more bytes than a word"))
}

fn point_at(slots: &mut [u32], all: &[Kept], at: usize) {
    let mask = slots.len() - 1;
    let mut slot = first(&all[at].hash) & mask;
    while slots[slot] != EMPTY {
        slot = (slot + 1) & mask;
    }
    slots[slot] = u32::try_from(at).expect("a box has no four thousand million tokens");
}

#[cfg(test)]
mod tests;

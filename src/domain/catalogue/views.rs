//! The order of lessons under the filters that are asked for: each a list of places that is kept in step, so that a
//! page is a piece of it and the number of all is its length.

use crate::model::lesson::{RoomFilter, RoomState};
use crate::model::{Millis, RoomId};

/// Filters at once; the one that was not asked for longest gives way.
const VIEWS_MAX: usize = 16;

/// What decides where a lesson stands and under which filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traits {
    pub number: RoomId,
    pub host: crate::model::UserId,
    /// Of its host.
    pub appid: Option<i64>,
    pub state: RoomState,
    pub created_at: Millis,
    pub begin_at: Millis,
}

impl Traits {
    /// The greater, the further in front.
    fn rank(&self) -> (Millis, RoomId) {
        (self.created_at.max(self.begin_at), self.number)
    }

    /// As the store's `WHERE` has it.
    pub fn fits(&self, filter: &RoomFilter) -> bool {
        let is = |wanted: Option<bool>| wanted.unwrap_or(true);
        let same_app = filter.appid.zip(self.appid).map(|(wanted, appid)| wanted == appid);
        is(same_app)
            && is(filter.room.map(|number| number == self.number))
            && is(filter.host.map(|host| host == self.host))
            && is(filter.state.map(|state| state == self.state))
            && is(filter.from.map(|from| self.begin_at > from || self.created_at > from))
            && is(filter.to.map(|to| self.created_at <= to))
    }
}

/// Places of lessons in the table that `traits` looks into.
#[derive(Default)]
pub struct Views {
    all: Vec<u32>,
    some: Vec<View>,
    asked: u64,
}

struct View {
    filter: RoomFilter,
    places: Vec<u32>,
    /// When it was last asked for.
    asked: u64,
}

impl Views {
    pub fn new(count: usize, traits: impl Fn(u32) -> Traits) -> Self {
        let mut all: Vec<u32> = (0..u32::try_from(count).unwrap_or(u32::MAX)).collect();
        all.sort_by_cached_key(|place| std::cmp::Reverse(traits(*place).rank()));
        Self { all, ..Self::default() }
    }

    /// The places of all that fit, newest first.
    pub fn of(&mut self, filter: &RoomFilter, traits: impl Fn(u32) -> Traits) -> &[u32] {
        self.asked += 1;
        let known = self.some.iter().position(|view| view.filter == *filter);
        let at = known.unwrap_or_else(|| {
            if self.some.len() >= VIEWS_MAX {
                let oldest = self.some.iter().enumerate().min_by_key(|(_, view)| view.asked);
                oldest.map(|(at, _)| at).map(|at| self.some.swap_remove(at));
            }
            let fit = self.all.iter().copied().filter(|place| traits(*place).fits(filter));
            self.some.push(View { filter: filter.clone(), places: fit.collect(), asked: 0 });
            self.some.len() - 1
        });
        self.some[at].asked = self.asked;
        &self.some[at].places
    }

    /// Takes a lesson out, as it is known by `traits`.
    pub fn remove(&mut self, place: u32, traits: impl Fn(u32) -> Traits) {
        for places in self.lists(&traits(place)) {
            let at = standing(places, &traits(place), &traits);
            if places.get(at) == Some(&place) {
                places.remove(at);
            }
        }
    }

    /// Puts it in where it belongs by what `traits` says now.
    pub fn insert(&mut self, place: u32, traits: impl Fn(u32) -> Traits) {
        for places in self.lists(&traits(place)) {
            let at = standing(places, &traits(place), &traits);
            places.insert(at, place);
        }
    }

    /// The lists in which such a lesson stands.
    fn lists(&mut self, lesson: &Traits) -> impl Iterator<Item = &mut Vec<u32>> {
        let some = self.some.iter_mut().filter(|view| lesson.fits(&view.filter));
        std::iter::once(&mut self.all).chain(some.map(|view| &mut view.places))
    }
}

/// Where a lesson stands, or would.
fn standing(places: &[u32], lesson: &Traits, traits: impl Fn(u32) -> Traits) -> usize {
    places.partition_point(|place| traits(*place).rank() > lesson.rank())
}

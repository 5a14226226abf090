//! Presence: which lessons are live, who sits in them, and when each was last heard of.
//! Ageing is a pure function of the last beat and `now`; nothing here sets a timer or touches the disk.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::policy::Classroom;
use crate::model::{ById, Conflict, Fault, Handle, Millis, RoomId, Thing, UserId};

/// The lowest lesson number; numbers have no gaps and rows are never deleted.
pub(super) const FIRST_ROOM: i64 = 10_001;

pub struct Presence {
    live: Mutex<ById<RoomId, LiveRoom>>,
    /// The highest lesson number there is: tells an unknown lesson from one that is not live.
    newest: AtomicI64,
}

/// A lesson that runs. Its beginning and beats are on the monotonic clock.
#[derive(Clone, Debug)]
pub struct LiveRoom {
    pub host: UserId,
    pub begun: Millis,
    pub host_beat: Millis,
    pub classroom: Option<String>,
    pub seats: ById<UserId, Millis>,
}

/// Somebody has been silent for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aged {
    Member(RoomId, UserId),
    Host(RoomId),
    /// The lesson has lasted for longer than any does, by so much.
    Lesson(RoomId, Millis),
}

/// For how long one may be silent, and a lesson last.
#[derive(Clone, Copy, Debug)]
pub struct Ages {
    pub lesson: Millis,
    pub host: Millis,
    pub member: Millis,
}

impl Presence {
    pub fn new(newest: i64) -> Self {
        Self { live: Mutex::default(), newest: AtomicI64::new(newest) }
    }

    /// Keeps the caller's seat. Memory only: this is the hot path.
    ///
    /// # Errors
    /// `Missing(Room)`, or `Conflict(NotInRoom)` when the lesson is not live or the caller not in it.
    pub fn beat(&self, room: RoomId, user: UserId, steady: Millis) -> Result<(), Fault> {
        let mut live = self.live();
        let Some(lesson) = live.get_mut(&room) else { return Err(self.not_live(room)) };
        if lesson.host == user {
            lesson.host_beat = steady;
        }
        let seat = lesson.seats.get_mut(&user).ok_or(Fault::Conflict(Conflict::NotInRoom))?;
        *seat = steady;
        Ok(())
    }

    fn not_live(&self, room: RoomId) -> Fault {
        if self.exists(room) {
            Fault::Conflict(Conflict::NotInRoom)
        } else {
            Fault::Missing(Thing::Room)
        }
    }

    pub fn exists(&self, room: RoomId) -> bool {
        (FIRST_ROOM..=self.newest.load(Ordering::Acquire)).contains(&room.0)
    }

    pub fn created(&self, room: RoomId) {
        self.newest.fetch_max(room.0, Ordering::AcqRel);
    }

    /// Takes a classroom for a lesson that is about to start: the teacher's own, else the first free one.
    /// `None` inside `Ok` when none is free: the lesson goes ahead without a recording.
    ///
    /// # Errors
    /// `Conflict(NotStartable)` when the lesson is live already.
    pub fn reserve(
        &self,
        room: RoomId,
        host: (UserId, &str),
        classrooms: &[Classroom],
        steady: Millis,
    ) -> Result<Option<Classroom>, Fault> {
        let mut live = self.live();
        if live.contains_key(&room) {
            return Err(Fault::Conflict(Conflict::NotStartable));
        }
        let teacher = Handle::new(host.1);
        let own = |c: &&Classroom| teacher.as_ref().is_some_and(|teacher| c.is_own(teacher));
        let free = |c: &&Classroom| !is_taken(&live, c);
        let chosen = classrooms
            .iter()
            .filter(own)
            .find(free)
            .or_else(|| classrooms.iter().find(|c| c.teachers.is_empty() && free(c)))
            .or_else(|| classrooms.iter().find(free))
            .cloned();
        let lesson = LiveRoom {
            host: host.0,
            begun: steady,
            host_beat: steady,
            classroom: chosen.as_ref().map(|c| c.name.clone()),
            seats: ById::from_iter([(host.0, steady)]),
        };
        live.insert(room, lesson);
        Ok(chosen)
    }

    /// Gives a classroom that is free to a running lesson that has none, the oldest first of those that began after `since`.
    pub fn assign(&self, classrooms: &[Classroom], since: Millis) -> Option<(RoomId, Classroom)> {
        let mut live = self.live();
        let free = |c: &&Classroom| c.teachers.is_empty() && !is_taken(&live, c);
        let free = classrooms.iter().find(free)?.clone();
        let waiting = live.iter_mut().filter(|(_, l)| l.classroom.is_none() && l.begun > since);
        let (room, lesson) = waiting.min_by_key(|(room, _)| **room)?;
        lesson.classroom = Some(free.name.clone());
        Some((*room, free))
    }

    /// Takes back what `assign` gave.
    pub fn unassign(&self, room: RoomId) {
        if let Some(lesson) = self.live().get_mut(&room) {
            lesson.classroom = None;
        }
    }

    /// Brings a lesson back after a restart; everybody was just heard of, for the box was down, not they.
    pub fn restore(&self, room: RoomId, lesson: LiveRoom) {
        self.live().insert(room, lesson);
    }

    /// Which lesson runs in a classroom, and whose.
    pub fn lesson_in(&self, classroom: &str) -> Option<(RoomId, UserId)> {
        let live = self.live();
        let here = |l: &LiveRoom| l.classroom.as_deref() == Some(classroom);
        live.iter().find(|(_, l)| here(l)).map(|(room, l)| (*room, l.host))
    }

    pub fn host_in(&self, classroom: &str) -> Option<UserId> {
        self.lesson_in(classroom).map(|(_, host)| host)
    }

    /// Where a lesson runs.
    pub fn classroom_of(&self, room: RoomId) -> Option<String> {
        self.live().get(&room)?.classroom.clone()
    }

    pub fn close(&self, room: RoomId) -> Option<LiveRoom> {
        self.live().remove(&room)
    }

    pub fn seat(&self, room: RoomId, user: UserId, steady: Millis) {
        if let Some(lesson) = self.live().get_mut(&room) {
            lesson.seats.insert(user, steady);
        }
    }

    pub fn unseat(&self, room: RoomId, user: UserId) {
        if let Some(lesson) = self.live().get_mut(&room) {
            lesson.seats.remove(&user);
        }
    }

    pub fn is_seated(&self, room: RoomId, user: UserId) -> bool {
        self.live().get(&room).is_some_and(|l| l.seats.contains_key(&user))
    }

    /// In order of their numbers.
    pub fn live_rooms(&self) -> Vec<RoomId> {
        let mut rooms: Vec<RoomId> = self.live().keys().copied().collect();
        rooms.sort_unstable();
        rooms
    }

    pub fn is_live(&self, room: RoomId) -> bool {
        self.live().contains_key(&room)
    }

    pub fn live_count(&self) -> usize {
        self.live().len()
    }

    /// How long each has lasted.
    pub fn lasted(&self, steady: Millis) -> Vec<(RoomId, Millis)> {
        self.live().iter().map(|(room, l)| (*room, steady - l.begun)).collect()
    }

    /// Live lessons and taken seats.
    pub fn counts(&self) -> (usize, usize) {
        let live = self.live();
        (live.len(), live.values().map(|l| l.seats.len()).sum())
    }

    /// Nobody can fall silent.
    pub fn is_still(&self) -> bool {
        self.live().is_empty()
    }

    pub fn aged(&self, max: Ages, steady: Millis) -> Vec<Aged> {
        let live = self.live();
        live.iter().flat_map(|(room, l)| aged(*room, l, max, steady)).collect()
    }

    fn live(&self) -> MutexGuard<'_, ById<RoomId, LiveRoom>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_taken(live: &ById<RoomId, LiveRoom>, classroom: &Classroom) -> bool {
    live.values().any(|l| l.classroom.as_ref() == Some(&classroom.name))
}

fn aged(room: RoomId, lesson: &LiveRoom, max: Ages, steady: Millis) -> Vec<Aged> {
    let over = steady - lesson.begun - max.lesson;
    if over >= Millis(0) {
        return vec![Aged::Lesson(room, over)];
    }
    if steady - lesson.host_beat >= max.host {
        return vec![Aged::Host(room)];
    }
    let silent = |(user, last): (&UserId, &Millis)| {
        (*user != lesson.host && steady - *last >= max.member).then_some(Aged::Member(room, *user))
    };
    lesson.seats.iter().filter_map(silent).collect()
}

#[cfg(test)]
mod tests;

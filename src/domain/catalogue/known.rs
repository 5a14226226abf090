//! The copies themselves: one small record for each lesson, the rows of those that are listed, hosts and seats.

use std::collections::HashMap;

use rusqlite::Connection;

use super::fresh::{Fresh, FreshRoom, member};
use super::seats::{Seats, window};
use super::views::{Traits, Views};
use super::{Host, Slip};
use crate::domain::presence::FIRST_ROOM;
use crate::model::keyed::Keyed;
use crate::model::lesson::{BriefRoom, Member, Page, Room, RoomFilter, RoomState};
use crate::model::user::User;
use crate::model::{Fault, Millis, RoomId, UserId};
use crate::store::rooms;

/// Rows kept at once, mostly of half a kilobyte and never above six. Lists are read from their beginning; whoever
/// turns more pages than these asks the store.
const ROWS_MAX: usize = 2_000;

#[derive(Default)]
pub struct Known {
    table: Table,
    views: Views,
    seats: HashMap<RoomId, Seats>,
    rows: usize,
}

#[derive(Default)]
struct Table {
    /// By number, from the first there may be on: numbers have no gaps.
    lessons: Vec<Lesson>,
    hosts: Vec<User>,
    host_of: HashMap<UserId, u32>,
    /// By folded handle.
    named: HashMap<String, u32, Keyed>,
}

struct Lesson {
    host: u32,
    state: RoomState,
    created_at: Millis,
    begin_at: Millis,
    row: Row,
}

enum Row {
    /// In the store alone.
    Absent,
    Read(Box<Room>),
    Written(Slip),
}

impl Known {
    /// `None` when the rows are not as they should be: then the store alone knows.
    pub fn read(conn: &Connection) -> Result<Option<Self>, Fault> {
        let mut known = Self::default();
        for host in rooms::hosts(conn)? {
            known.table.host(&host);
        }
        for (n, brief) in rooms::brief(conn)?.into_iter().enumerate() {
            let host = known.table.host_of.get(&brief.host);
            let (Some(host), true) = (host, place(brief.id) == Some(n)) else { return Ok(None) };
            known.table.lessons.push(Lesson::new(*host, &brief));
        }
        let table = &known.table;
        known.views = Views::new(table.lessons.len(), |place| table.traits(place));
        for (room, user, member) in rooms::all_seated(conn)? {
            known.seats.entry(room).or_default().set(user, Some(member));
        }
        Ok(Some(known))
    }

    /// Takes over what was changed; `false` when it does not fit, and all this is worth nothing any more.
    pub fn apply(&mut self, fresh: Fresh) -> bool {
        let Fresh { rooms, seats, people } = fresh;
        for (room, user, member) in seats {
            self.seats.entry(room).or_default().set(user, member);
            if self.seats[&room].is_empty() {
                self.seats.remove(&room);
            }
        }
        for user in &people {
            let member = member(user);
            self.seats.values_mut().for_each(|seats| seats.change(user.id, &member));
        }
        people.iter().all(|user| self.table.again(user))
            && rooms.into_iter().all(|room| self.set(room))
    }

    fn set(&mut self, FreshRoom { brief, row, host }: FreshRoom) -> bool {
        if let Some(host) = host {
            self.table.host(&host);
        }
        let at = place(brief.id).filter(|at| *at <= self.table.lessons.len());
        let host = self.table.host_of.get(&brief.host).copied();
        let place = at.and_then(|at| u32::try_from(at).ok());
        let (Some(at), Some(place), Some(host)) = (at, place, host) else { return false };
        let lesson = Lesson::new(host, &brief);
        let table = &mut self.table;
        match table.lessons.get_mut(at) {
            Some(old) if old.stands_as(&lesson) => {}
            Some(_) => {
                self.views.remove(place, |place| table.traits(place));
                let row = std::mem::replace(&mut table.lessons[at].row, Row::Absent);
                table.lessons[at] = Lesson { row, ..lesson };
                self.views.insert(place, |place| table.traits(place));
            }
            None => {
                table.lessons.push(lesson);
                self.views.insert(place, |place| table.traits(place));
            }
        }
        self.put(at, row.map_or(Row::Absent, Row::Read));
        true
    }

    /// Keeps the row of a lesson of which none is here.
    pub fn keep(&mut self, room: &Room) {
        let absent = |at: &usize| {
            self.table.lessons.get(*at).is_some_and(|lesson| matches!(lesson.row, Row::Absent))
        };
        if let Some(at) = place(room.id).filter(absent) {
            self.put(at, Row::Read(Box::new(room.clone())));
        }
    }

    fn put(&mut self, at: usize, row: Row) {
        if self.rows >= ROWS_MAX {
            self.table.lessons.iter_mut().for_each(|lesson| lesson.row = Row::Absent);
            self.rows = 0;
        }
        let is_there = |row: &Row| usize::from(!matches!(row, Row::Absent));
        let old = std::mem::replace(&mut self.table.lessons[at].row, row);
        self.rows = self.rows + is_there(&self.table.lessons[at].row) - is_there(&old);
    }

    pub fn rooms<R>(
        &mut self,
        filter: &RoomFilter,
        page: Page,
        write: fn(&Room) -> Slip,
        paste: impl FnOnce(i64, &[&Slip]) -> R,
    ) -> Option<R> {
        let (table, one) = (&self.table, filter.room.map(|number| self.table.one(number, filter)));
        let fit = match &one {
            Some(one) => one.as_slice(),
            None => self.views.of(filter, |place| table.traits(place)),
        };
        let (total, places) = (fit.len(), &fit[window(page, fit.len())]);
        for place in places {
            self.table.lessons[*place as usize].write(write);
        }
        let mut slips = Vec::with_capacity(places.len());
        for place in places {
            slips.push(self.table.lessons[*place as usize].slip()?);
        }
        Some(paste(i64::try_from(total).unwrap_or(i64::MAX), &slips))
    }

    pub fn members<R>(
        &mut self,
        room: RoomId,
        page: Page,
        write: fn(&Member, &mut Vec<u8>),
        paste: impl FnOnce(usize, &[u8]) -> R,
    ) -> R {
        match self.seats.get_mut(&room) {
            Some(seats) => paste(seats.len(), seats.page(page, write)),
            None => paste(0, &[]),
        }
    }

    /// Whether somebody is known as a host.
    pub fn hosts(&self, user: UserId) -> bool {
        self.table.host_of.contains_key(&user)
    }

    pub fn host(&self, key: &str) -> Option<Host> {
        let host = &self.table.hosts[*self.table.named.get(key)? as usize];
        Some(Host { id: host.id, appid: host.appid, role: host.role })
    }
}

impl Table {
    fn traits(&self, place: u32) -> Traits {
        let lesson = &self.lessons[place as usize];
        let host = &self.hosts[lesson.host as usize];
        Traits {
            number: RoomId(FIRST_ROOM + i64::from(place)),
            host: host.id,
            appid: host.appid,
            state: lesson.state,
            created_at: lesson.created_at,
            begin_at: lesson.begin_at,
        }
    }

    /// Where somebody stands among the hosts, from now on if not before.
    fn host(&mut self, user: &User) -> u32 {
        let next = u32::try_from(self.hosts.len()).unwrap_or(u32::MAX);
        let at = *self.host_of.entry(user.id).or_insert(next);
        if at == next {
            // Neither a password nor a picture is listed.
            self.named.insert(user.handle.key().to_owned(), at);
            self.hosts.push(User { password: None, picture: String::new(), ..user.clone() });
        }
        at
    }

    /// Somebody has changed; `false` when all lists of his lessons change with it.
    fn again(&mut self, user: &User) -> bool {
        let Some(at) = self.host_of.get(&user.id) else { return true };
        let host = &mut self.hosts[*at as usize];
        host.role = user.role;
        host.handle == user.handle && host.appid == user.appid
    }

    /// The lesson of this number, if it fits.
    fn one(&self, number: RoomId, filter: &RoomFilter) -> Vec<u32> {
        let there = place(number).filter(|at| *at < self.lessons.len());
        let there = there.and_then(|at| u32::try_from(at).ok());
        there.into_iter().filter(|place| self.traits(*place).fits(filter)).collect()
    }
}

impl Lesson {
    fn new(host: u32, brief: &BriefRoom) -> Self {
        let BriefRoom { state, created_at, begin_at, .. } = *brief;
        Self { host, state, created_at, begin_at, row: Row::Absent }
    }

    /// Whether it stands where the other does in every list.
    fn stands_as(&self, other: &Self) -> bool {
        let place = |lesson: &Self| (lesson.host, lesson.state, lesson.created_at, lesson.begin_at);
        place(self) == place(other)
    }

    fn write(&mut self, write: fn(&Room) -> Slip) {
        if let Row::Read(room) = &self.row {
            self.row = Row::Written(write(room));
        }
    }

    fn slip(&self) -> Option<&Slip> {
        match &self.row {
            Row::Written(slip) => Some(slip),
            Row::Read(_) | Row::Absent => None,
        }
    }
}

/// Where the lesson of this number stands in the table.
fn place(number: RoomId) -> Option<usize> {
    usize::try_from(number.0.checked_sub(FIRST_ROOM)?).ok()
}

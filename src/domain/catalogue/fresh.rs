//! What a transaction changed of lessons and seats, as the store has it afterwards.

use rusqlite::Connection;

use crate::model::lesson::{BriefRoom, Member, Room};
use crate::model::user::{Role, User};
use crate::model::{Fault, RoomId, Thing, UserId};
use crate::store::changed::Changed;
use crate::store::{rooms, users};

/// Of more lessons than these in one transaction the rows are left for whoever lists them: the writer has no time.
const ROWS_MAX: usize = 8;

pub struct FreshRoom {
    pub brief: BriefRoom,
    pub row: Option<Box<Room>>,
    /// Where nobody knows him yet.
    pub host: Option<User>,
}

pub struct Fresh {
    pub rooms: Vec<FreshRoom>,
    /// Who sits there now, or nobody.
    pub seats: Vec<(RoomId, UserId, Option<Member>)>,
    pub people: Vec<User>,
}

impl Fresh {
    pub fn read(
        conn: &Connection,
        changed: &Changed,
        is_known: impl Fn(UserId) -> bool,
    ) -> Result<Self, Fault> {
        let person = |id| users::by_id(conn, id)?.ok_or(Fault::Missing(Thing::User));
        let room = |id: &RoomId| {
            let brief = rooms::brief_of(conn, *id)?.ok_or(Fault::Missing(Thing::Room))?;
            let row = match changed.rooms.len() <= ROWS_MAX {
                true => rooms::by_id(conn, *id)?.map(Box::new),
                false => None,
            };
            let host = (!is_known(brief.host)).then(|| person(brief.host)).transpose()?;
            Ok(FreshRoom { brief, row, host })
        };
        let seat = |(room, user): &(RoomId, UserId)| {
            Ok((*room, *user, rooms::member(conn, *room, *user)?))
        };
        Ok(Self {
            rooms: changed.rooms.iter().map(room).collect::<Result<_, Fault>>()?,
            seats: changed.seats.iter().map(seat).collect::<Result<_, Fault>>()?,
            people: changed.people.iter().map(|id| person(*id)).collect::<Result<_, Fault>>()?,
        })
    }
}

/// As a list of members shows somebody.
pub fn member(user: &User) -> Member {
    Member { handle: user.handle.as_str().to_owned(), is_teacher: user.role == Role::Teacher }
}

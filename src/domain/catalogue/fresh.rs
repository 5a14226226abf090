//! What a transaction changed of lessons and seats, as the store has it afterwards.

use rusqlite::Connection;

use crate::model::lesson::{Member, Room};
use crate::model::user::{Role, User};
use crate::model::{Fault, RoomId, Thing, UserId};
use crate::store::changed::Changed;
use crate::store::{rooms, users};

pub struct Fresh {
    /// With their hosts.
    pub rooms: Vec<(Room, User)>,
    /// Who sits there now, or nobody.
    pub seats: Vec<(RoomId, UserId, Option<Member>)>,
    pub people: Vec<User>,
}

impl Fresh {
    pub fn read(conn: &Connection, changed: &Changed) -> Result<Self, Fault> {
        let person = |id| users::by_id(conn, id)?.ok_or(Fault::Missing(Thing::User));
        let room = |id: &RoomId| {
            let room = rooms::by_id(conn, *id)?.ok_or(Fault::Missing(Thing::Room))?;
            let host = person(room.host)?;
            Ok((room, host))
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

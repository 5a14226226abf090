//! The box's own messages in a lesson's group: 1001 start, 1002 end, 1003 enter, 1004 recording ready.

use rusqlite::Connection;

use super::Appliance;
use crate::model::lesson::{Message, Video};
use crate::model::talk;
use crate::model::{Fault, Millis, RoomId};
use crate::store::messages;
use crate::wire::notice;

/// Messages of one lesson that an index or a client may take in one go.
pub const PAGE_MAX: i64 = 50_000;

/// What happened, for whom.
pub enum Notice<'a> {
    Started { uid: &'a str },
    Ended { uid: &'a str },
    Entered { uid: &'a str },
    Recorded { uid: &'a str, video: &'a Video },
}

/// What a notice needs beside its content: `timestamp` is the client's, `tag` a random number.
#[derive(Clone, Copy)]
pub struct Stamp {
    pub timestamp: i64,
    pub tag: u32,
    pub now: Millis,
}

/// A fresh stamp; the tag lies in 10,000 ..= 99,999,999 as the original's did.
pub fn stamp(app: &Appliance, timestamp: i64, now: Millis) -> Stamp {
    Stamp { timestamp, tag: 10_000 + app.entropy.u32() % 99_990_000, now }
}

/// Posts to the lesson's group inside a writer's job and answers the sequence number.
pub(super) fn post(
    conn: &Connection,
    room: RoomId,
    notice: &Notice<'_>,
    stamp: Stamp,
) -> Result<i64, Fault> {
    let (kind, body) = match notice {
        Notice::Started { uid } => {
            (talk::STARTED, notice::plain(talk::STARTED, stamp.tag, stamp.timestamp, uid))
        }
        Notice::Ended { uid } => {
            (talk::ENDED, notice::plain(talk::ENDED, stamp.tag, stamp.timestamp, uid))
        }
        Notice::Entered { uid } => {
            (talk::ENTERED, notice::plain(talk::ENTERED, stamp.tag, stamp.timestamp, uid))
        }
        Notice::Recorded { uid, video } => {
            (talk::RECORDED, notice::recorded(stamp.tag, stamp.timestamp, uid, video))
        }
    };
    Ok(messages::post(conn, &room.to_string(), kind, "", &body, stamp.now)?)
}

/// Every message of a lesson's group, oldest first.
pub async fn history(app: &Appliance, group: String) -> Result<Vec<Message>, Fault> {
    app.db.read(move |conn| Ok(messages::after(conn, &group, 0, PAGE_MAX)?)).await
}

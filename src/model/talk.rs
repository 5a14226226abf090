//! What is said in a group, by number: `type` of document 001's notices, of LeanCloud's messages and our own.

use super::group::{self, GroupId};
use super::{Handle, RoomId};

/// The box's own notices. Source: 001, decisions.md.
pub const STARTED: i64 = 1001;
pub const ENDED: i64 = 1002;
pub const ENTERED: i64 = 1003;
pub const RECORDED: i64 = 1004;

/// Kept messages of members.
pub const TEXT: i64 = 1;
pub const HAND_UP: i64 = 2;
pub const HAND_DOWN: i64 = 3;
/// LeanCloud's number of a plain text message. Source: 000.
pub const LEANCLOUD: i64 = -1;

/// Passing frames: they have no place in the sequence and are not kept.
pub const PRESENT: i64 = 10;
pub const CAME: i64 = 11;
pub const LEFT: i64 = 12;
pub const TAKEN: i64 = 200;
pub const REFUSED: i64 = 400;

/// Something that a member says. Bodies are JSON text and travel as sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Utterance {
    Text(String),
    /// A LeanCloud message, as a JSON string.
    LeanCloud(String),
    HandUp,
    /// Whose hand; the speaker's own when nobody is named.
    HandDown(Option<Handle>),
}

/// Where something is said: a group's id taken apart. A lesson's group is its own number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    Lesson(RoomId),
    /// Of document 003.
    Group(GroupId),
}

impl Where {
    /// `None` for what was never an id: digits without a sign or leading zeros.
    pub fn parse(id: &str) -> Option<Self> {
        let number: i64 = id.parse().ok().filter(|n: &i64| *n > 0 && n.to_string() == id)?;
        let id = GroupId(number);
        Some(if id < group::FIRST { Self::Lesson(RoomId(number)) } else { Self::Group(id) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_lessons_or_a_groups_and_is_spelled_in_one_way() {
        assert_eq!(Where::parse("10001"), Some(Where::Lesson(RoomId(10_001))));
        assert_eq!(Where::parse("1000000000"), Some(Where::Lesson(RoomId(1_000_000_000))));
        assert_eq!(Where::parse("1000000001"), Some(Where::Group(group::FIRST)));
        for wrong in ["", "0", "-5", "+10001", "010001", " 10001", "x", "99999999999999999999"] {
            assert_eq!(Where::parse(wrong), None, "{wrong:?}");
        }
    }
}

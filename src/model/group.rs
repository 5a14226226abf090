//! Groups of people who talk to each other. Source: 003-im-groups.md.

use std::fmt;

use super::{Handle, Millis, UserId};

/// From 1000000001 up: no lesson's number, which names a group as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub i64);

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The first number that a group may have.
pub const FIRST: GroupId = GroupId(1_000_000_001);

/// A group that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub id: GroupId,
    pub name: String,
    /// Opens it face to face; empty opens it for nobody.
    pub code: String,
    /// Address of a picture; relative when it is ours, empty for the default one.
    pub cover: String,
    /// The member who came first of those who are still in it.
    pub owner: UserId,
    pub created_at: Millis,
}

/// Somebody in a group, as the others see him.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub id: UserId,
    pub handle: Handle,
    /// Empty when he has given none.
    pub name: String,
    /// Address of a picture; relative when it is ours, empty for the default one.
    pub picture: String,
}

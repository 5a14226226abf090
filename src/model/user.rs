//! People, and the tokens by which the box knows them again.

use super::{Handle, Millis, UserId};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Administrator,
    Technician,
    Teacher,
    Pupil,
    Viewer,
}

impl Role {
    pub const ALL: [Self; 5] =
        [Self::Administrator, Self::Technician, Self::Teacher, Self::Pupil, Self::Viewer];

    /// The word the store keeps.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Technician => "technician",
            Self::Teacher => "teacher",
            Self::Pupil => "pupil",
            Self::Viewer => "viewer",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.word() == word)
    }

    /// Administrators and technicians are known only to the box's own dialect.
    pub const fn is_of_the_box(self) -> bool {
        matches!(self, Self::Administrator | Self::Technician)
    }
}

/// The API family an account or token came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Edu,
    Channel,
    OpenIm,
    Groups,
    Arctos,
    Box,
}

impl Origin {
    pub const ALL: [Self; 6] =
        [Self::Edu, Self::Channel, Self::OpenIm, Self::Groups, Self::Arctos, Self::Box];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Edu => "edu",
            Self::Channel => "channel",
            Self::OpenIm => "openim",
            Self::Groups => "groups",
            Self::Arctos => "arctos",
            Self::Box => "box",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|o| o.word() == word)
    }
}

/// A stored person.
#[derive(Clone, Debug)]
pub struct User {
    pub id: UserId,
    pub handle: Handle,
    pub origin: Origin,
    /// 001's application; `None` belongs to every accepted one.
    pub appid: Option<i64>,
    pub role: Role,
    /// argon2id in PHC form.
    pub password: Option<String>,
    /// Shown to people; empty shows the handle.
    pub name: String,
    /// Address of a picture; relative when it is ours, empty for the default.
    pub picture: String,
    /// May not come in any more; tokens are kept, and refused.
    pub disabled: bool,
}

impl User {
    /// Somebody who is not stored yet, without a password.
    pub fn fresh(handle: Handle, origin: Origin, role: Role) -> Self {
        Self {
            id: UserId(0),
            handle,
            origin,
            appid: None,
            role,
            password: None,
            name: String::new(),
            picture: String::new(),
            disabled: false,
        }
    }

    /// What people are shown.
    pub fn shown_name(&self) -> &str {
        if self.name.is_empty() { self.handle.as_str() } else { &self.name }
    }
}

/// A person as staff and the person see it; nothing that opens a door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Face {
    pub id: UserId,
    pub handle: Handle,
    pub name: String,
    pub role: Role,
    pub origin: Origin,
    pub disabled: bool,
    /// Has a password.
    pub password: bool,
}

impl From<User> for Face {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            handle: user.handle,
            name: user.name,
            role: user.role,
            origin: user.origin,
            disabled: user.disabled,
            password: user.password.is_some(),
        }
    }
}

/// Who is calling: what every token look-up answers.
#[derive(Clone, Debug)]
pub struct Actor {
    pub id: UserId,
    pub handle: Handle,
    pub role: Role,
    pub appid: Option<i64>,
    /// The dialect that issued the token.
    pub origin: Origin,
}

/// A token as stored: only its hash.
#[derive(Clone, Debug)]
pub struct StoredToken {
    pub hash: [u8; 32],
    pub user: UserId,
    pub origin: Origin,
    pub issuer: String,
    pub issued_at: Millis,
}

/// A stored token and whose it is: all that a start needs of both.
#[derive(Clone, Debug)]
pub struct Held {
    pub hash: [u8; 32],
    pub actor: Actor,
    pub issued_at: Millis,
    pub disabled: bool,
}

/// A person and since when, as staff see them.
#[derive(Clone, Debug)]
pub struct Person {
    pub user: User,
    pub created_at: Millis,
}

/// Which people are wanted, all ANDed.
#[derive(Clone, Debug, Default)]
pub struct PeopleFilter {
    pub role: Option<Role>,
    pub origin: Option<Origin>,
    pub disabled: Option<bool>,
    /// Part of a handle, in any spelling, or of a name.
    pub text: Option<Handle>,
}

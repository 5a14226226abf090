//! What a token of document 004 claims: a role, and the kind of client that holds it. A claim is the token's,
//! never the user's role. Source: 004-arctos-auth.md, getAuthCode and getAuthTokenUseCode.

use super::user::Role;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    Moderator,
    Publisher,
    Admin,
    Switch,
    Client,
}

impl Claim {
    pub const ALL: [Self; 5] =
        [Self::Moderator, Self::Publisher, Self::Admin, Self::Switch, Self::Client];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Moderator => "MODERATOR",
            Self::Publisher => "PUBLISHER",
            Self::Admin => "ADMIN",
            Self::Switch => "SWITCH",
            Self::Client => "CLIENT",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|claim| claim.word() == word)
    }

    /// What somebody becomes whom the box does not know yet.
    pub const fn role(self) -> Role {
        match self {
            Self::Moderator | Self::Admin | Self::Switch => Role::Teacher,
            Self::Publisher | Self::Client => Role::Pupil,
        }
    }

    /// Whether such a client may hold it: devices hold their own role, and no other device does.
    pub const fn fits(self, client: Device) -> bool {
        match self {
            Self::Switch => matches!(client, Device::Switch),
            Self::Client => matches!(client, Device::Client),
            Self::Moderator | Self::Publisher | Self::Admin => true,
        }
    }
}

/// The kind of client that asks for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// A browser.
    Webapp,
    /// A moderator's device.
    Switch,
    /// A publisher's device.
    Client,
}

impl Device {
    pub const ALL: [Self; 3] = [Self::Webapp, Self::Switch, Self::Client];

    /// The `client_id` of document 004.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Webapp => "arctos-webapp",
            Self::Switch => "arctos-switch",
            Self::Client => "arctos-client",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|device| device.word() == word)
    }
}

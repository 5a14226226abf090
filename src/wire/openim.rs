//! Tokens of document 002: a JWT with the claims of the original, and the five ways in which one is no good.
//! It keeps no list of tokens: whether one was ended is not written in it.

pub mod frames;

use serde::{Deserialize, Serialize};

use super::jwt::{self, JwtError};
use crate::model::{Millis, Platform};

/// What the token says. Times in Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(non_snake_case)]
pub struct Claims {
    pub UID: String,
    /// The platform's name.
    pub Platform: String,
    pub exp: i64,
    pub nbf: i64,
    pub iat: i64,
}

impl Claims {
    /// Good from now on. Two of the same person and platform within one second are the same.
    pub fn new(uid: &str, platform: Platform, now: Millis, age: Millis) -> Self {
        let now_s = now.as_seconds();
        Self {
            UID: uid.to_owned(),
            Platform: platform.name().to_owned(),
            exp: now_s + age.as_seconds(),
            nbf: now_s,
            iat: now_s,
        }
    }
}

/// Why a token opens no gateway. Numbers and sentences are the original's (facts.md, "Register / token").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    Expired,
    /// It was good once: its place was taken, or the box ended it.
    Ended,
    NoToken,
    NotYet,
    /// Not signed by this box, or not the token of whoever shows it.
    Foreign,
}

impl Flaw {
    pub const ALL: [Self; 5] =
        [Self::Expired, Self::Ended, Self::NoToken, Self::NotYet, Self::Foreign];

    pub const fn code(self) -> u16 {
        match self {
            Self::Expired => 701,
            Self::Ended => 702,
            Self::NoToken => 703,
            Self::NotYet => 704,
            Self::Foreign => 705,
        }
    }

    pub const fn text(self) -> &'static str {
        match self {
            Self::Expired => "token is timed out, please log in again",
            Self::Ended => "token has been invalidated",
            Self::NoToken => "that's not even a token",
            Self::NotYet => "token not active yet",
            Self::Foreign => "couldn't handle this token",
        }
    }
}

/// What is wrong with a token that the box does not know (any more).
pub fn flaw(key: &[u8], token: &str, now: Millis) -> Flaw {
    let now_s = now.as_seconds();
    match jwt::verify::<Claims>(key, token) {
        Err(JwtError::Malformed) => Flaw::NoToken,
        Err(JwtError::Algorithm | JwtError::Signature) => Flaw::Foreign,
        Ok(claims) if claims.exp <= now_s => Flaw::Expired,
        Ok(claims) if claims.nbf > now_s => Flaw::NotYet,
        Ok(_) => Flaw::Ended,
    }
}

#[cfg(test)]
mod tests;

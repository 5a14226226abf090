//! `auth/…`: people and their tokens.

use serde::Serialize;

use super::auth::{Secret, Secretive};
use crate::dialect::fields::{Int, Text};
use crate::dialect::{Caller, Guest};
use crate::domain::enrol::{self, Newcomer, Order};
use crate::model::{Fault, Handle, Platform};
use crate::{input, output};

/// The document counts this one in bytes.
const ICON_BYTES_MAX: usize = 1024;

input! {
    /// Body of `auth/user_register`.
    pub struct UserRegister {
        /// What `arctos-box secrets` shows.
        pub secret: Secret,
        /// 1 iOS, 2 Android, 3 Windows, 4 OSX, 5 Web, 6 MiniWeb, 7 Linux.
        pub platform: Int<1, 7>,
        /// Unique on this box.
        pub uid: Text<1, 64>,
        /// May be empty.
        pub name: Text<0, 64>,
        /// Address of a picture, at most 1,024 bytes.
        pub icon: Option<Text<0, 1024>>,
        /// 0 unknown, 1 male, 2 female.
        pub gender: Option<Int<0, 2>>,
        /// With the country's code where it is not mainland China.
        pub mobile: Option<Text<0, 32>>,
        pub birth: Option<Text<0, 16>>,
        pub email: Option<Text<0, 64>>,
        /// Whatever the server wants kept.
        pub ex: Option<Text<0, 1024>>,
    }
}

input! {
    /// Body of `auth/user_token`.
    pub struct UserToken {
        /// What `arctos-box secrets` shows.
        pub secret: Secret,
        /// As in user_register; 8 has no name.
        pub platform: Int<1, 8>,
        pub uid: Text<1, 64>,
    }
}

output! {
    /// What both commands answer.
    pub struct Issued {
        pub data: Ticket,
    }
}

output! {
    /// A token.
    pub struct Ticket {
        /// As it was first spelled.
        pub uid: String,
        /// A JWT (HS256) with UID, Platform, exp, nbf and iat.
        pub token: String,
        /// Unix seconds.
        pub expiredTime: i64,
    }
}

/// What the box keeps and nothing of it reads.
#[derive(Serialize)]
struct Profile<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    gender: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mobile: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    birth: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ex: Option<&'a str>,
}

pub async fn user_register(guest: Guest<UserRegister>) -> Result<Issued, Fault> {
    let Guest { app, caller, value } = guest;
    let profile = Profile {
        gender: value.gender.map(|g| g.0),
        mobile: value.mobile.as_ref().map(|t| t.0.as_str()),
        birth: value.birth.as_ref().map(|t| t.0.as_str()),
        email: value.email.as_ref().map(|t| t.0.as_str()),
        ex: value.ex.as_ref().map(|t| t.0.as_str()),
    };
    let profile = serde_json::to_string(&profile).map_err(|e| Fault::internal("a profile", e))?;
    let picture = value.icon.map_or_else(String::new, |icon| icon.0);
    if picture.len() > ICON_BYTES_MAX {
        let why = format!("must have at most {ICON_BYTES_MAX} bytes");
        return Err(Fault::invalid("icon", why));
    }
    let who = Newcomer { handle: handle(&value.uid.0)?, name: value.name.0, picture, profile };
    enrol::register(&app, who, order(&caller, value.platform.0)?).await.map(issued)
}

pub async fn user_token(guest: Guest<UserToken>) -> Result<Issued, Fault> {
    let Guest { app, caller, value } = guest;
    let order = order(&caller, value.platform.0)?;
    enrol::token(&app, handle(&value.uid.0)?, order).await.map(issued)
}

fn handle(uid: &str) -> Result<Handle, Fault> {
    let why = "must be 1 to 64 characters, no control characters";
    Handle::new(uid).ok_or_else(|| Fault::invalid("uid", why))
}

fn order(caller: &Caller, platform: i64) -> Result<Order, Fault> {
    let platform = Platform::new(platform);
    let platform = platform.ok_or_else(|| Fault::invalid("platform", "must be from 1 to 8"))?;
    Ok(Order { platform, from: caller.addr, now: caller.now })
}

fn issued(ticket: enrol::Ticket) -> Issued {
    let (uid, expires) = (ticket.handle.as_str().to_owned(), ticket.expires_s);
    Issued { data: Ticket { uid, token: ticket.token, expiredTime: expires } }
}

impl Secretive for UserRegister {
    fn secret(&self) -> &Secret {
        &self.secret
    }
}

impl Secretive for UserToken {
    fn secret(&self) -> &Secret {
        &self.secret
    }
}

//! `user/…`: who is online. From memory; people who are not registered are simply offline.

use std::sync::Arc;

use super::auth::{self, Secret, Secretive};
use crate::dialect::fields::{Fields, Text, Texts, flat};
use crate::dialect::{Call, Caller};
use crate::domain::Appliance;
use crate::domain::online::Look;
use crate::model::{Fault, Platform};
use crate::{input, output};

/// 200 ids of 64 characters, each written as two `\uXXXX`.
pub const BODY_MAX: usize = 160 * 1024;

const IDS_MAX: usize = 200;
const OPERATION_MAX: usize = 256;
/// Characters of one. A text of no more bytes has certainly no more characters.
const ID_MAX: usize = 256;

input! {
    /// Body of `user/get_users_online_status`.
    pub struct Users {
        /// Any text, to find the call in logs.
        pub operationID: Text<1, OPERATION_MAX>,
        /// At most 200.
        pub userIDList: Texts<IDS_MAX, ID_MAX>,
        /// What `arctos-box secrets` shows.
        pub secret: Secret,
    }
}

output! {
    /// One item an id that was asked for, in the same order, repeats included.
    pub struct Statuses {
        pub successResult: Vec<Status>,
    }
}

output! {
    /// One of them.
    pub struct Status {
        /// As it was asked for.
        pub userID: String,
        /// online or offline
        pub status: String,
        /// Only of those who are online: the platforms, in the order of their numbers.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub detailPlatformStatus: Option<Vec<Device>>,
    }
}

output! {
    /// A platform somebody is online on.
    pub struct Device {
        /// IOS, Android, Windows, OSX, Web, MiniWeb or Linux.
        pub platform: String,
        /// Always online.
        pub status: String,
    }
}

const ONLINE: &str = "online";
const OFFLINE: &str = "offline";

/// Servers ask for many again and again: what is written plainly is answered without a copy of it.
pub fn get_users_online_status(call: Call<'_>) -> Result<Vec<u8>, Fault> {
    let Some(asked) = Plain::take(&call.fields) else { return auth::soon(call, statuses) };
    auth::known(&call, asked.secret)?;
    Ok(asked.answer(call.app))
}

fn statuses(app: &Arc<Appliance>, _: &Caller, users: Users) -> Result<Statuses, Fault> {
    let online = app.online.look();
    let ids = users.userIDList.0.into_iter();
    Ok(Statuses { successResult: ids.map(|id| status(&online, id)).collect() })
}

fn status(online: &Look<'_>, id: String) -> Status {
    let platforms = online.platforms(&id);
    if platforms.is_empty() {
        return Status { userID: id, status: OFFLINE.into(), detailPlatformStatus: None };
    }
    let named = platforms.into_iter().map(|p| p.name()).filter(|name| !name.is_empty());
    let device = |name: &str| Device { platform: name.into(), status: ONLINE.into() };
    let devices = named.map(device).collect();
    Status { userID: id, status: ONLINE.into(), detailPlatformStatus: Some(devices) }
}

/// A body in which nothing is escaped and nothing is wrong.
struct Plain<'a> {
    /// With their quotes.
    ids: Vec<&'a str>,
    secret: &'a str,
}

impl<'a> Plain<'a> {
    fn take(fields: &'a Fields<'_>) -> Option<Self> {
        let text = |name, most| {
            let text = flat::plain(fields.get(name)?)?;
            (1..=most).contains(&text.len()).then_some(text)
        };
        text("operationID", OPERATION_MAX)?;
        let ids = flat::texts(fields.get("userIDList")?, IDS_MAX)?;
        let secret = text("secret", auth::SECRET_MAX)?;
        ids.iter().all(|id| id.len() <= ID_MAX).then_some(Self { ids, secret })
    }

    /// As `Statuses` would be written.
    fn answer(&self, app: &Appliance) -> Vec<u8> {
        let online = app.online.look();
        let ids: usize = self.ids.iter().map(|id| id.len()).sum();
        let mut body = Vec::with_capacity(ids + self.ids.len() * 32 + 32);
        body.extend_from_slice(br#"{"successResult":["#);
        for raw in &self.ids {
            body.extend_from_slice(br#"{"userID":"#);
            body.extend_from_slice(raw.as_bytes());
            let platforms = online.platforms(&raw[1..raw.len() - 1]);
            if platforms.is_empty() {
                body.extend_from_slice(br#","status":"offline"},"#);
            } else {
                write_devices(&mut body, &platforms);
            }
        }
        // In the place of the last comma.
        body.truncate(body.len() - usize::from(!self.ids.is_empty()));
        body.extend_from_slice(b"]}");
        body
    }
}

fn write_devices(body: &mut Vec<u8>, platforms: &[Platform]) {
    body.extend_from_slice(br#","status":"online","detailPlatformStatus":["#);
    let named = platforms.iter().map(|p| p.name()).filter(|name| !name.is_empty());
    for (n, name) in named.enumerate() {
        let comma = if n > 0 { "," } else { "" };
        for part in [comma, r#"{"platform":""#, name, r#"","status":"online"}"#] {
            body.extend_from_slice(part.as_bytes());
        }
    }
    body.extend_from_slice(b"]},");
}

impl Secretive for Users {
    fn secret(&self) -> &Secret {
        &self.secret
    }
}

//! `user/…`: who is online. From memory; people who are not registered are simply offline.

use std::sync::Arc;

use super::auth::{self, Secret, Secretive};
use crate::dialect::fields::{Fields, Text, Texts};
use crate::dialect::{Call, Caller, Json};
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
pub fn get_users_online_status(call: Call<'_>) -> Result<Json, Fault> {
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

/// What stands between two people.
const NEXT: &[u8] = br#",{"userID":""#;

/// A body in which nothing is escaped and nothing is wrong.
struct Plain<'a> {
    ids: &'a [&'a str],
    secret: &'a str,
}

impl<'a> Plain<'a> {
    fn take(fields: &'a Fields<'_>) -> Option<Self> {
        let text = |name, most| fields.plain(name).filter(|text| (1..=most).contains(&text.len()));
        text("operationID", OPERATION_MAX)?;
        let ids = fields.plain_list("userIDList").filter(|ids| ids.len() <= IDS_MAX)?;
        let secret = text("secret", auth::SECRET_MAX)?;
        ids.iter().all(|id| id.len() <= ID_MAX).then_some(Self { ids, secret })
    }

    /// As `Statuses` would be written.
    fn answer(&self, app: &Appliance) -> Json {
        let online = app.online.look();
        let nobody = online.is_empty();
        let ids: usize = self.ids.iter().map(|id| id.len()).sum();
        let mut body = Json::with_room_for(ids + self.ids.len() * 33 + 24);
        let mut before: &[u8] = br#"{"successResult":[{"userID":""#;
        for id in self.ids {
            body.push(before);
            body.push(id.as_bytes());
            let platforms = if nobody { Vec::new() } else { online.platforms(id) };
            before = match platforms.is_empty() {
                true => br#"","status":"offline"},{"userID":""#,
                false => {
                    write_devices(&mut body, &platforms);
                    br#"]},{"userID":""#
                }
            };
        }
        body.push(match before.strip_suffix(NEXT) {
            Some(end) if !self.ids.is_empty() => end,
            Some(_) | None => br#"{"successResult":["#,
        });
        body.push(b"]}");
        body
    }
}

fn write_devices(body: &mut Json, platforms: &[Platform]) {
    body.push(br#"","status":"online","detailPlatformStatus":["#);
    let named = platforms.iter().map(|p| p.name()).filter(|name| !name.is_empty());
    for (n, name) in named.enumerate() {
        let comma = if n > 0 { "," } else { "" };
        for part in [comma, r#"{"platform":""#, name, r#"","status":"online"}"#] {
            body.push(part.as_bytes());
        }
    }
}

impl Secretive for Users {
    fn secret(&self) -> &Secret {
        &self.secret
    }
}

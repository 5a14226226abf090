//! `user/…`: who is online. From memory; people who are not registered are simply offline.

use std::sync::Arc;

use super::auth::{Secret, Secretive};
use crate::dialect::Caller;
use crate::dialect::fields::{Text, Texts};
use crate::domain::Appliance;
use crate::model::{Fault, Handle};
use crate::{input, output};

/// 200 ids of 64 characters, each written as two `\uXXXX`.
pub const BODY_MAX: usize = 160 * 1024;

input! {
    /// Body of `user/get_users_online_status`.
    pub struct Users {
        /// Any text, to find the call in logs.
        pub operationID: Text<1, 256>,
        /// At most 200.
        pub userIDList: Texts<200, 256>,
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

pub fn get_users_online_status(
    app: &Arc<Appliance>,
    _: &Caller,
    users: Users,
) -> Result<Statuses, Fault> {
    let ids = users.userIDList.0.into_iter();
    Ok(Statuses { successResult: ids.map(|id| status(app, id)).collect() })
}

fn status(app: &Appliance, id: String) -> Status {
    let platforms = Handle::new(&id).map(|who| app.online.platforms(&who)).unwrap_or_default();
    if platforms.is_empty() {
        return Status { userID: id, status: OFFLINE.into(), detailPlatformStatus: None };
    }
    let named = platforms.into_iter().map(|p| p.name()).filter(|name| !name.is_empty());
    let device = |name: &str| Device { platform: name.into(), status: ONLINE.into() };
    let devices = named.map(device).collect();
    Status { userID: id, status: ONLINE.into(), detailPlatformStatus: Some(devices) }
}

impl Secretive for Users {
    fn secret(&self) -> &Secret {
        &self.secret
    }
}

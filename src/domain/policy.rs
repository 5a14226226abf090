//! What the school decided (configuration) and what the box keeps to itself (secrets), as checked values.

use std::sync::Arc;

use crate::model::{Handle, Millis, Secret};
use crate::wire::usersig::OldKey;

#[derive(Clone, Debug)]
pub struct Policy {
    /// App ids of document 001 that are served; empty accepts any positive one.
    pub appids: Vec<i64>,
    pub login: LoginPolicy,
    pub registration: Registration,
    pub host_silence: Millis,
    pub member_silence: Millis,
    /// No lesson is longer.
    pub lesson_max: Millis,
    /// How long a recording is kept; `None`: until its space is needed.
    pub keep: Option<Millis>,
    /// Free bytes for which the oldest recordings give way; `None`: the reserve.
    pub keep_free: Option<u64>,
    pub classrooms: Vec<Classroom>,
    pub webhooks: Vec<Webhook>,
    pub cloud: Cloud,
    pub usersig: UserSig,
    /// `None`: groups stay in the box.
    pub rongcloud: Option<RongCloud>,
    pub channel: Channel,
    /// The address people outside the building use, if any; without a trailing slash.
    pub public_url: Option<String>,
    /// `arctos-` and four characters: the box's name on the LAN.
    pub box_name: String,
    /// Further names by which clients call the box.
    pub names: Vec<String>,
}

impl Policy {
    /// Whether `host`, as a request names it (a port may follow), is the box: one of its names, any address,
    /// or `public_url`'s. A name that others let point at the box is not.
    pub fn is_called(&self, host: &str) -> bool {
        let bare = host.rsplit_once(':').map_or(host, |(name, port)| match port.parse::<u16>() {
            Ok(_) => name,
            Err(_) => host,
        });
        let bracketed = bare.strip_prefix('[').and_then(|b| b.strip_suffix(']'));
        if bracketed.unwrap_or(bare).parse::<std::net::IpAddr>().is_ok() {
            return true;
        }
        let bare = bare.trim_end_matches('.').to_ascii_lowercase();
        let local = bare.strip_suffix(".local").unwrap_or(&bare);
        let public = self.public_url.as_deref().and_then(|url| url.split('/').nth(2));
        let known = self.names.iter().map(String::as_str).chain(["localhost", &self.box_name]);
        let mut known = known.chain(public.map(|host| host.split(':').next().unwrap_or(host)));
        known.any(|name| name.eq_ignore_ascii_case(&bare) || name.eq_ignore_ascii_case(local))
    }
}

/// How the channel of document 000 sends its people.
#[derive(Clone, Debug, Default)]
pub struct Channel {
    pub rule: ChannelRule,
    /// Further days on each side for which an `auth_token` is good.
    pub clock_days: i64,
    /// By how much the channel's calendar is ahead of UTC.
    pub ahead: Millis,
    /// `None`: the join conversation stays in the box.
    pub leancloud: Option<LeanCloud>,
}

/// The channel's application at LeanCloud.
#[derive(Clone, Debug)]
pub struct LeanCloud {
    pub app_id: String,
    pub master_key: Secret,
    /// Scheme and host; without a trailing slash.
    pub server: String,
}

/// What an `auth_token` is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChannelRule {
    /// HMAC with the app secret.
    #[default]
    Hmac,
    /// The original's, without any secret: anybody can make one. Pupils only.
    Md5,
}

/// What signs `userSig`.
#[derive(Clone)]
pub enum UserSig {
    /// TLSSigAPI v2 with the box's own key.
    Own,
    /// TLSSigAPI v2 with Tencent's key.
    V2(Secret),
    /// The old ECDSA form.
    Old(Arc<OldKey>),
}

impl std::fmt::Debug for UserSig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Own => "Own",
            Self::V2(_) => "V2",
            Self::Old(_) => "Old",
        })
    }
}

/// What a second log-in of the same account does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginPolicy {
    /// Ends the old 001 session.
    Replace,
    Refuse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// Anybody, until an administrator exists; then pupils only.
    Open,
    Students,
    Closed,
}

/// A place with capture inputs.
#[derive(Clone, Debug)]
pub struct Classroom {
    pub name: String,
    /// Name of the input on the board.
    pub input: String,
    /// The same of the slides, a second picture of each lesson.
    pub slides: Option<String>,
    /// Handles of the teachers whose own room this is.
    pub teachers: Vec<String>,
}

impl Classroom {
    /// Whether it is this teacher's own room.
    pub fn is_own(&self, teacher: &Handle) -> bool {
        let named = self.teachers.iter().filter_map(|name| Handle::new(name));
        named.into_iter().any(|named| named.key() == teacher.key())
    }

    /// Its camera's, and that of its slides.
    pub fn inputs(&self) -> impl Iterator<Item = &String> {
        [&self.input].into_iter().chain(&self.slides)
    }

    pub fn has(&self, input: &str) -> bool {
        self.inputs().any(|own| own == input)
    }
}

/// Somebody outside who is told what happens.
#[derive(Clone, Debug)]
pub struct Webhook {
    pub name: String,
    pub url: String,
    pub secret: Secret,
    /// Key of the document's `sign = md5(key + t)`; opt-in, never the inbound key.
    pub md5_key: Option<Secret>,
    /// PEM of a certificate authority to trust for this address.
    pub ca_pem: Option<String>,
}

/// Tencent's cloud, or the box in its place.
#[derive(Clone, Debug)]
pub struct Cloud {
    /// `None`: the box is the cloud and signs with its own pair.
    pub keys: Option<CloudKeys>,
    pub bucket: String,
    pub region: String,
    pub preview_tag: String,
    /// Actions that may be signed or forwarded with the configured keys; a trailing `*` matches any rest.
    pub actions: Vec<String>,
    /// Where calls of the VOD server API go, scheme and host; without a trailing slash.
    pub endpoint: String,
    /// Bytes of one stored file, and of all files of one account.
    pub file_bytes_max: u64,
    pub account_bytes_max: u64,
}

#[derive(Clone, Debug)]
pub struct CloudKeys {
    pub appid: i64,
    pub secret_id: String,
    pub secret_key: Secret,
}

/// The application at RongCloud whose groups are kept in step with the box's.
#[derive(Clone, Debug)]
pub struct RongCloud {
    pub key: String,
    pub secret: Secret,
    /// Scheme and host; without a trailing slash.
    pub endpoint: String,
}

/// Made by the box on first start; shown by `secrets`, never logged.
#[derive(Clone)]
pub struct Secrets {
    pub openim_secret: Secret,
    pub arctos_license_key: Secret,
    pub channel_app_id: String,
    pub channel_app_secret: Secret,
    pub channel_uid: String,
    /// Inbound callbacks of document 001 are signed with it.
    pub callback_key: Secret,
    pub cos_secret_id: String,
    pub cos_secret_key: Secret,
    pub usersig_key: Secret,
    /// The box signs its own tokens with keys derived from it, one a purpose.
    pub token_key: Secret,
}

impl Secrets {
    /// The key of one kind of signed token; no kind verifies another's.
    pub fn signing_key(&self, purpose: &str) -> [u8; 32] {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, self.token_key.as_bytes());
        let mut derived = [0; 32];
        derived.copy_from_slice(ring::hmac::sign(&key, purpose.as_bytes()).as_ref());
        derived
    }
}

//! Tencent's cloud, or the box in its place: who may have what signed, with which keys, and what the box
//! tells of its own recordings. It calls nobody; a signed call is handed back for others to send.

use std::collections::BTreeMap;

use ring::hmac;

use super::Appliance;
use super::policy::CloudKeys;
use crate::model::lesson::{Page, Room, RoomFilter, RoomState, Video};
use crate::model::recording::Track;
use crate::model::user::{Actor, Role};
use crate::model::{Fault, Millis, Moment, RoomId, Secret, Thing, hex};
use crate::store::recordings::TakeRow;
use crate::store::{callbacks, files, recordings, rooms};
use crate::wire::tencent::{Question, Vod};
use crate::wire::{cos, tencent, vod};

/// Signs the use of the object store, and remembers for whom, so that uploads count for that account.
///
/// # Errors
/// `Invalid("file_path")` for a single-use signature without one; `Denied` when somebody other than a
/// teacher asks for a multi-use signature with the configured keys, `Busy` for who has asked for more than
/// anybody needs.
pub async fn cos_sign(
    app: &Appliance,
    actor: &Actor,
    appid: i64,
    wanted: CosWanted,
    now: Moment,
) -> Result<CosSigned, Fault> {
    let cloud = &app.policy.cloud;
    if cloud.keys.is_some() && !wanted.once && actor.role != Role::Teacher {
        return Err(Fault::denied("only teachers are given signatures that may be used again"));
    }
    let named = wanted.bucket.filter(|bucket| !bucket.is_empty());
    let region = if named.is_some() { String::new() } else { cloud.region.clone() };
    let bucket = named.unwrap_or_else(|| cloud.bucket.clone());
    let file = wanted.file.as_deref().filter(|file| !file.is_empty());
    let issued_s = now.wall.as_seconds();
    let scope = match (wanted.once, file) {
        (true, Some(file)) => cos::Scope::Single { bucket: &bucket, file },
        (true, None) => {
            return Err(Fault::invalid("file_path", "is needed for a single-use signature"));
        }
        (false, file) => {
            let expires_s = issued_s + cos::MULTI_VALID_S;
            cos::Scope::Multi { bucket: &bucket, file, expires_s }
        }
    };
    app.allowances.row(actor.id, now.steady)?;
    let random = app.entropy.u32();
    let sign = cos::sign(&cos_keys(app, appid)?, &scope, issued_s, random);
    let user = actor.id;
    app.db
        .write(move |conn| Ok(files::give_signature(conn, i64::from(random), issued_s, user)?))
        .await?;
    Ok(CosSigned { sign, bucket, region, preview_tag: cloud.preview_tag.clone() })
}

/// What shall be signed. `file` is a path in the bucket.
#[derive(Clone, Debug)]
pub struct CosWanted {
    pub once: bool,
    pub bucket: Option<String>,
    pub file: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CosSigned {
    pub sign: String,
    pub bucket: String,
    /// Empty when the request named the bucket.
    pub region: String,
    pub preview_tag: String,
}

/// The pair that signs and opens the object store: Tencent's when configured, else the box's own, which
/// serves any application.
pub(super) fn cos_keys(app: &Appliance, appid: i64) -> Result<cos::Keys, Fault> {
    let appid = app.policy.cloud.keys.as_ref().map_or(appid, |keys| keys.appid);
    let appid = u64::try_from(appid).map_err(|_| Fault::invalid("appid", "must be positive"))?;
    let (secret_id, secret_key) = pair(app, "cos");
    Ok(cos::Keys { appid, secret_id, secret_key })
}

/// Tencent's pair as configured, else the box's own with a key for that purpose alone. The three kinds of
/// signature are one HMAC over texts that the caller has a say in; one kind must not pass for another. The
/// box hands its pair to nobody, so no SDK depends on the key being the same for all.
fn pair(app: &Appliance, purpose: &str) -> (String, Secret) {
    if let Some(keys) = &app.policy.cloud.keys {
        return (keys.secret_id.clone(), keys.secret_key.clone());
    }
    let secret = hmac::Key::new(hmac::HMAC_SHA256, app.secrets.cos_secret_key.as_bytes());
    let key = hex(hmac::sign(&secret, purpose.as_bytes()).as_ref());
    (app.secrets.cos_secret_id.clone(), key.into())
}

/// Signs a call of the video service.
///
/// # Errors
/// `Denied` for an action that the configured keys may not sign, `Invalid` for a call that cannot be signed.
pub fn vod_sign(app: &Appliance, call: &Call) -> Result<VodSigned, Fault> {
    if app.policy.cloud.keys.is_some() {
        permit(app, call.action()?)?;
    }
    let (secret_id, key) = pair(app, "vod");
    let signed = sign(call, &secret_id, &key)?;
    Ok(VodSigned { sign: signed.sign, secret_id, method: signed.hash.as_str() })
}

/// A call of the video service that somebody wants made or signed.
#[derive(Clone, Debug)]
pub struct Call {
    /// `GET` or `POST`; anything else is refused.
    pub method: String,
    pub host: String,
    pub path: String,
    pub params: BTreeMap<String, String>,
}

impl Call {
    fn action(&self) -> Result<&str, Fault> {
        let action = self.params.get("Action").filter(|action| !action.is_empty());
        action.map(String::as_str).ok_or_else(|| Fault::invalid("params.Action", "is missing"))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VodSigned {
    pub sign: String,
    pub secret_id: String,
    /// `HmacSHA1` or `HmacSHA256`.
    pub method: &'static str,
}

/// Signs an upload that a client makes to the video service.
pub fn client_sign(app: &Appliance, now: Moment) -> (String, String) {
    let (id, key) = pair(app, "vod-client");
    let now_s = now.wall.as_seconds();
    let grant = vod::ClientGrant {
        secret_id: &id,
        now_s,
        expires_s: now_s + vod::CLIENT_VALID_S,
        random: app.entropy.u32(),
    };
    (vod::client_sign(&grant, &key), id)
}

/// The only host that calls are passed on to.
pub const VOD_HOST: &str = "vod.api.qcloud.com";

/// Where a call of the video service goes.
#[derive(Clone, Debug)]
pub enum Proxy {
    /// To Tencent, signed. Who finds no way out asks [`own`] instead.
    Forward(Forward),
    /// To the box's own recordings.
    Own(Question),
}

/// A signed call. The values are not encoded yet.
#[derive(Clone, Debug)]
pub struct Forward {
    pub is_post: bool,
    /// Scheme, host and path.
    pub url: String,
    pub params: Vec<(String, String)>,
}

/// Decides where a call goes, and signs it when it goes out.
///
/// # Errors
/// `Invalid` for another host or a call that cannot be signed, `Denied` for an action not offered here.
pub fn proxy(app: &Appliance, call: &Call, now: Moment) -> Result<Proxy, Fault> {
    if call.host != VOD_HOST {
        return Err(Fault::invalid("host", "must be vod.api.qcloud.com"));
    }
    verb(&call.method)?;
    let action = call.action()?;
    let Some(keys) = &app.policy.cloud.keys else { return own(call).map(Proxy::Own) };
    permit(app, action)?;
    forward(app, call, keys, now).map(Proxy::Forward)
}

/// What a call asks of the box's own recordings; `Denied` for anything but the two questions it answers.
pub fn own(call: &Call) -> Result<Question, Fault> {
    let action = call.action()?;
    match Question::read(action, &call.params) {
        Some(question) => question.map_err(|field| {
            Fault::invalid(format!("params.{field}"), "is missing or cannot be read")
        }),
        None => Err(not_offered(action)),
    }
}

/// Adds what Tencent's SDK adds: facts.md, "VOD cmd_proxy".
fn forward(app: &Appliance, call: &Call, keys: &CloudKeys, now: Moment) -> Result<Forward, Fault> {
    let mut call = call.clone();
    let params = &mut call.params;
    params.remove("Signature");
    params.insert("SecretId".into(), keys.secret_id.clone());
    params.insert("RequestClient".into(), "SDK_PHP_1.1".into());
    let nonce = app.entropy.u32() % 65_535 + 1;
    params.entry("Nonce".into()).or_insert_with(|| nonce.to_string());
    params.entry("Timestamp".into()).or_insert_with(|| now.wall.as_seconds().to_string());
    params.entry("Region".into()).or_insert_with(|| "gz".into());
    let signed = sign(&call, &keys.secret_id, &keys.secret_key)?;
    let mut params: Vec<_> = call.params.into_iter().collect();
    params.push(("Signature".into(), signed.sign));
    let url = format!("{}{}", app.policy.cloud.endpoint, call.path);
    Ok(Forward { is_post: call.method == "POST", url, params })
}

fn verb(method: &str) -> Result<vod::Verb, Fault> {
    vod::Verb::named(method).ok_or_else(|| Fault::invalid("method", "must be GET or POST"))
}

fn sign(call: &Call, id: &str, key: &str) -> Result<vod::Signed, Fault> {
    let text = |(name, value): (&String, &String)| (name.clone(), vod::Value::Text(value.clone()));
    let params = call.params.iter().map(text).collect();
    let verb = verb(&call.method)?;
    let signable = vod::Call { verb, host: &call.host, path: &call.path, params: &params };
    vod::sign(&signable, id, key).map_err(|e| match e {
        vod::VodError::Hash => {
            Fault::invalid("params.SignatureMethod", "must be HmacSHA1 or HmacSHA256")
        }
        vod::VodError::Ambiguous => Fault::invalid(
            "params",
            "has a character, there or in host or path, that could pass for another part of the call",
        ),
    })
}

/// Actions that the configured keys may sign; a trailing `*` matches any rest.
fn permit(app: &Appliance, action: &str) -> Result<(), Fault> {
    let matches = |pattern: &String| match pattern.strip_suffix('*') {
        Some(start) => action.starts_with(start),
        None => action == pattern,
    };
    if app.policy.cloud.actions.iter().any(matches) { Ok(()) } else { Err(not_offered(action)) }
}

/// The name may be anything a client sent; what is told of it is short and plain.
fn not_offered(action: &str) -> Fault {
    let name: String = action.chars().filter(|c| c.is_ascii_alphanumeric()).take(64).collect();
    Fault::denied(format!("the action {name} is not offered here"))
}

/// Lessons looked through for one question: years of one school.
const LESSONS_MAX: i64 = 20_000;

/// Films of lessons of the application's hosts, oldest first; addresses are the box's own, relative.
pub async fn films(app: &Appliance, appid: i64) -> Result<Vec<Vod>, Fault> {
    let filter =
        RoomFilter { appid: Some(appid), state: Some(RoomState::Replay), ..RoomFilter::default() };
    read_films(app, filter).await
}

/// One film; `Missing(Video)` when it is not there, or another application's.
pub async fn film(app: &Appliance, appid: i64, file_id: &str) -> Result<Vod, Fault> {
    let missing = || Fault::Missing(Thing::Video);
    let number = file_id.strip_prefix("box-").and_then(|rest| rest.split_once('-'));
    let room = number.and_then(|(room, _)| room.parse().ok()).ok_or_else(missing)?;
    let filter =
        RoomFilter { appid: Some(appid), room: Some(RoomId(room)), ..RoomFilter::default() };
    let films = read_films(app, filter).await?;
    films.into_iter().find(|film| film.file_id == file_id).ok_or_else(missing)
}

async fn read_films(app: &Appliance, filter: RoomFilter) -> Result<Vec<Vod>, Fault> {
    app.db
        .read(move |conn| {
            let page = Page { index: 0, size: LESSONS_MAX };
            let mut films = Vec::new();
            for room in rooms::list(conn, &filter, page)?.1.iter().rev() {
                let takes = recordings::of(conn, Track::teacher(room.id))?;
                let videos = callbacks::videos(conn, room.id)?;
                let ours = videos.iter().filter(|(source, _)| source == "box");
                films.extend(ours.filter_map(|(_, video)| told(room, video, &takes)));
            }
            Ok(films)
        })
        .await
}

fn told(room: &Room, video: &Video, takes: &[TakeRow]) -> Option<Vod> {
    let named = |take: &&TakeRow| video.video_id == format!("box-{}-{}", room.id, take.number);
    let take = takes.iter().find(named)?;
    let name = match (room.title.as_str(), takes.len()) {
        ("", _) => video.video_id.clone(),
        (title, 1) => title.to_owned(),
        (title, _) => format!("{title} ({})", take.number),
    };
    Some(tencent::Vod {
        file_id: video.video_id.clone(),
        name,
        bytes: take.bytes,
        seconds: video.duration,
        width: take.width,
        height: take.height,
        created: Millis::seconds(video.start_time),
        updated: Millis::seconds(video.end_time),
        url: video.video_url.clone(),
        cover: room.cover.clone(),
    })
}

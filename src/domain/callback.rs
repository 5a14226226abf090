//! The end of a recording and the end of its index, told by our own recorder or from outside: one operation
//! each, one path. Whoever is configured hears of both through the outbox.

use super::message::{self, Notice};
use super::policy::Webhook;
use super::{Appliance, room};
use crate::model::lesson::{RecordingState, RoomState, Video};
use crate::model::recording::Track;
use crate::model::{Conflict, Fault, Moment, RoomId, Thing, hex};
use crate::store::{callbacks, lessons, outbox, recordings};
use crate::wire::event;

/// Who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Teller {
    Box,
    Outside,
}

impl Teller {
    const fn word(self) -> &'static str {
        match self {
            Self::Box => "box",
            Self::Outside => "outside",
        }
    }
}

/// A recording is complete: its row, message 1004, and the news for the webhooks, in one transaction.
/// A repeat of the same video changes nothing.
pub async fn recording_ended(
    app: &Appliance,
    id: RoomId,
    uid: Option<String>,
    video: Video,
    teller: Teller,
    now: Moment,
) -> Result<(), Fault> {
    let room = room::get(app, id).await?;
    let uid = uid.unwrap_or_else(|| room.host_handle.clone());
    let stamp = message::stamp(app, now.wall.as_seconds(), now.wall);
    let webhooks = app.policy.webhooks.clone();
    let body = event::recording_ended(&room, &absolute_video(app, &video), now.wall);
    app.db
        .write(move |conn| {
            if callbacks::add_video(conn, id, teller.word(), &video)? {
                message::post(conn, id, &Notice::Recorded { uid: &uid, video: &video }, stamp)?;
                lessons::log(conn, id, now.wall, "recording ended", &video.video_id)?;
                let news = ("recendcall", video.video_id.as_str(), body.as_str());
                tell(conn, &webhooks, id, news, now)?;
            }
            Ok(())
        })
        .await?;
    app.outbox_bell.notify_one();
    Ok(())
}

/// What became of the index.
#[derive(Debug)]
pub enum Index {
    /// It lies at this address (relative when ours).
    At(String),
    /// Making it failed, with the maker's number and words; the lesson stays in state 2.
    Failed(i64, String),
}

/// The index is ready: 2 → 3 and `playback_idx_url`. Repeats are harmless.
///
/// # Errors
/// `Missing(Room)`, `Conflict(NotOver)`.
pub async fn index_ready(
    app: &Appliance,
    id: RoomId,
    index: Index,
    teller: Teller,
    now: Moment,
) -> Result<(), Fault> {
    let room = room::get(app, id).await?;
    if matches!(room.state, RoomState::Created | RoomState::Live) {
        return Err(Fault::Conflict(Conflict::NotOver));
    }
    let url = match index {
        Index::At(url) => url,
        Index::Failed(code, why) => {
            let detail = format!("{code} {why}");
            return app
                .db
                .write(move |conn| Ok(lessons::log(conn, id, now.wall, "no index", &detail)?))
                .await;
        }
    };
    let webhooks = app.policy.webhooks.clone();
    let body = event::index_ready(&room, &absolute(app, &url), now.wall);
    app.db
        .write(move |conn| {
            // The replay of a lesson that the box recorded is never replaced from outside.
            let ours = [Track::teacher(id), Track::slides(id)];
            let is_ours =
                ours.iter().any(|t| recordings::of(conn, *t).is_ok_and(|t| !t.is_empty()));
            if teller == Teller::Outside && is_ours {
                return Ok(());
            }
            if !lessons::set_replay(conn, id, &url)? {
                return Err(Fault::Missing(Thing::Room));
            }
            if teller == Teller::Box {
                lessons::set_recording(conn, id, RecordingState::Ended, &room.recording_note)?;
            }
            lessons::log(conn, id, now.wall, "replay ready", teller.word())?;
            tell(conn, &webhooks, id, ("idxfileendcall", &url, &body), now)?;
            Ok(())
        })
        .await?;
    app.outbox_bell.notify_one();
    Ok(())
}

/// Puts one event (name, what it is about, body) into the outbox for every webhook. Its id is the same
/// each time the same thing is told.
fn tell(
    conn: &rusqlite::Connection,
    webhooks: &[Webhook],
    room: RoomId,
    (event, about, body): (&str, &str, &str),
    now: Moment,
) -> rusqlite::Result<()> {
    let digest = ring::digest::digest(&ring::digest::SHA256, about.as_bytes());
    let key = format!("{event}-{room}-{}", hex(&digest.as_ref()[..8]));
    webhooks
        .iter()
        .try_for_each(|hook| outbox::put(conn, &hook.name, room, (event, &key, body), now.wall))
}

/// Signed calls may be repeated, not reused: the same `t` and `sign` with another body is refused.
pub async fn remember(
    app: &Appliance,
    t: i64,
    sign: String,
    body_hash: [u8; 32],
) -> Result<(), Fault> {
    let before =
        app.db.write(move |conn| Ok(callbacks::remember(conn, t, &sign, body_hash)?)).await?;
    match before {
        Some(hash) if hash != body_hash => Err(Fault::Conflict(Conflict::Replayed)),
        Some(_) | None => Ok(()),
    }
}

/// An address of ours as somebody outside can use it.
pub fn absolute(app: &Appliance, url: &str) -> String {
    if !url.starts_with('/') {
        return url.to_owned();
    }
    match (&app.policy.public_url, app.address.get()) {
        (Some(base), _) | (None, Some(base)) => format!("{base}{url}"),
        (None, None) => format!("http://{}.local{url}", app.policy.box_name),
    }
}

fn absolute_video(app: &Appliance, video: &Video) -> Video {
    Video { video_url: absolute(app, &video.video_url), ..video.clone() }
}

/// The lesson a recording callback speaks of: its group id is the lesson's number.
pub fn room_of_group(group: &str) -> Option<RoomId> {
    group.parse().ok().map(RoomId)
}

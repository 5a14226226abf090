//! What the callbacks of document 001 leave behind: videos, and signatures already seen.

use rusqlite::{Connection, params};

use super::optional;
use crate::model::lesson::Video;
use crate::model::{Millis, RoomId};

/// Adds a video; `false` when the same one was reported before.
pub fn add_video(
    conn: &Connection,
    room: RoomId,
    source: &str,
    video: &Video,
) -> rusqlite::Result<bool> {
    let added = conn
        .prepare_cached(
            "INSERT INTO video (room_id, source, video_id, video_url, stream_id, start_time,
                 end_time, media_start, file_size, duration)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (room_id, video_id) DO NOTHING",
        )?
        .execute(params![
            room.0,
            source,
            video.video_id,
            video.video_url,
            video.stream_id,
            video.start_time,
            video.end_time,
            video.media_start,
            video.file_size,
            video.duration
        ])?;
    Ok(added > 0)
}

pub fn videos(conn: &Connection, room: RoomId) -> rusqlite::Result<Vec<(String, Video)>> {
    let mut found = conn.prepare_cached(
        "SELECT source, video_id, video_url, stream_id, start_time, end_time, media_start,
             file_size, duration FROM video WHERE room_id = ?1 ORDER BY id",
    )?;
    let videos = found.query_map([room.0], |row| {
        Ok((
            row.get(0)?,
            Video {
                video_id: row.get(1)?,
                video_url: row.get(2)?,
                stream_id: row.get(3)?,
                start_time: row.get(4)?,
                end_time: row.get(5)?,
                media_start: row.get(6)?,
                file_size: row.get(7)?,
                duration: row.get(8)?,
            },
        ))
    })?;
    videos.collect()
}

/// Remembers a signed call. `Some(hash)` is the body that came with the same signature before.
pub fn remember(
    conn: &Connection,
    t: i64,
    sign: &str,
    body_hash: [u8; 32],
) -> rusqlite::Result<Option<[u8; 32]>> {
    let before = optional(
        conn.prepare_cached("SELECT body_hash FROM callback_seen WHERE t = ?1 AND sign = ?2")?
            .query_row(params![t, sign], |r| r.get(0)),
    )?;
    if before.is_none() {
        conn.prepare_cached("INSERT INTO callback_seen (t, sign, body_hash) VALUES (?1, ?2, ?3)")?
            .execute(params![t, sign, body_hash])?;
    }
    Ok(before)
}

/// Drops signatures that have expired by themselves.
pub fn forget(conn: &Connection, before: Millis) -> rusqlite::Result<usize> {
    conn.execute("DELETE FROM callback_seen WHERE t < ?1", [before.as_seconds()])
}

//! recendcall and idxfileendcall as servers outside call them. The box's own recorder takes the same domain
//! operations without passing here. Body shapes: facts.md, "Callbacks".

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::dialect::Guest;
use crate::dialect::fields::{Fields, Input as _, Int, Nothing, RoomNumber, Text};
use crate::domain::callback::{self, Index, Teller};
use crate::domain::room;
use crate::http::url::query;
use crate::input;
use crate::model::lesson::Video;
use crate::model::{Fault, RoomId};

type Number = Int<{ i64::MIN }, { i64::MAX }>;

/// "A file was recorded"; other events are accepted and ignored.
const RECORDED: i64 = 100;

input! {
    /// Tencent's live recording callback.
    pub struct RecordingEvent {
        /// Second since 1970 until which the signature is good; at most ten minutes ahead.
        pub t: Number,
        /// Lower-case hex MD5 of the callback key followed by `t`.
        pub sign: Text<32, 32>,
        /// 100: a file was recorded. Others (0 cut, 1 start, 200 screenshot) are ignored.
        pub event_type: Number,
        /// Stream that was recorded.
        pub stream_id: Text<0, 256>,
        /// Query string with `groupid` (room number) and `userid` (base64 of the user id).
        pub stream_param: Option<Text<0, 1024>>,
        /// Second since 1970 (event 100).
        pub start_time: Option<Number>,
        /// Second since 1970 (event 100).
        pub end_time: Option<Number>,
        /// Milliseconds into the stream (event 100).
        pub media_start_time: Option<Number>,
        /// Bytes (event 100).
        pub file_size: Option<Number>,
        /// Seconds (event 100).
        pub duration: Option<Number>,
        /// Names the video (event 100).
        pub video_id: Option<Text<1, 128>>,
        /// Where it lies (event 100).
        pub video_url: Option<Text<1, 1024>>,
    }
}

pub async fn recendcall(guest: Guest<RecordingEvent>) -> Result<Nothing, Fault> {
    let Guest { app, caller, value } = guest;
    if value.event_type.0 != RECORDED {
        return Ok(Nothing);
    }
    let param = value.stream_param.as_ref().map_or("", |p| &p.0);
    let group = query::first(param, "groupid");
    let room = group.as_deref().and_then(callback::room_of_group);
    let room = room.ok_or_else(|| Fault::invalid("stream_param", "has no groupid"))?;
    let uid = query::first(param, "userid").and_then(|uid| {
        let bytes = STANDARD.decode(uid.as_bytes()).ok()?;
        String::from_utf8(bytes).ok().filter(|uid| uid.chars().count() <= 64)
    });
    let video = video(value)?;
    callback::recording_ended(&app, room, uid, video, Teller::Outside, caller.now).await?;
    Ok(Nothing)
}

fn video(value: RecordingEvent) -> Result<Video, Fault> {
    fn need<T>(field: &str, value: Option<T>) -> Result<T, Fault> {
        value.ok_or_else(|| Fault::invalid(field, "is missing"))
    }
    Ok(Video {
        video_id: need("video_id", value.video_id)?.0,
        video_url: need("video_url", value.video_url)?.0,
        stream_id: value.stream_id.0,
        start_time: need("start_time", value.start_time)?.0,
        end_time: need("end_time", value.end_time)?.0,
        media_start: need("media_start_time", value.media_start_time)?.0,
        file_size: need("file_size", value.file_size)?.0,
        duration: need("duration", value.duration)?.0,
    })
}

input! {
    /// The index service's callback: `SrcRequest`, or the flat form.
    pub struct IndexEvent {
        /// Second since 1970 until which the signature is good; at most ten minutes ahead.
        pub t: Number,
        /// Lower-case hex MD5 of the callback key followed by `t`.
        pub sign: Text<32, 32>,
        /// JSON text with GroupId, ErrorCode, ErrorInfo and ReplayIndex {FileUrl, CreateTime}.
        pub SrcRequest: Option<Text<2, 8192>>,
        /// Flat form: the group.
        pub groupid: Option<Text<1, 20>>,
        /// Flat form: the room number.
        pub roomnum: Option<RoomNumber>,
        /// Flat form: where the index lies.
        pub playback_idx_url: Option<Text<1, 1024>>,
    }
}

input! {
    /// What `SrcRequest` holds.
    pub struct SrcRequest {
        /// The group.
        pub GroupId: Text<1, 20>,
        /// 0: the index was made.
        pub ErrorCode: Number,
        /// What went wrong.
        pub ErrorInfo: Option<Text<0, 1024>>,
        /// Where the index lies, when ErrorCode is 0.
        pub ReplayIndex: Option<ReplayIndex>,
    }
}

input! {
    /// An index file.
    pub struct ReplayIndex {
        /// Its address.
        pub FileUrl: Text<1, 1024>,
        /// Second since 1970.
        pub CreateTime: Option<Number>,
    }
}

pub async fn idxfileendcall(guest: Guest<IndexEvent>) -> Result<Nothing, Fault> {
    let Guest { app, caller, value } = guest;
    let (room, index) = match value.SrcRequest {
        Some(text) => nested(&text.0)?,
        None => flat(value)?,
    };
    room::get(&app, room).await?;
    callback::index_ready(&app, room, index, Teller::Outside, caller.now).await?;
    Ok(Nothing)
}

fn nested(text: &str) -> Result<(RoomId, Index), Fault> {
    let wrong = |fault: Fault| match fault {
        Fault::Syntax(_) => Fault::invalid("SrcRequest", "must be JSON text"),
        other => other,
    };
    let request = Fields::parse(text.as_bytes()).and_then(|f| SrcRequest::take(&f));
    let request = request.map_err(wrong)?;
    let room = callback::room_of_group(&request.GroupId.0)
        .ok_or_else(|| Fault::invalid("GroupId", "is no room's group"))?;
    if request.ErrorCode.0 != 0 {
        let why = request.ErrorInfo.map_or_else(String::new, |i| i.0);
        return Ok((room, Index::Failed(request.ErrorCode.0, why)));
    }
    let index = request.ReplayIndex;
    let index = index.ok_or_else(|| Fault::invalid("ReplayIndex", "is missing"))?;
    Ok((room, Index::At(index.FileUrl.0)))
}

fn flat(value: IndexEvent) -> Result<(RoomId, Index), Fault> {
    let group = value.groupid.as_ref().and_then(|g| callback::room_of_group(&g.0));
    let room = value.roomnum.map(|r| r.0).or(group);
    let room = room.ok_or_else(|| Fault::invalid("roomnum", "is missing"))?;
    let url = value.playback_idx_url;
    let url = url.ok_or_else(|| Fault::invalid("playback_idx_url", "is missing"))?;
    Ok((room, Index::At(url.0)))
}

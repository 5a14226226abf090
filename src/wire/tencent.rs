//! Tencent's video service, API version 2: what DescribeVodInfo and GetVideoInfo answer, as JSON text.
//! It knows no lesson and no address of the box; the caller gives absolute addresses.
//!
//! Source: Tencent's pages 266/7823 (DescribeVodInfo) and 266/8586 (GetVideoInfo) as stored in public
//! copies of its documentation, November 2026; `playSet` and `image_url` are those of the older pages.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::model::{Date, Millis};

/// What a client may ask of recordings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// DescribeVodInfo
    List(Wanted),
    /// GetVideoInfo
    One { file_id: String },
}

impl Question {
    /// `None` for any other action; `Err` names the parameter that is missing or cannot be read.
    pub fn read(
        action: &str,
        params: &BTreeMap<String, String>,
    ) -> Option<Result<Self, &'static str>> {
        match action {
            "DescribeVodInfo" => Some(Wanted::read(params).map(Self::List)),
            "GetVideoInfo" => {
                let file_id = params.get("fileId").filter(|id| !id.is_empty()).cloned();
                Some(file_id.map(|file_id| Self::One { file_id }).ok_or("fileId"))
            }
            _ => None,
        }
    }
}

/// Filters of DescribeVodInfo, all ANDed, and the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Empty: any.
    pub file_ids: Vec<String>,
    /// Times of creation in Tencent's form.
    pub from: Option<String>,
    pub to: Option<String>,
    /// Films of the box are always in state 2.
    pub other_state: bool,
    pub newest_first: bool,
    pub skip: usize,
    pub size: usize,
}

/// Rows of a page when the client names none, and the most it gets.
const PAGE: usize = 10;
const PAGE_MAX: usize = 100;

impl Wanted {
    fn read(params: &BTreeMap<String, String>) -> Result<Self, &'static str> {
        let number = |name: &'static str| match params.get(name).map(|text| text.trim()) {
            None | Some("") => Ok(None),
            Some(text) => text.parse::<u32>().map(Some).map_err(|_| name),
        };
        let listed =
            |name: &str| ["fileIds.", "fileIds_"].iter().any(|start| name.starts_with(start));
        let time = |name: &str| params.get(name).filter(|text| !text.is_empty()).cloned();
        let size = number("pageSize")?.map_or(Ok(PAGE), usize::try_from);
        let size = size.map_err(|_| "pageSize")?.min(PAGE_MAX);
        // Pages count from 1; the example of document 001 says 0 and means the first one too.
        let page = usize::try_from(number("pageNo")?.unwrap_or(1).max(1) - 1);
        let page = page.map_err(|_| "pageNo")?;
        Ok(Self {
            file_ids: params.iter().filter(|(n, _)| listed(n)).map(|(_, id)| id.clone()).collect(),
            from: time("from"),
            to: time("to"),
            other_state: params.get("status").is_some_and(|s| !s.is_empty() && s != "2"),
            newest_first: number("orderby")? == Some(1),
            skip: page.saturating_mul(size),
            size,
        })
    }

    /// How many films are meant, and those of the page. `films` come oldest first.
    pub fn choose(&self, mut films: Vec<Vod>) -> (usize, Vec<Vod>) {
        films.retain(|film| {
            let made = clock_text(film.created);
            !self.other_state
                && (self.file_ids.is_empty() || self.file_ids.contains(&film.file_id))
                && self.from.as_ref().is_none_or(|from| *from <= made)
                && self.to.as_ref().is_none_or(|to| made <= *to)
        });
        if self.newest_first {
            films.reverse();
        }
        let total = films.len();
        (total, films.into_iter().skip(self.skip).take(self.size).collect())
    }
}

/// The answer to DescribeVodInfo: one page, and how many there are in all.
pub fn list(total: usize, vods: &[Vod]) -> String {
    let files = vods.iter().map(file).collect();
    text(&List { code: 0, message: "", total_count: total, file_set: files })
}

/// The answer to GetVideoInfo.
pub fn one(vod: &Vod) -> String {
    let (bits, duration) = (vod.bits_a_second(), vod.seconds);
    let (height, width) = (vod.height, vod.width);
    let streams = || [Stream { bitrate: bits, height, width, codec: "h264" }];
    text(&One {
        code: 0,
        message: "",
        basic_info: Basic {
            name: &vod.name,
            size: vod.bytes,
            duration,
            description: "",
            status: "normal",
            create_time: vod.created.as_seconds(),
            update_time: vod.updated.as_seconds(),
            expire_time: 0,
            classification_id: 0,
            classification_name: "",
            player_id: 0,
            cover_url: &vod.cover,
            r#type: "mp4",
            source_video_url: &vod.url,
        },
        meta_data: Meta {
            size: vod.bytes,
            container: "mp4",
            bitrate: bits,
            height,
            width,
            md5: "",
            duration,
            video_stream_list: streams(),
            audio_stream_list: [],
        },
        transcode_info: Transcode {
            transcode_list: [Play {
                url: &vod.url,
                definition: 0,
                bitrate: bits,
                height,
                width,
                size: vod.bytes,
                duration,
                container: "mp4",
                md5: "",
                video_stream_list: streams(),
                audio_stream_list: [],
            }],
        },
    })
}

/// Tencent's own answer as the proxy passes it on: `code` 0 and `message` "" forced, the rest untouched.
///
/// `Err` holds the code (-1 where there was none) when Tencent said no, or when this is no answer of its.
pub fn passed_on(body: &[u8]) -> Result<String, i64> {
    let mut members: BTreeMap<String, Box<RawValue>> =
        serde_json::from_slice(body).map_err(|_| -1)?;
    let code = members.get("code").and_then(|raw| raw.get().trim_matches('"').parse::<i64>().ok());
    match code {
        Some(0) => {}
        Some(code) => return Err(code),
        None => return Err(-1),
    }
    let raw = |text: &str| RawValue::from_string(text.to_owned()).map_err(|_| -1);
    members.insert("code".to_owned(), raw("0")?);
    members.insert("message".to_owned(), raw("\"\"")?);
    Ok(text(&members))
}

/// `2015-01-12 21:37:11` in China's time, as Tencent writes times; texts of this form sort by time.
pub fn clock_text(at: Millis) -> String {
    const CHINA: Millis = Millis::seconds(8 * 3600);
    let there = at + CHINA;
    let (date, of_day) = (Date::of(there), there.as_seconds().rem_euclid(86_400));
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{date} {hour:02}:{minute:02}:{second:02}")
}

/// A film as the service tells of it. Addresses are absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vod {
    pub file_id: String,
    pub name: String,
    pub bytes: i64,
    pub seconds: i64,
    pub width: u32,
    pub height: u32,
    pub created: Millis,
    pub updated: Millis,
    pub url: String,
    pub cover: String,
}

impl Vod {
    fn bits_a_second(&self) -> i64 {
        self.bytes.saturating_mul(8) / self.seconds.max(1)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a> {
    code: i64,
    message: &'a str,
    total_count: usize,
    file_set: Vec<File<'a>>,
}

/// Numbers are text here, as in Tencent's example.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    file_id: &'a str,
    file_name: &'a str,
    file_intro: &'a str,
    size: String,
    duration: String,
    /// 2: normal.
    status: &'a str,
    vid: &'a str,
    create_time: String,
    update_time: String,
    class_id: &'a str,
    class_name: &'a str,
    image_url: &'a str,
    #[serde(rename = "image_url")]
    image_url_old: &'a str,
    tags: [&'a str; 0],
    description: &'a str,
    play_set: [Set<'a>; 1],
}

#[derive(Serialize)]
struct Set<'a> {
    url: &'a str,
    /// 0: as it was recorded.
    definition: i64,
    /// In kbit/s.
    vbitrate: i64,
    vheight: u32,
    vwidth: u32,
}

fn file(vod: &Vod) -> File<'_> {
    File {
        file_id: &vod.file_id,
        file_name: &vod.name,
        file_intro: "",
        size: vod.bytes.to_string(),
        duration: vod.seconds.to_string(),
        status: "2",
        vid: &vod.file_id,
        create_time: clock_text(vod.created),
        update_time: clock_text(vod.updated),
        class_id: "0",
        class_name: "",
        image_url: &vod.cover,
        image_url_old: &vod.cover,
        tags: [],
        description: "",
        play_set: [Set {
            url: &vod.url,
            definition: 0,
            vbitrate: vod.bits_a_second() / 1000,
            vheight: vod.height,
            vwidth: vod.width,
        }],
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct One<'a> {
    code: i64,
    message: &'a str,
    basic_info: Basic<'a>,
    meta_data: Meta<'a>,
    transcode_info: Transcode<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Basic<'a> {
    name: &'a str,
    size: i64,
    duration: i64,
    description: &'a str,
    status: &'a str,
    create_time: i64,
    update_time: i64,
    /// 0: never.
    expire_time: i64,
    classification_id: i64,
    classification_name: &'a str,
    player_id: i64,
    cover_url: &'a str,
    r#type: &'a str,
    source_video_url: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    size: i64,
    container: &'a str,
    bitrate: i64,
    height: u32,
    width: u32,
    md5: &'a str,
    duration: i64,
    video_stream_list: [Stream<'a>; 1],
    audio_stream_list: [Stream<'a>; 0],
}

#[derive(Serialize)]
struct Stream<'a> {
    bitrate: i64,
    height: u32,
    width: u32,
    codec: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Transcode<'a> {
    transcode_list: [Play<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Play<'a> {
    url: &'a str,
    definition: i64,
    bitrate: i64,
    height: u32,
    width: u32,
    size: i64,
    duration: i64,
    container: &'a str,
    md5: &'a str,
    video_stream_list: [Stream<'a>; 1],
    audio_stream_list: [Stream<'a>; 0],
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("numbers and text always become JSON")
}

#[cfg(test)]
mod tests;

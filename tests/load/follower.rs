//! Somebody who watches a lesson at its edge, by either of the ways that the page has, and fetches exactly what the page
//! fetches. He decodes nothing: what counts is that every byte is there, in order and in time.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use arctos_box::wire::fmp4::fragment::Fragment;
use arctos_box::wire::fmp4::init::Init;
use futures_util::StreamExt;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_websockets::ClientBuilder;

use crate::Done;
use crate::client::{Wire, request, shown};

/// The page asks how the lesson is so often.
const POLL: Duration = Duration::from_secs(3);
/// What a player has in hand lasts no longer than this.
const STALL: Duration = Duration::from_millis(1500);

/// What came.
#[derive(Default)]
pub struct Followed {
    pub bytes: u64,
    /// Times without a byte for longer than a player bears, and times that something was left out.
    pub stalls: u64,
    pub longest: Duration,
    /// The number of the fragment to come.
    next: Option<u32>,
}

impl Followed {
    /// A fragment came whole, after `gap`.
    fn take(&mut self, bytes: &[u8], init: &Init, gap: Duration) -> Done<()> {
        let Fragment { sequence, .. } = Fragment::parse(bytes, init).map_err(|e| e.to_string())?;
        if let Some(next) = self.next.filter(|next| *next != sequence) {
            return Err(format!("fragment {sequence} came where {next} was due").into());
        }
        self.next = Some(sequence.wrapping_add(1));
        self.bytes += bytes.len() as u64;
        self.stalls += u64::from(gap > STALL);
        self.longest = self.longest.max(gap);
        Ok(())
    }
}

/// The page and what its head names; answers what it is told of the lesson then.
async fn arrive(wire: &mut Wire, room: i64) -> Done<Value> {
    let page = text(wire, &format!("/watch/{room}")).await?;
    for asset in page.split('"').filter(|text| text.starts_with("/watch/assets/")) {
        good(wire, asset, "").await?;
    }
    let lesson = good(wire, &state(room), "").await?;
    Ok(serde_json::from_slice(&lesson)?)
}

/// Over the WebSocket until `end`, asking for the lesson's state beside it.
pub async fn by_socket(addr: SocketAddr, room: i64, end: Instant) -> Done<Followed> {
    let mut wire = Wire::open(addr).await?;
    let lesson = arrive(&mut wire, room).await?;
    let uri = format!("ws://{addr}{}", lesson["live"].as_str().ok_or("nothing is live")?);
    let tcp = TcpStream::connect(addr).await?;
    let (mut stream, _) = ClientBuilder::from_uri(uri.parse()?).connect_on(tcp).await?;
    let mut polls = tokio::time::interval(POLL);
    let (mut seen, mut last, mut init) = (Followed::default(), Instant::now(), None);
    let mut begins = false;
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(end.into()) => break,
            _ = polls.tick() => drop(good(&mut wire, &state(room), "").await?),
            came = stream.next() => {
                let message = came.ok_or("the lesson's WebSocket closed")??;
                if message.is_ping() {
                    continue;
                }
                let bytes = message.as_payload();
                match (message.as_text(), &init) {
                    (Some(text), _) if text.contains("\"film\"") => begins = true,
                    (Some(text), _) => return Err(format!("the box says {text}").into()),
                    (None, _) if begins => {
                        init = Some(Init::parse(bytes).map_err(|e| e.to_string())?);
                        begins = false;
                    }
                    (None, Some(init)) => {
                        seen.take(bytes, init, last.elapsed())?;
                        last = Instant::now();
                    }
                    (None, None) => return Err("a fragment came before its film".into()),
                }
            }
        }
    }
    seen.stalls += u64::from(last.elapsed() > STALL);
    Ok(seen)
}

/// As a low-latency HLS player: the playlist when the next part is in it, then that part.
pub async fn by_playlist(addr: SocketAddr, room: i64, end: Instant) -> Done<Followed> {
    // A browser loads playlists and parts over connections of their own.
    let (mut lists, mut films) = (Wire::open(addr).await?, Wire::open(addr).await?);
    let lesson = arrive(&mut lists, room).await?;
    let list = lesson["playlist"].as_str().ok_or("there is no playlist")?.to_owned();
    let mut playlist = text(&mut lists, &list).await?;
    let init = beginning(&mut films, room, &playlist).await?;
    let (mut seen, mut last, mut known) = (Followed::default(), Instant::now(), String::new());
    let mut poll = Instant::now() + POLL;
    while Instant::now() < end {
        for part in fresh(&playlist, &known) {
            let bytes = good(&mut films, &format!("/media/{room}/{part}"), "").await?;
            seen.take(&bytes, &init, last.elapsed())?;
            last = Instant::now();
            known = part.to_owned();
        }
        if Instant::now() > poll {
            good(&mut films, &state(room), "").await?;
            poll += POLL;
        }
        let (msn, part) = next(&playlist);
        let ask = format!("{list}&_HLS_msn={msn}&_HLS_part={part}&_HLS_skip=YES");
        playlist = text(&mut lists, &ask).await?;
    }
    Ok(seen)
}

fn state(room: i64) -> String {
    format!("/media/{room}/lesson.json")
}

/// What the playlist says a decoder is told first.
async fn beginning(wire: &mut Wire, room: i64, playlist: &str) -> Done<Init> {
    let (_, map) = playlist.split_once("#EXT-X-MAP:URI=\"").ok_or("the playlist has no map")?;
    let mut words = map.split('"');
    let (file, range) = (words.next().unwrap_or(""), words.nth(1).unwrap_or(""));
    let length: u64 = range.strip_suffix("@0").unwrap_or(range).parse()?;
    let range = format!("range: bytes=0-{}", length - 1);
    let init = good(wire, &format!("/media/{room}/{file}"), &range).await?;
    Ok(Init::parse(&init).map_err(|e| e.to_string())?)
}

async fn text(wire: &mut Wire, path: &str) -> Done<String> {
    Ok(String::from_utf8(good(wire, path, "").await?)?)
}

/// The place of the part to come.
fn next(playlist: &str) -> (usize, usize) {
    let skipped = playlist.lines().find_map(|l| l.strip_prefix("#EXT-X-SKIP:SKIPPED-SEGMENTS="));
    let skipped: usize = skipped.and_then(|n| n.parse().ok()).unwrap_or(0);
    let tail = playlist.rsplit("#EXTINF").next().unwrap_or("");
    (skipped + playlist.matches("#EXTINF").count(), tail.matches("#EXT-X-PART:").count())
}

/// Parts behind the one that is known; without one, the newest that can be decoded by itself and what follows.
fn fresh<'a>(playlist: &'a str, known: &str) -> Vec<&'a str> {
    let lines: Vec<&str> = playlist.lines().filter(|l| l.starts_with("#EXT-X-PART:")).collect();
    let uri = |line: &'a str| line.split('"').nth(1).unwrap_or("");
    let behind = lines.iter().rposition(|line| !known.is_empty() && uri(line) == known);
    let key = || lines.iter().rposition(|line| line.ends_with("INDEPENDENT=YES")).unwrap_or(0);
    let from = behind.map_or_else(key, |at| at + 1);
    lines[from..].iter().map(|line| uri(line)).collect()
}

/// `header` is one line more, or empty.
async fn good(wire: &mut Wire, path: &str, header: &str) -> Done<Vec<u8>> {
    let answer = wire.ask(&request("GET", path, header, "")).await?;
    if answer.status != 200 && answer.status != 206 {
        let body = shown(answer.body);
        return Err(format!("{path} is HTTP {}: {body}", answer.status).into());
    }
    Ok(answer.body.to_vec())
}

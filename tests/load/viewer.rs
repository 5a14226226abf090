//! Somebody who watches a lesson live: the playlist every two seconds, and the newest piece of the film.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::Done;
use crate::client::{Wire, request, shown};

/// Players ask about so often for segments of two seconds.
const EACH: Duration = Duration::from_secs(2);

/// Watches until `end`; answers how long each playlist took.
pub async fn watch(
    addr: SocketAddr,
    room: i64,
    first: Instant,
    end: Instant,
) -> Done<Vec<Duration>> {
    let mut wire = Wire::open(addr).await?;
    let ask = request("GET", &format!("/media/{room}/lesson.m3u8"), "", "");
    let (mut due, mut seen, mut taken) = (first, String::new(), Vec::new());
    while due < end {
        let in_time = Instant::now() <= due;
        tokio::time::sleep_until(due.into()).await;
        let from = if in_time { Instant::now() } else { due };
        let answer = wire.ask(&ask).await?;
        taken.push(from.elapsed());
        if answer.status != 200 || !answer.body.starts_with(b"#EXTM3U") {
            let body = shown(answer.body);
            return Err(format!("the playlist is HTTP {}: {body}", answer.status).into());
        }
        let playlist = String::from_utf8_lossy(answer.body).into_owned();
        // In a lesson's first seconds there are parts alone.
        if let Some(newest) = Piece::newest(&playlist).filter(|newest| newest.range != seen) {
            newest.fetch(&mut wire, room).await?;
            seen = newest.range;
        }
        due += EACH;
    }
    if seen.is_empty() {
        return Err("no playlist had a piece".into());
    }
    Ok(taken)
}

/// A byte range of a file.
struct Piece {
    file: String,
    range: String,
    length: usize,
}

impl Piece {
    /// Of `#EXT-X-BYTERANGE:LENGTH@OFFSET` and the file's name on the next line.
    fn newest(playlist: &str) -> Option<Self> {
        let (_, last) = playlist.rsplit_once("#EXT-X-BYTERANGE:")?;
        let mut lines = last.lines();
        let (length, offset) = lines.next()?.split_once('@')?;
        let (length, offset): (usize, usize) = (length.parse().ok()?, offset.parse().ok()?);
        let range = format!("bytes={offset}-{}", offset + length - 1);
        Some(Self { file: lines.next()?.to_owned(), range, length })
    }

    async fn fetch(&self, wire: &mut Wire, room: i64) -> Done<()> {
        let range = format!("range: {}", self.range);
        let ask = request("GET", &format!("/media/{room}/{}", self.file), &range, "");
        let answer = wire.ask(&ask).await?;
        if answer.status != 206 || answer.body.len() != self.length {
            let got = (answer.status, answer.body.len());
            return Err(format!("{} of {} is {got:?}", self.range, self.file).into());
        }
        Ok(())
    }
}

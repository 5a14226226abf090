//! A real chromium before the watch page. It reads the clock that is burnt into the picture: how late what it shows
//! is, and how soon somebody who comes sees anything.

use std::time::Duration;

use crate::Done;
use crate::browser::{Browser, Page};
use crate::open::Latencies;

const SOON: Duration = Duration::from_secs(40);
/// A player that has just begun looks for its place.
const SETTLES: Duration = Duration::from_secs(3);
/// No divisor of a picture's length, nor of a fragment's.
const EACH: Duration = Duration::from_millis(93);
const CLOCK: &str = include_str!("clock.js");

/// By which way the page plays.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Socket,
    Playlist,
}

/// What was seen at regular moments.
pub struct Saw {
    pub late: Latencies,
    pub looks: usize,
    /// Looks at which no clock could be read.
    pub blurred: usize,
    /// How often the player had nothing to show.
    pub waits: u32,
}

/// Tells when the first picture was shown, from the moment the address was entered, and counts waits from then on.
const FIRST: &str = "addEventListener('DOMContentLoaded', () => {
    const video = document.querySelector('video');
    window.waits = 0;
    video.requestVideoFrameCallback(() => {
        window.firstPicture = performance.now();
        video.addEventListener('waiting', () => { window.waits += 1; });
    });
});";
/// A browser without WebSockets has the playlist.
const NO_SOCKETS: &str = "delete window.WebSocket;";

/// A tab in which the lesson plays.
pub struct Eye {
    page: Page,
    way: Way,
    /// From the address to the first picture.
    pub first: Duration,
}

impl Eye {
    /// As on a machine that was never here: nothing is in its cache.
    pub fn open(browser: &Browser, url: &str, way: Way) -> Self {
        let page = browser.apart();
        page.run_first(FIRST);
        if way == Way::Playlist {
            page.run_first(NO_SOCKETS);
        }
        page.go(url);
        page.wait_for("window.firstPicture > 0", SOON);
        let first = ms(page.eval("window.firstPicture"));
        Self { page, way, first }
    }

    /// Looks for so long, once the player has settled.
    pub fn look(&self, length: Duration) -> Done<Saw> {
        std::thread::sleep(SETTLES);
        let (length, each) = (length.as_millis(), EACH.as_millis());
        let js = format!(
            "new Promise((done) => {{
                const video = document.querySelector('video');
                const late = {CLOCK};
                const [seen, before] = [[], window.waits];
                const timer = setInterval(() => seen.push(late(video)), {each});
                setTimeout(() => {{
                    clearInterval(timer);
                    done([video.dataset.way, seen, window.waits - before]);
                }}, {length});
            }})"
        );
        let (way, seen, waits): (String, Vec<Option<f64>>, u32) = self.page.eval(&js);
        let wanted = if self.way == Way::Socket { "socket" } else { "hls" };
        if way != wanted {
            return Err(format!("the page plays by {way}, not by {wanted}").into());
        }
        let read: Vec<_> = seen.iter().flatten().map(|late| ms(*late)).collect();
        let (looks, blurred) = (seen.len(), seen.len() - read.len());
        if read.len() < looks / 2 {
            return Err(format!("{blurred} of {looks} looks saw no clock").into());
        }
        Ok(Saw { late: Latencies::new(read), looks, blurred, waits })
    }
}

fn ms(value: f64) -> Duration {
    Duration::from_secs_f64(value.max(0.0) / 1e3)
}

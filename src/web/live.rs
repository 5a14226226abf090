//! `GET /media/<roomnum>/live`, or `…/slides/live` for its slides, a WebSocket: the running lesson as fragmented MP4 for a `MediaSource`, each fragment the
//! moment it is there. Who may watch is the domain's answer, as for everything of a lesson (`?k=`, or a token).
//!
//! **What comes**, beginning at the newest key frame:
//!
//! | frame | what |
//! |---|---|
//! | `{"type":"film","mime","width","height","ahead"}` | before anything else, after a gap in the picture, and when the encoder begins anew. The film's time minus `ahead` (seconds) is the playlist's time, in which gaps do not count |
//! | binary | behind that: the init segment |
//! | binary | each fragment of about a fifth of a second, as it lies in the recording's file |
//! | `{"type":"skipped","ms"}` | the client reads too slowly: so much is left out, what follows begins with a key frame |
//!
//! Nothing is expected of the client. **The end**, by close code: 1000 the lesson is over, 1001 the box goes down, 4008
//! the client does not read. Before it opens: 401, 403 and 404 as for the lesson's playlist, 429 too many watch (150 a picture,
//! 300 in all). Who cannot be here plays the playlist.

use std::sync::Arc;

use hyper::{Request, Response};
use serde::Serialize;

use super::watch::{self as page, Asked};
use crate::domain::Appliance;
use crate::domain::live::{Seen, Viewer};
use crate::domain::watch;
use crate::http::Body;
use crate::http::url::query;
use crate::http::websocket::{self, End, Frame, Limits, Socket, Upgrade};
use crate::model::live::Film;
use crate::model::recording::Track;
use crate::model::{Clock, Fault, RoomId, Thing};

/// Its name beside a lesson's files.
pub const LIVE: &str = "live";
/// A client has nothing to say.
const LIMITS: Limits = Limits::usual(1024);

const OVER: u16 = 1000;
const GOING_AWAY: u16 = 1001;
const UNREAD: u16 = 4008;

pub fn owns(path: &str) -> bool {
    track(path).is_some()
}

fn track(path: &str) -> Option<Track> {
    let (number, name) = path.strip_prefix("/media/")?.split_once('/')?;
    let (track, name) = page::track(RoomId(number.parse().ok()?), name);
    (name == LIVE).then_some(track)
}

/// 101 and a task that shows the lesson, or why not.
pub async fn answer<B>(
    app: &Arc<Appliance>,
    clock: &Clock,
    mut request: Request<B>,
) -> Response<Body> {
    let upgrade = match websocket::asked(&mut request) {
        Ok(upgrade) => upgrade,
        Err(not) => return not.answer(),
    };
    let asked = Asked {
        method: request.method(),
        path: request.uri().path(),
        query: request.uri().query().unwrap_or(""),
        headers: request.headers(),
        now: clock.moment(),
    };
    let done = open(app, &asked, upgrade).await;
    done.unwrap_or_else(|fault| page::failure(&fault))
}

async fn open(
    app: &Arc<Appliance>,
    asked: &Asked<'_>,
    upgrade: Upgrade,
) -> Result<Response<Body>, Fault> {
    let track = track(asked.path).ok_or(Fault::Missing(Thing::Room))?;
    let key = query::first(asked.query, "k");
    let actor = page::actor(app, asked);
    watch::admit(app, track.room, key.as_deref(), actor.as_deref()).await?;
    let viewer = watch::follow(app, track)?;
    let (answer, opening) = upgrade.accept(LIMITS);
    let app = app.clone();
    tokio::spawn(async move {
        if let Some(socket) = opening.open().await {
            Visit { app, track, viewer }.last(socket).await;
        }
    });
    Ok(answer)
}

struct Visit {
    app: Arc<Appliance>,
    track: Track,
    viewer: Viewer,
}

impl Visit {
    async fn last(mut self, mut socket: Socket) {
        let (code, reason) = match self.show(&mut socket).await {
            Ok(()) => (OVER, "the lesson is over"),
            Err(End::Drained) => (GOING_AWAY, "the box goes down"),
            Err(End::Silent | End::Stalled) => (UNREAD, "the client does not read"),
            Err(End::Closed(_) | End::Lost(_) | End::Wrong(_)) => return,
        };
        // The place is somebody else's while we say goodbye.
        drop(self.viewer);
        socket.close(code, reason).await;
    }

    /// `Ok` when nothing more comes.
    async fn show(&mut self, socket: &mut Socket) -> Result<(), End> {
        loop {
            let seen = tokio::select! {
                seen = self.viewer.next() => seen,
                heard = socket.recv() => {
                    // What a client says has no meaning, and costs it nothing.
                    heard?;
                    continue;
                }
            };
            let Some(seen) = seen else { return Ok(()) };
            for seen in seen {
                match seen {
                    Seen::Film(film) => {
                        let told = self.told(&film);
                        socket.feed(text(&told)).await?;
                        socket.feed(Frame::Binary(film.init.clone())).await?;
                    }
                    Seen::Skipped(ms) => socket.feed(text(&Told::Skipped { ms: ms.0 })).await?,
                    Seen::Part(bytes) => socket.feed(Frame::Binary(bytes)).await?,
                }
            }
            socket.flush().await?;
        }
    }

    fn told(&self, film: &Film) -> Told {
        let ahead = std::time::Duration::from_micros(watch::ahead_us(&self.app, self.track));
        Told::Film {
            mime: format!("video/mp4; codecs=\"{}\"", film.codecs),
            width: film.width,
            height: film.height,
            ahead: ahead.as_secs_f64(),
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Told {
    Film { mime: String, width: u32, height: u32, ahead: f64 },
    Skipped { ms: i64 },
}

fn text(told: &Told) -> Frame {
    Frame::Text(serde_json::to_vec(told).expect("numbers and text always become JSON").into())
}

//! `GET /box/v1/channel?group=<groupid>`, a WebSocket: the room channel of a lesson (`groupid` is its number) or of a
//! group of document 003. Who may come in is the domain's answer. Frames are JSON text in both directions.
//!
//! **Coming in.** Within five seconds the client sends `{"token":…,"since":N}`: a token of any dialect, and the last
//! number it has (0, or none: everything). Without a token in it, the `Authorization` header counts, then the session
//! cookie if `Origin` is this very host. Whoever is known that way may write `&since=N` into the address and
//! sends no first frame. `&k=` takes a lesson's key, as in its link.
//!
//! **What comes.** `{"seq","time","from","type","body"}`; `time` in milliseconds since 1970, `from` a handle or "" for
//! the box. Kept messages have the numbers 1, 2, 3, … of their group, without a gap, each once, in order:
//!
//! | type | what | body |
//! |---|---|---|
//! | 1 | text, or whatever the client makes of it | any JSON of the sender, as sent |
//! | -1 | a LeanCloud message (document 000) | a string, as sent |
//! | 2, 3 | a hand went up, down | `{"uid"}`: whose. The end of the lesson (1002) lowers all |
//! | 1001 to 1004 | lesson started, ended, somebody entered, recording ready | as document 001's server posts them |
//!
//! What passes has `seq` 0 and is not kept:
//!
//! | type | what | body |
//! |---|---|---|
//! | 10 | who is there; first of all, and again after a client was slow | `{"online":[…],"hands":[…],"newest":N}` |
//! | 11, 12 | `from` came, left | null |
//! | 200 | what this client said survives a power cut from now on | `{"seq","ref"}`; `seq` 0: the hand was there already |
//! | 400 | what this client said was not taken | `{"error","ref"}` |
//!
//! **What a client says.** `{"type":1,"body":…,"ref":…}`: type 1, -1, 2 (raise the own hand) or 3 (lower it; the host
//! lowers another's with `{"uid"}`); `ref` is any text up to 64 bytes and comes back. A body is at most 4,096 bytes and
//! 32 levels deep; a client says 10 things a second, 20 at once. Administrators and viewers only listen.
//!
//! **The end**, by close code: 1001 the box goes down, 1008 it was asked to slow down and did not, 1009 a frame over 8
//! KiB, 1013 too many listen (250 a group, 8 a person there, 1,000 in all), 4000 no first frame, 4001 log in (again),
//! 4003 not a member, 4004 no such group, 4008 the client does not read, 1011 our fault. After any of them the
//! client comes back with `since` and has missed nothing.

mod visit;
mod words;

use std::sync::Arc;

use hyper::header;
use hyper::{Request, Response};

use crate::domain::Appliance;
use crate::http::url::query;
use crate::http::websocket::{self, Limits};
use crate::http::{Body, Peer, cookie, host};
use crate::model::Clock;
use visit::Visit;

pub const PATH: &str = "/box/v1/channel";

/// A body, a token and what is around them.
pub const LIMITS: Limits = Limits::usual(8 * 1024);

/// 101 and a task that serves the client, or why not.
pub fn answer<B>(
    app: &Arc<Appliance>,
    clock: &Clock,
    mut request: Request<B>,
    peer: Peer,
    limits: Limits,
) -> Response<Body> {
    let upgrade = match websocket::asked(&mut request) {
        Ok(upgrade) => upgrade,
        Err(not) => return not.answer(),
    };
    let text = request.uri().query().unwrap_or("");
    let field = |name| query::first(text, name).map(|value| value.into_owned());
    let visit = Visit {
        app: app.clone(),
        clock: clock.clone(),
        group: field("group").unwrap_or_default(),
        key: field("k"),
        since: field("since").and_then(|since| since.parse().ok()),
        token: known(app, &request, peer),
    };
    let (answer, opening) = upgrade.accept(limits);
    tokio::spawn(async move {
        if let Some(socket) = opening.open().await {
            visit.receive(socket).await;
        }
    });
    answer
}

/// The token that the request itself carries.
fn known<B>(app: &Appliance, request: &Request<B>, peer: Peer) -> Option<String> {
    let headers = request.headers();
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some((_, token)) = text(header::AUTHORIZATION).and_then(|line| line.split_once(' ')) {
        return Some(token.trim().to_owned());
    }
    let host = host::named(headers, request.uri()).unwrap_or_default();
    let public = app.policy.public_url.as_deref();
    // Any page may open a WebSocket, and the browser adds the cookie: only our own pages may use it.
    let is_ours = cookie::is_of_the_box(headers, host, peer.secure, public);
    cookie::session(headers, peer.secure).filter(|_| is_ours).map(str::to_owned)
}

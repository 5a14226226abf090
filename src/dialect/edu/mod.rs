//! Document 001, the education server: `POST …/index.php?svc=…&cmd=…`. Always HTTP 200; the truth is in
//! `errorCode`. Source: 001-edu-server.md and decisions.md, section 001.

pub mod account;
mod auth;
pub mod callback;
pub mod cos;
mod envelope;
pub mod live;
mod shape;
pub mod vod;

use super::{Asked, Dialect, Envelope, Found, Row};
use crate::http::url::query;
use crate::model::{Fault, Thing};

pub static DIALECT: Dialect = Dialect {
    name: "edu",
    title: "001 Education server",
    doc: "POST /index.php?svc=SVC&cmd=CMD with a JSON object; any path that ends in /index.php serves it. \
          Every command but the two callbacks takes `appid` (integer) and `timeStamp` (integer, low 32 bits \
          of the client's milliseconds); commands for users take `token`. Answers are HTTP 200 with \
          `errorCode`, `errorInfo` and, where the command has any, `data`.",
    rows: ROWS,
    shape: shape::SHAPE,
    codes: envelope::CODES,
    cors: true,
    owns: |path| path.ends_with("/index.php"),
    address,
    open: auth::open,
    fault: envelope::fault,
    success: envelope::success,
};

/// Every command is a POST.
macro_rules! row {
    ($($rest:tt)*) => { $crate::row!([Post] $($rest)*) };
}

type Nothing = super::fields::Nothing;

static ROWS: &[Row] = &[
    row!("account/regist", Anybody, Credential, guest account::regist(Regist) -> Nothing,
        "Registers an account."),
    row!("account/login", Anybody, Credential, guest account::login(Login) -> account::LoggedIn,
        "Logs in; answers the token for everything else and a signature for IM."),
    row!("account/logout", Anybody, Write, guest account::logout(Logout) -> Nothing,
        "Ends the session of the token."),
    row!("live/create", User, Write, user live::create(Create) -> live::Created,
        "Makes a course. Teachers only."),
    row!("live/startcourse", User, Write, user live::startcourse(Course) -> Nothing,
        "Starts the course and its recording. Its teacher only, once."),
    row!("live/exitroom", User, Write, user live::exitroom(Course) -> Nothing,
        "Ends the course and its recording; the replay follows within seconds. Its teacher only."),
    row!("live/heartbeat", User, Beat, soon live::heartbeat(Course) -> Nothing,
        "Keeps the caller's seat; sent every 3 s by teacher and pupils."),
    row!("live/roomlist", User, Read, ready live::roomlist(RoomList) -> live::Rooms,
        "Lists courses, newest first."),
    row!("live/reportmemid", User, Write, user live::reportmemid(Report) -> Nothing,
        "The caller enters (operate 0) or leaves (operate 1) a running course."),
    row!("live/roomidlist", User, Read, ready live::roomidlist(Members) -> live::MemberList,
        "Lists who sits in a course now."),
    row!("live/reportbind", User, Write, user live::reportbind(Bind) -> Nothing,
        "Ties a file to a course (operate 0) or unties it (operate 1). Its teacher only."),
    row!("live/querybind", User, Read, user live::querybind(Members) -> live::Bound,
        "Lists the files of a course, for its teacher and whoever is or was in it."),
    row!("cos/get_sign", User, Write, user cos::get_sign(GetSign) -> cos::Signed,
        "Signs a COS v4 upload. The box itself is the store: POST multipart/form-data with op=upload and \
         filecontent to /files/v2/APPID/BUCKET/PATH, the signature in the Authorization header; GET the same \
         address to fetch the file."),
    row!("vod/get_sign", User, Write, user vod::get_sign(GetSign) -> vod::Signed,
        "Signs a call of the VOD server API."),
    row!("vod/cmd_proxy", User, Read, user vod::cmd_proxy(CmdProxy) -> vod::Proxied,
        "Calls the VOD server API: Tencent's with keys and a way out, else the box's own recordings."),
    row!("vod/get_client_sign", User, Write, user vod::get_client_sign(GetClientSign) -> vod::ClientSigned,
        "Signs a client upload to VOD."),
    row!("live/recendcall", Signed, Write, guest callback::recendcall(RecordingEvent) -> Nothing,
        "A recording has ended. Carries `t` and `sign` = md5(callback_key + t). Answers {\"code\":n}.",
        aliases: &["live/callback", "live/reccall"], envelope: Envelope::RecordingCallback),
    row!("live/idxfileendcall", Signed, Write, guest callback::idxfileendcall(IndexEvent) -> Nothing,
        "An index file is ready. Signed like recendcall. Answers {\"ActionStatus\":\"OK\",\"ErrorCode\":n,\"ErrorInfo\":\"…\"}.",
        envelope: Envelope::IndexCallback),
];

fn named(svc: &str, cmd: &str) -> Option<&'static Row> {
    let length = svc.len() + 1 + cmd.len();
    // Its length tells most of them apart.
    let is = |address: &str| {
        address.len() == length
            && address.as_bytes()[svc.len()] == b'/'
            && address.ends_with(cmd)
            && address.starts_with(svc)
    };
    ROWS.iter().find(|row| {
        is(row.address) || (!row.aliases.is_empty() && row.aliases.iter().any(|name| is(name)))
    })
}

/// `svc` and `cmd` of the query name the row.
fn address(asked: &Asked) -> Result<Found, Fault> {
    // As every client writes it: nothing has to be decoded.
    let usual = asked.query().strip_prefix("svc=").and_then(|rest| rest.split_once('&'));
    let usual = usual.and_then(|(svc, rest)| Some((svc, rest.strip_prefix("cmd=")?)));
    if let Some(row) = usual.and_then(|(svc, cmd)| named(svc, cmd)) {
        return Ok(row.into());
    }
    let missing = || Fault::Missing(Thing::Command);
    let (mut svc, mut cmd) = (None, None);
    for (name, value) in query::pairs(asked.query()) {
        match name.as_ref() {
            "svc" => drop(svc.get_or_insert(value)),
            "cmd" => drop(cmd.get_or_insert(value)),
            _ => {}
        }
    }
    let (svc, cmd) = svc.zip(cmd).ok_or_else(missing)?;
    named(&svc, &cmd).map(Found::from).ok_or_else(missing)
}

//! The box's own API, `/box/v1/`: set-up, the box's own log-in and roles, what staff do. It answers bare JSON
//! objects with honest HTTP statuses. Source: issue "Five dialects", decisions.md "One directory".

mod auth;
mod book;
mod cameras;
mod channel;
mod classrooms;
mod envelope;
mod inputs;
mod joining;
mod lessons;
mod licence;
mod people;
mod session;
mod setup;
mod shape;

use super::{Dialect, Envelope, Row, path};
use crate::row;

pub static DIALECT: Dialect = Dialect {
    name: "box",
    title: "The box's own API",
    doc: "JSON objects to and from `/box/v1/…`; a failure is an HTTP status and \
          `{\"error\":{\"code\",\"message\"}}`, with `field` for a wrong field, `retry_s` when it is busy and \
          `request` for the box's own fault. The token that setup and login answer goes into `Authorization: \
          Bearer TOKEN`; a browser may leave that to the session cookie which they set. Tokens of other \
          APIs are none here. There is no CORS: pages of other sites cannot call it. Times are \
          milliseconds since 1970, UTC.",
    rows: ROWS,
    shape: shape::SHAPE,
    codes: envelope::CODES,
    cors: false,
    owns: |path| {
        path.strip_prefix("/box/v1").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    },
    address: |asked| path::find(ROWS, asked),
    open: auth::open,
    fault: envelope::fault,
    success: envelope::success,
};

type Nothing = super::fields::Nothing;

static ROWS: &[Row] = &[
    row!([Get] "box/v1/setup", Anybody, Read, guest setup::state(Nothing) -> setup::State,
        "Tells whether the box has an administrator."),
    row!([Post] "box/v1/setup", Anybody, Credential, whole setup::found(Founding) -> session::LoggedIn,
        "Makes the first administrator and logs in. Takes the one-time code that the box shows on its \
         terminal, and to `arctos-box setup`. Ten wrong tries make another code.",
        success: 201),
    row!([Post] "box/v1/login", Anybody, Credential, whole session::login(Login) -> session::LoggedIn,
        "Logs in whoever has a password; sets the session cookie too."),
    row!([Post] "box/v1/logout", Staff(Person), Write, whole session::logout(Nothing) -> Nothing,
        "Ends the session of the token and takes the cookie away."),
    row!([Get] "box/v1/me", Staff(Person), Read, ready session::me(Nothing) -> people::Shown,
        "Who is logged in."),
    row!([Post] "box/v1/password", Staff(Person), Credential, whole session::password(NewPassword) -> session::LoggedIn,
        "Changes one's own password. Every token of the person ends; a new one is answered."),
    row!([Get] "box/v1/users", Staff(Technician), Read, user people::list(Wanted) -> people::Page,
        "Lists people of all dialects in order of registration."),
    row!([Post] "box/v1/users", Staff(Technician), Credential, user people::add(Newcomer) -> people::Shown,
        "Adds a person, known to all dialects. Only an administrator adds administrators and technicians.",
        success: 201),
    row!([Get] "box/v1/users/{id}", Staff(Technician), Read, user people::one(Which) -> people::Shown,
        "One person."),
    row!([Post] "box/v1/users/{id}", Staff(Technician), Credential, user people::change(Changes) -> people::Shown,
        "Changes name, role, password or standing; what is absent stays. A new password ends every token of \
         the person, and so does a step into or out of the roles administrator and technician, which \
         administrators alone decide on and which comes with a new password. The last administrator \
         stays one."),
    row!([Get] "box/v1/lessons", Staff(Teacher), Read, user lessons::list(Wanted) -> lessons::Page,
        "Lists lessons of all teachers, newest first."),
    row!([Get] "box/v1/lessons/{id}", Staff(Teacher), Read, user lessons::one(Which) -> lessons::Lesson,
        "One lesson with its log."),
    row!([Post] "box/v1/lessons/{id}/end", Staff(Technician), Write, user lessons::end(Which) -> Nothing,
        "Ends a running lesson; its recording is closed and its replay follows."),
    row!([Post] "box/v1/lessons/{id}/export", Staff(Teacher), Write, user lessons::export(Mark) -> Nothing,
        "Marks a recording for export: from then on it is never deleted, until it was exported or nobody wants it any \
         more. For technicians, administrators and the lesson's teacher."),
    row!([Get] "box/v1/lessons/{id}/applications", Staff(Teacher), Read, user joining::list(Which) -> joining::Waiting,
        "Who asks, or asked, to join the lesson in picture and sound. Its teacher only."),
    row!([Post] "box/v1/lessons/{id}/applications/{user}", Staff(Teacher), Write, user joining::answer(Answer) -> joining::Answered,
        "Answers somebody who asks to join, within a minute. The lesson's teacher only."),
    row!([Get] "box/v1/licence", Staff(Technician), Read, user licence::standing(Nothing) -> licence::Standing,
        "How the box stands with its licence."),
    row!([Post] "box/v1/licence", Staff(Technician), Write, user licence::install(Paper) -> licence::Installed,
        "Installs a licence. It counts at once; lessons that run go on. One that is no good here is refused \
         and the old one stays."),
    row!([Get] "box/v1/licence/request", Staff(Technician), Read, user licence::request(Nothing) -> licence::Asked,
        "The licence request to send to the vendor. It tells hashes of the hardware's marks only."),
    row!([Get] "box/v1/licence/explain", Staff(Technician), Read, user licence::explain(Nothing) -> licence::Words,
        "Every fact about the licence, its weight, the decision, and when it changes next."),
    row!([Post] "box/v1/licence/inspect", Staff(Technician), Read, user licence::inspect(Paper) -> licence::Words,
        "What a licence says, and what this box would make of it."),
    row!([Get] "box/v1/channel", Anybody, Read, whole channel::channel(Joining) -> Nothing,
        "The room channel of a lesson or group, a WebSocket. The first frame is `{\"token\":…,\"since\":N}` with a \
         token of any dialect; a page of the box with the session cookie, or a client with the \
         Authorization header, may leave it out. Then come frames \
         `{\"seq\",\"time\",\"from\",\"type\",\"body\"}`, those after `since` first. A client says \
         `{\"type\":1,\"body\":…,\"ref\":…}`; types 2 and 3 raise and lower the hand.", success: 101),
    row!([Get] "box/v1/cameras", Staff(Teacher), Read, user cameras::list(Nothing) -> cameras::Page,
        "Lists the PTZ cameras, and how each stands."),
    row!([Get] "box/v1/cameras/{id}", Staff(Teacher), Read, user cameras::one(Which) -> cameras::Camera,
        "One camera, which is asked where it looks."),
    row!([Post] "box/v1/cameras/{id}", Staff(Teacher), Write, user cameras::bid(Errand) -> Nothing,
        "Switches a camera, or turns it to a place where it stops by itself. It is answered when the camera has \
         begun. Technicians and administrators may steer every camera; a teacher the cameras of the classroom in which \
         his lesson runs, for as long as it runs, without storing presets."),
    row!([Post] "box/v1/cameras/{id}/move", Staff(Teacher), Write, user cameras::drive(Motion) -> Nothing,
        "Moves a camera in per cent of its fastest, until it is stopped or was not asked to for two seconds: whoever \
         holds a button down asks each half second. 0 stops that axis; what is absent goes on as it does."),
    row!([Post] "box/v1/cameras/{id}/stop", Staff(Teacher), Write, user cameras::stop(Which) -> Nothing,
        "Stops a camera, before all that waits for it. Answered when the camera has said that it stands."),
    row!([Get] "box/v1/inputs", Staff(Teacher), Read, user inputs::list(Nothing) -> inputs::Page,
        "Lists the capture inputs of the board."),
    row!([Get] "box/v1/inputs/{input}/preview.jpg", Staff(Teacher), Read, whole inputs::preview(Named) -> Nothing,
        "What an input sees now: a JPEG of at most 640 columns, at most some seconds old. Of a lesson that is recorded from it, the \
         newest key frame; else it is opened, and stays open until nobody has asked for ten seconds. Whoever is told to come \
         again (429) asks again. Technicians and administrators may look at any input; a teacher at that of the classroom \
         in which his lesson runs, for as long as it runs, and while no lesson runs there at that of his own room.",
        envelope: Envelope::Picture),
    row!([Get] "box/v1/inputs/{input}/level", Staff(Teacher), Read, user inputs::level(Named) -> inputs::Level,
        "How loud it is at an input now, measured ten times a second, for those who may look at it."),
    row!([Get] "box/v1/classrooms", Staff(Teacher), Read, user classrooms::list(Nothing) -> classrooms::Page,
        "Lists the classrooms: which lesson runs there, and whether a camera or microphone is open."),
    row!([Post] "box/v1/classrooms/{id}", Staff(Teacher), Write, user classrooms::switch(Switch) -> Nothing,
        "Switches camera and microphone of a classroom off or on. Off, nothing opens them, whoever teaches there and also \
         after a restart, until somebody switches them on again; a lesson that is being recorded goes on with a slate. For technicians, \
         administrators, and the teacher whose lesson runs there."),
    row!([Get] "box/v1/secrets", Staff(Administrator), Write, user book::secrets(Nothing) -> book::Secrets,
        "The server-to-server secrets of this box, as `arctos-box secrets` shows them. It is noted in the audit."),
    row!([Get] "box/v1/audit", Staff(Administrator), Read, user book::audit(Wanted) -> book::Page,
        "Who did what, newest first: log-ins and tokens, refused ones, users, licence, lessons, secrets."),
];

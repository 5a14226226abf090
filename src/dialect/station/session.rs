//! login, logout, me, password.

use hyper::StatusCode;
use hyper::header;

use super::people::Shown;
use super::{auth, people};
pub(super) use crate::dialect::fields::Nothing;
use crate::dialect::fields::{Int, Text};
use crate::dialect::{Base, Input, Json, Made, Sealed, Whole, Work};
use crate::domain::recall::Written;
use crate::domain::{licence, people as directory, session, staff};
use crate::http::cookie;
use crate::model::user::{Face, Role, User};
use crate::model::{Fault, Handle, Millis, Moment, Refusal};
use crate::{input, output};

/// The client's clock, from 1970 to the year 9999.
pub type ClientTime = Int<0, 253_402_300_799_999>;

input! {
    /// Who wants in.
    pub struct Login {
        /// Handle: how the person is called in every dialect.
        pub handle: Text<1, 64>,
        /// Password.
        pub password: Text<1, 256>,
        /// The client's clock, to be held against the box's.
        pub client_time_ms: Option<ClientTime>,
    }
}

output! {
    /// A session.
    pub struct LoggedIn {
        /// Goes into `Authorization: Bearer TOKEN`; good for seven days.
        pub token: String,
        /// Who is logged in.
        pub user: Shown,
        /// The box's clock.
        pub time_ms: i64,
        /// By how much the client's clock is ahead of the box's, when it was told. The box's clock is set by
        /// whoever has a shell on it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub clock_off_ms: Option<i64>,
    }
}

pub async fn login(whole: Whole<Login>) -> Result<Sealed, Fault> {
    let Whole { app, caller, value, .. } = whole;
    // Nobody is called so; it is said in the same words as of anybody.
    let handle = Handle::new(&value.handle.0).ok_or(Fault::Unauthenticated(Refusal::Password))?;
    let entered = staff::login(&app, handle, &value.password.0, caller.addr, caller.now).await?;
    if let (Some(Int(theirs)), Role::Administrator) = (&value.client_time_ms, entered.0.role) {
        licence::compare_clocks(&app, Millis(*theirs), caller.now);
    }
    logged_in(StatusCode::OK, entered, &caller.base, value.client_time_ms, caller.now)
}

/// The answer to whoever has just come in: token and cookie.
pub fn logged_in(
    status: StatusCode,
    (user, token): (User, String),
    base: &Base,
    client_time: Option<ClientTime>,
    now: Moment,
) -> Result<Sealed, Fault> {
    let ahead = client_time.map(|Int(ms)| (Millis(ms) - now.wall).0);
    let cookie = cookie::set_session(Some(&token), base.secure);
    let body = LoggedIn {
        token,
        user: people::shown(user, None),
        time_ms: now.wall.0,
        clock_off_ms: ahead,
    };
    let body = serde_json::to_vec(&body).map_err(|e| Fault::internal("encoding an answer", e))?;
    Ok(Sealed { headers: vec![(header::SET_COOKIE, cookie)], ..Sealed::json(status, body) })
}

pub async fn logout(whole: Whole<Nothing>) -> Result<Sealed, Fault> {
    let Whole { app, caller, headers, .. } = whole;
    let (token, _) = auth::token(&headers, caller.base.secure)?;
    session::close(&app, token).await?;
    let gone = (header::SET_COOKIE, cookie::set_session(None, caller.base.secure));
    Ok(Sealed { headers: vec![gone], ..Sealed::json(StatusCode::OK, b"{}".to_vec()) })
}

pub fn me(input: Input<Nothing>) -> Work<'static> {
    let Input { app, actor, .. } = input;
    let shown = |face: &Written<Face>| {
        let mut json = Json::with_room_for(256);
        json.push(face.text(people::written));
        Ok(Made::Json(json))
    };
    match directory::face(&app, actor.id) {
        Ok(face) => Work::Done(shown(&face)),
        Err(before) => Work::Wait(Box::pin(async move {
            let face = directory::look(&app, actor.id, before).await?;
            shown(&face)
        })),
    }
}

input! {
    /// One's own new password.
    pub struct NewPassword {
        /// The password until now.
        pub password: Text<1, 256>,
        /// The password from now on.
        pub new_password: Text<8, 256>,
    }
}

pub async fn password(whole: Whole<NewPassword>) -> Result<Sealed, Fault> {
    let Whole { app, actor, caller, value, .. } = whole;
    let actor = actor.ok_or(Fault::Unauthenticated(Refusal::Absent))?;
    let pair = (value.password.0.as_str(), value.new_password.0.as_str());
    let token = staff::change_password(&app, &actor, pair, caller.addr, caller.now).await?;
    let user = directory::one(&app, actor.id).await?;
    logged_in(StatusCode::OK, (user, token), &caller.base, None, caller.now)
}

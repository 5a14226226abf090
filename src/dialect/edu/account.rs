//! regist, login, logout.

use crate::dialect::Guest;
use crate::dialect::fields::{Int, Nothing, Text};
use crate::domain::policy::UserSig;
use crate::domain::{Appliance, session, user};
use crate::model::user::Role;
use crate::model::{Fault, Handle, Moment, Refusal};
use crate::wire::usersig::{self, Ticket};
use crate::{input, output};

/// How long a `userSig` is good: 180 days, as the SDKs of the time had it.
const USERSIG_S: i64 = 180 * 24 * 3600;

input! {
    /// A new account.
    pub struct Regist {
        /// User id: 1 to 64 characters, found without regard to case.
        pub id: Text<1, 64>,
        /// Password, an opaque string (the document's "base64" is how it was stored).
        pub pwd: Text<1, 256>,
        /// 1 teacher, 0 pupil.
        pub role: Int<0, 1>,
    }
}

pub async fn regist(guest: Guest<Regist>) -> Result<Nothing, Fault> {
    let Guest { app, caller, value } = guest;
    let who = user::Registrant {
        handle: handle(&value.id.0)?,
        password: value.pwd.0.into(),
        role: if value.role.0 == 1 { Role::Teacher } else { Role::Pupil },
        appid: caller.appid,
        from: caller.addr,
    };
    user::regist(&app, who, caller.now).await?;
    Ok(Nothing)
}

input! {
    /// Who wants in.
    pub struct Login {
        /// User id.
        pub id: Text<1, 64>,
        /// Password.
        pub pwd: Text<1, 256>,
    }
}

output! {
    /// A session.
    pub struct LoggedIn {
        /// Signature for IM: TLSSigAPI v2, or the old form when an EC key is configured.
        pub userSig: String,
        /// Carried by every later request; at most 50 characters, good for seven days.
        pub token: String,
        /// 1 teacher, 0 pupil.
        pub role: i64,
    }
}

pub async fn login(guest: Guest<Login>) -> Result<LoggedIn, Fault> {
    let Guest { app, caller, value } = guest;
    let who = user::Caller {
        handle: handle(&value.id.0)?,
        password: value.pwd.0.into(),
        appid: caller.appid,
        from: caller.addr,
    };
    let (user, token) = user::login(&app, who, caller.now).await?;
    let user_sig = user_sig(&app, caller.appid, user.handle.as_str(), caller.now)?;
    Ok(LoggedIn { userSig: user_sig, token, role: i64::from(user.role == Role::Teacher) })
}

input! {
    /// Which session ends.
    pub struct Logout {
        /// The token that login answered.
        pub token: Text<1, 1024>,
    }
}

pub async fn logout(guest: Guest<Logout>) -> Result<Nothing, Fault> {
    let Guest { app, caller, value } = guest;
    // A token of the box's own dialect is no token here, and one that has expired is none any more.
    let actor = app.sessions.actor(&value.token.0, caller.now);
    if !actor.is_ok_and(|a| !a.role.is_of_the_box()) {
        return Err(Fault::Unauthenticated(Refusal::LoggedOut));
    }
    session::close(&app, &value.token.0).await?;
    Ok(Nothing)
}

fn handle(id: &str) -> Result<Handle, Fault> {
    Handle::new(id).ok_or_else(|| {
        Fault::invalid("id", "must have 1 to 64 characters, none of them a control character")
    })
}

fn user_sig(app: &Appliance, appid: i64, identifier: &str, now: Moment) -> Result<String, Fault> {
    let ticket = Ticket {
        sdk_appid: appid.unsigned_abs(),
        identifier,
        now_s: now.wall.as_seconds(),
        expire_s: USERSIG_S,
    };
    match &app.policy.usersig {
        UserSig::Own => Ok(usersig::sign_v2(&app.secrets.usersig_key, &ticket, None)),
        UserSig::V2(key) => Ok(usersig::sign_v2(key, &ticket, None)),
        UserSig::Old(key) => {
            let random = ring::rand::SystemRandom::new();
            usersig::sign_old(key, &ticket, &random)
                .map_err(|e| Fault::internal("signing userSig", format!("{e:?}")))
        }
    }
}

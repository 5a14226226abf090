//! `checkAuthToken`: what a token claims, and whether the licence holds at this moment.

use hyper::StatusCode;

use super::envelope;
use crate::dialect::fields::Fields;
use crate::dialect::{Call, Json, Made, Sealed, Work, credentials};
use crate::domain::licence;
use crate::model::licence::Verdict;
use crate::model::{Fault, Refusal};
use crate::output;
use crate::wire::jwt;

pub type Nothing = crate::dialect::fields::Nothing;

output! {
    /// Of the token, and of the licence.
    pub struct Checked {
        /// arctos-webapp, arctos-switch or arctos-client.
        pub client_id: String,
        /// The user's number in the box.
        pub user_id: i64,
        /// MODERATOR, PUBLISHER, ADMIN, SWITCH or CLIENT.
        pub role: String,
        /// Lessons that the licence allows at once.
        pub license_room: i64,
        /// The licence file's name.
        pub license_path: String,
    }
}

/// In memory all of it, so that a good token costs what a forged one does.
pub fn check(call: Call<'_>) -> Work<'static> {
    Work::Done(checked(&call).map(|sealed| Made::Whole(Box::new(sealed))))
}

fn checked(call: &Call<'_>) -> Result<Sealed, Fault> {
    let bearer = credentials::scheme_token(&call.asked.headers, &["Bearer"])?;
    // The session knows this very token as one of this dialect: it was signed here, and its claims are JSON of ours.
    let invalid = || Fault::Unauthenticated(Refusal::Invalid);
    let claims = jwt::claims(bearer).map_err(|_| invalid())?;
    let claims = Fields::parse(&claims).map_err(|_| invalid())?;
    let standing = licence::standing_lately(call.app, call.caller.now);
    let (status, message) = match standing.decision.verdict {
        Verdict::Refused(why) => return Err(Fault::Licence(why)),
        Verdict::Allowed => (1, ""),
        Verdict::Grace | Verdict::ClockDoubtful(_) => (2, standing.sentence.as_str()),
    };
    let told = |name| claims.get(name).ok_or_else(invalid);
    let (client, user, role) = (told("client_id")?, told("user_id")?, told("role")?);
    let mut info = Json::with_room_for(256);
    // As `Checked` would be written.
    for part in [r#"{"client_id":"#, client, r#","user_id":"#, user, r#","role":"#, role] {
        info.push(part.as_bytes());
    }
    info.push(br#","license_room":"#);
    info.number(standing.rooms);
    info.push(br#","license_path":"#);
    info.quoted(&standing.path_name);
    info.push(b"}");
    Ok(Sealed::json(StatusCode::OK, envelope::done(status, message, info)))
}

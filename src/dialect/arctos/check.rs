//! `checkAuthToken`: what a token claims, and whether the licence holds at this moment.

use hyper::StatusCode;

use super::{envelope, token};
use crate::dialect::{Call, Made, Sealed, Work, credentials};
use crate::domain::licence;
use crate::model::licence::Verdict;
use crate::model::{Fault, Refusal};
use crate::output;

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
    // The session knows this very token as one of this dialect: it was signed here.
    let claims = token::claims(bearer).ok_or(Fault::Unauthenticated(Refusal::Invalid))?;
    let standing = licence::standing_lately(call.app, call.caller.now);
    let (status, message) = match standing.decision.verdict {
        Verdict::Refused(why) => return Err(Fault::Licence(why)),
        Verdict::Allowed => (1, ""),
        Verdict::Grace | Verdict::ClockDoubtful(_) => (2, standing.sentence.as_str()),
    };
    let checked = Checked {
        client_id: claims.client_id,
        user_id: claims.user_id,
        role: claims.role,
        license_room: i64::from(standing.rooms),
        license_path: standing.path_name.clone(),
    };
    Ok(Sealed::json(StatusCode::OK, envelope::done(status, message, &checked)))
}

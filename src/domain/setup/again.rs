//! Another password for an administrator who has lost theirs, by whoever has a shell on the box.

use rusqlite::Connection;

use super::spelled;
use crate::domain::guess::Account;
use crate::domain::{Appliance, audit};
use crate::model::audit::{Entry, Event};
use crate::model::user::{PeopleFilter, Role, User};
use crate::model::{Fault, Handle, Moment, Secret, UserId};
use crate::store::{people, tokens, users};

/// Characters of the password: 80 bits.
const LENGTH: usize = 16;
/// Administrators whom a refusal names.
const NAMED_MAX: i64 = 20;

/// Gives an administrator a random password, `XXXX-XXXX-XXXX-XXXX`. Every token of theirs ends, and wrong tries
/// from before do not hold them up.
///
/// # Errors
/// `Invalid("handle")` when it is not an administrator's, or of one who is disabled.
pub async fn again(app: &Appliance, handle: Handle, now: Moment) -> Result<Secret, Fault> {
    let password = Secret::from(spelled(&app.entropy.bytes::<LENGTH>()));
    let hash = app.hasher.hash(&password, &app.entropy).await?;
    app.db.ready().await?;
    let _alone = app.sessions.change().await;
    let renewed = app.db.write(move |conn| {
        let user = administrator(conn, &handle)?;
        users::set_password(conn, user.id, Some(&hash))?;
        tokens::delete_all_of(conn, user.id)?;
        let entry = Entry::of(Event::UserChanged, user.handle.as_str()).with("password");
        audit::note(conn, Entry { address: "shell".into(), ..entry }, now.wall)?;
        Ok(user)
    });
    let user = renewed.await?;
    app.sessions.drop_all_of(user.id);
    app.guesses.forget(&Account::Box(user.handle.key().to_owned()));
    tracing::info!(user = %user.id, "an administrator has another password, by a shell");
    Ok(password)
}

fn administrator(conn: &Connection, handle: &Handle) -> Result<User, Fault> {
    let found = users::by_handle(conn, handle)?;
    if let Some(user) = found.filter(|u| u.role == Role::Administrator && !u.disabled) {
        return Ok(user);
    }
    let filter = PeopleFilter {
        role: Some(Role::Administrator),
        disabled: Some(false),
        ..PeopleFilter::default()
    };
    let (_, those) = people::list(conn, &filter, UserId(0), NAMED_MAX)?;
    let mut names: Vec<&str> = those.iter().map(|person| person.user.handle.as_str()).collect();
    if names.is_empty() {
        names.push("there is none yet");
    }
    let names = names.join(", ");
    Err(Fault::invalid("handle", format!("must be an enabled administrator's: {names}")))
}

//! People as staff look after them: listed, added, given another role, name or password, closed.

mod rules;

use std::net::IpAddr;
use std::sync::Arc;

use super::recall::{Before, Written};
use super::{Appliance, audit, user};
use crate::model::audit::{Entry, Event};
use crate::model::user::{Actor, Face, Origin, PeopleFilter, Person, Role, User};
use crate::model::{Fault, Handle, Moment, Secret, Thing, UserId};
use crate::store::{people, tokens, users};
use rules::{changed, permit, told};

/// One page in order of registration, and how many there are in all.
pub async fn list(
    app: &Appliance,
    filter: PeopleFilter,
    after: UserId,
    size: i64,
) -> Result<(i64, Vec<Person>), Fault> {
    app.db.read(move |conn| Ok(people::list(conn, &filter, after, size)?)).await
}

/// # Errors
/// `Missing(User)`.
pub async fn one(app: &Appliance, id: UserId) -> Result<User, Fault> {
    let found = app.db.read(move |conn| Ok(users::by_id(conn, id)?)).await?;
    found.ok_or(Fault::Missing(Thing::User))
}

/// A person as memory shows it; else `look` asks the store.
pub fn face(app: &Appliance, id: UserId) -> Result<Arc<Written<Face>>, Before> {
    app.recall.faces.get(&id)
}

/// The same from the store, for whom memory shows it from now on.
///
/// # Errors
/// `Missing(User)`.
pub async fn look(
    app: &Appliance,
    id: UserId,
    before: Before,
) -> Result<Arc<Written<Face>>, Fault> {
    let face = Arc::new(Written::new(Face::from(one(app, id).await?)));
    app.recall.faces.keep(id, face.clone(), before);
    Ok(face)
}

/// Somebody new, as staff write them down.
pub struct Newcomer {
    pub handle: Handle,
    pub name: String,
    pub role: Role,
    /// Without one nobody can log in yet.
    pub password: Option<Secret>,
}

/// Adds an account of the box, known to all dialects.
///
/// # Errors
/// `Denied` for a box role by anybody but an administrator, `Conflict(HandleTaken)`, `Invalid("handle")` for
/// a channel's name space.
pub async fn add(
    app: &Appliance,
    by: &Actor,
    who: Newcomer,
    from: IpAddr,
    now: Moment,
) -> Result<User, Fault> {
    if user::is_of_a_channel(app, &who.handle) {
        return Err(Fault::invalid("handle", "begins with the name of a channel"));
    }
    let password = hashed(app, who.password.as_deref()).await?;
    let mut made =
        User { name: who.name, password, ..User::fresh(who.handle, Origin::Box, who.role) };
    let entry = audit::by(by, from, Event::UserCreated, made.handle.as_str());
    let (row, by, entry) = (made.clone(), by.id, entry.with(made.role.word()));
    let added = app.db.write(move |conn| {
        permit(conn, by, &[row.role])?;
        audit::note(conn, entry, now.wall)?;
        users::insert(conn, &row, now.wall)
    });
    made.id = added.await?;
    Ok(made)
}

/// What is to change; an absent part stays.
#[derive(Default)]
pub struct Change {
    pub name: Option<String>,
    pub role: Option<Role>,
    pub password: Option<Secret>,
    pub disabled: Option<bool>,
}

/// Changes a person. Another password, and a step into or out of the box's own roles, ends every token.
///
/// # Errors
/// `Missing(User)`, `Denied` where only an administrator may, `Conflict(LastAdministrator)`, `Invalid("password")`
/// for a box role that comes without a new password: the old one was chosen by whoever registered first.
pub async fn change(
    app: &Appliance,
    by: &Actor,
    id: UserId,
    change: Change,
    from: IpAddr,
    now: Moment,
) -> Result<User, Fault> {
    let password = hashed(app, change.password.as_deref()).await?;
    let (by, entry) = (by.id, audit::by(by, from, Event::UserChanged, ""));
    app.db.ready().await?;
    let _alone = app.sessions.change().await;
    let (user, ends) = app
        .db
        .write(move |conn| {
            let old = users::by_id(conn, id)?.ok_or(Fault::Missing(Thing::User))?;
            let told = told(&old, &change);
            let new = changed(conn, by, &old, change, password)?;
            users::set_standing(conn, &new)?;
            let crossed = old.role.is_of_the_box() != new.role.is_of_the_box();
            // A channel's pupil may have come more cheaply than a teacher should (000's old rule).
            let pupil_of_a_channel = old.origin == Origin::Channel && old.role == Role::Pupil;
            let raised = pupil_of_a_channel && new.role == Role::Teacher;
            let ends = crossed || raised || old.password != new.password;
            if ends {
                tokens::delete_all_of(conn, id)?;
            }
            let entry = Entry { subject: new.handle.as_str().to_owned(), ..entry };
            audit::note(conn, entry.with(told), now.wall)?;
            Ok((new, ends))
        })
        .await?;
    if ends {
        app.sessions.drop_all_of(id);
    } else {
        app.sessions.changed(&user);
    }
    Ok(user)
}

async fn hashed(app: &Appliance, password: Option<&str>) -> Result<Option<String>, Fault> {
    match password {
        Some(password) => app.hasher.hash(password, &app.entropy).await.map(Some),
        None => Ok(None),
    }
}

//! Who may do what to whom among people, on what the store says inside the write.

use rusqlite::Connection;

use super::Change;
use crate::model::user::{Role, User};
use crate::model::{Conflict, Fault, UserId};
use crate::store::users;

/// The person after the change, if it may be.
pub fn changed(
    conn: &Connection,
    by: UserId,
    old: &User,
    change: Change,
    password: Option<String>,
) -> Result<User, Fault> {
    let role = change.role.unwrap_or(old.role);
    permit(conn, by, &[old.role, role])?;
    if role.is_of_the_box() && !old.role.is_of_the_box() && password.is_none() {
        return Err(Fault::invalid(
            "password",
            "is needed: a role of the box comes with a new one",
        ));
    }
    let new = User {
        name: change.name.unwrap_or_else(|| old.name.clone()),
        role,
        password: password.or_else(|| old.password.clone()),
        disabled: change.disabled.unwrap_or(old.disabled),
        ..old.clone()
    };
    let administers = |user: &User| user.role == Role::Administrator && !user.disabled;
    if administers(old) && !administers(&new) && users::other_administrators(conn, old.id)? == 0 {
        return Err(Fault::Conflict(Conflict::LastAdministrator));
    }
    Ok(new)
}

/// Technicians look after teachers, pupils and viewers; only administrators after the box's own people.
pub fn permit(conn: &Connection, by: UserId, roles: &[Role]) -> Result<(), Fault> {
    let by = users::by_id(conn, by)?.filter(|by| !by.disabled);
    match by.map(|by| by.role) {
        Some(Role::Administrator) => Ok(()),
        Some(Role::Technician) if !roles.iter().any(|role| role.is_of_the_box()) => Ok(()),
        Some(Role::Technician) => {
            Err(Fault::denied("only an administrator looks after administrators and technicians"))
        }
        Some(Role::Teacher | Role::Pupil | Role::Viewer) | None => {
            Err(Fault::denied("this is for administrators and technicians"))
        }
    }
}

/// What changes, for the audit.
pub fn told(old: &User, change: &Change) -> String {
    let mut parts = Vec::new();
    if let Some(role) = change.role.filter(|role| *role != old.role) {
        parts.push(format!("{} becomes {}", old.role.word(), role.word()));
    }
    if change.name.as_ref().is_some_and(|name| *name != old.name) {
        parts.push("name".into());
    }
    if change.password.is_some() {
        parts.push("password".into());
    }
    match change.disabled.filter(|disabled| *disabled != old.disabled) {
        Some(true) => parts.push("disabled".into()),
        Some(false) => parts.push("enabled".into()),
        None => {}
    }
    parts.join(", ")
}

//! users: people of all dialects, as staff look after them.

use super::setup::handle;
use crate::dialect::Input;
use crate::dialect::fields::{Digits, Flag, Text};
use crate::domain::people;
use crate::model::user::{Face, Origin, PeopleFilter, Role, User};
use crate::model::{Fault, Handle, Millis, UserId};
use crate::{input, output};

output! {
    /// A person.
    pub struct Shown {
        /// Number, the same in every dialect.
        pub id: i64,
        /// How the person is called in every dialect.
        pub handle: String,
        /// Shown to people; empty shows the handle.
        pub name: String,
        /// administrator, technician, teacher, pupil or viewer.
        pub role: String,
        /// The dialect by which the person came: edu, channel, openim, groups, arctos or box.
        pub dialect: String,
        /// May not come in any more.
        pub disabled: bool,
        /// Can log in by password.
        pub password: bool,
        /// Since when; in lists.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub created_ms: Option<i64>,
    }
}

pub fn shown(user: User, created_at: Option<Millis>) -> Shown {
    Shown { created_ms: created_at.map(|at| at.0), ..known(&user.into()) }
}

/// The person as memory shows it.
pub fn known(face: &Face) -> Shown {
    Shown {
        id: face.id.0,
        handle: face.handle.as_str().to_owned(),
        name: face.name.clone(),
        role: face.role.word().to_owned(),
        dialect: face.origin.word().to_owned(),
        disabled: face.disabled,
        password: face.password,
        created_ms: None,
    }
}

/// The same as JSON.
pub fn written(face: &Face) -> Vec<u8> {
    serde_json::to_vec(&known(face)).expect("text and numbers become JSON")
}

input! {
    /// Which people; all conditions hold.
    pub struct Wanted {
        /// Part of a handle, in any spelling, or of a name.
        pub text: Option<Text<1, 64>>,
        /// administrator, technician, teacher, pupil or viewer.
        pub role: Option<Text<1, 32>>,
        /// edu, channel, openim, groups, arctos or box.
        pub dialect: Option<Text<1, 32>>,
        /// Only those who may not come in any more, or only the others.
        pub disabled: Option<Flag>,
        /// People registered after this one: `next` of the page before.
        pub after: Option<Digits<0, { i64::MAX }>>,
        /// At most so many; 50 when absent.
        pub size: Option<Digits<1, 200>>,
    }
}

output! {
    /// A page of people.
    pub struct Page {
        /// How many match in all.
        pub total: i64,
        /// In order of registration.
        pub users: Vec<Shown>,
        /// `after` of the next page; absent on the last.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub next: Option<i64>,
    }
}

pub async fn list(input: Input<Wanted>) -> Result<Page, Fault> {
    let Input { app, value, .. } = input;
    let filter = PeopleFilter {
        role: value.role.map(|Text(word)| role(&word)).transpose()?,
        origin: value.dialect.map(|Text(word)| origin(&word)).transpose()?,
        disabled: value.disabled.map(|Flag(disabled)| disabled),
        text: value.text.map(|Text(text)| part(&text)).transpose()?,
    };
    let (after, size) = (value.after.map_or(0, |d| d.0), value.size.map_or(50, |d| d.0));
    let (total, mut found) = people::list(&app, filter, UserId(after), size + 1).await?;
    let more = i64::try_from(found.len()).is_ok_and(|n| n > size);
    found.truncate(usize::try_from(size).unwrap_or(0));
    let next = found.last().filter(|_| more).map(|person| person.user.id.0);
    let users = found.into_iter().map(|p| shown(p.user, Some(p.created_at))).collect();
    Ok(Page { total, users, next })
}

input! {
    /// Whom.
    pub struct Which {
        /// The person's number.
        pub id: Digits<1, { i64::MAX }>,
    }
}

pub async fn one(input: Input<Which>) -> Result<Shown, Fault> {
    let Input { app, value, .. } = input;
    Ok(shown(people::one(&app, UserId(value.id.0)).await?, None))
}

input! {
    /// A new person.
    pub struct Newcomer {
        /// 1 to 64 characters, not taken yet.
        pub handle: Text<1, 64>,
        /// Shown to people instead of the handle.
        pub name: Option<Text<0, 64>>,
        /// administrator, technician, teacher, pupil or viewer.
        pub role: Text<1, 32>,
        /// Without one nobody can log in by password yet.
        pub password: Option<Text<8, 256>>,
    }
}

pub async fn add(input: Input<Newcomer>) -> Result<Shown, Fault> {
    let Input { app, actor, caller, value } = input;
    let who = people::Newcomer {
        handle: handle(&value.handle.0)?,
        name: value.name.map_or_else(String::new, |Text(name)| name),
        role: role(&value.role.0)?,
        password: value.password.map(|Text(password)| password.into()),
    };
    Ok(shown(people::add(&app, &actor, who, caller.addr, caller.now).await?, None))
}

input! {
    /// What is to change; what is absent stays.
    pub struct Changes {
        /// The person's number.
        pub id: Digits<1, { i64::MAX }>,
        /// Shown to people; empty shows the handle.
        pub name: Option<Text<0, 64>>,
        /// administrator, technician, teacher, pupil or viewer.
        pub role: Option<Text<1, 32>>,
        /// A new password; also for an account that came by a dialect without passwords.
        pub password: Option<Text<8, 256>>,
        /// true: may not come in any more.
        pub disabled: Option<Flag>,
    }
}

pub async fn change(input: Input<Changes>) -> Result<Shown, Fault> {
    let Input { app, actor, caller, value } = input;
    let change = people::Change {
        name: value.name.map(|Text(name)| name),
        role: value.role.map(|Text(word)| role(&word)).transpose()?,
        password: value.password.map(|Text(password)| password.into()),
        disabled: value.disabled.map(|Flag(disabled)| disabled),
    };
    let id = UserId(value.id.0);
    Ok(shown(people::change(&app, &actor, id, change, caller.addr, caller.now).await?, None))
}

fn role(word: &str) -> Result<Role, Fault> {
    let why = "must be administrator, technician, teacher, pupil or viewer";
    Role::from_word(word).ok_or_else(|| Fault::invalid("role", why))
}

fn origin(word: &str) -> Result<Origin, Fault> {
    let why = "must be edu, channel, openim, groups, arctos or box";
    Origin::from_word(word).ok_or_else(|| Fault::invalid("dialect", why))
}

fn part(text: &str) -> Result<Handle, Fault> {
    Handle::new(text).ok_or_else(|| Fault::invalid("text", "must have no control character"))
}

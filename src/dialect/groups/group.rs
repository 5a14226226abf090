//! Groups: made, listed, looked at, closed.

use hyper::StatusCode;

use super::members::Done;
use super::paging::{Asked, Number};
use crate::dialect::fields::{Digits, Text, Upload};
use crate::dialect::{Caller, Input, Sealed, Whole, Work, serve};
use crate::domain::file::picture;
use crate::domain::{Appliance, group};
use crate::model::group::GroupId;
use crate::model::{Fault, group as model};
use crate::{input, output};

input! {
    /// Body of a new group: JSON or a form.
    pub struct Plan {
        /// Of the group.
        pub name: Text<1, 100>,
        /// Opens it face to face; empty or absent opens it for nobody.
        pub code: Option<Text<0, 32>>,
        /// A picture: PNG, JPEG, GIF, WebP and the like.
        pub cover: Option<Upload<{ picture::BYTES_MAX }>>,
    }
}

output! {
    /// A group.
    pub struct Group {
        pub id: i64,
        pub name: String,
        /// Empty for whoever is not in the group.
        pub code: String,
        /// Absolute address of its picture.
        pub cover: String,
    }
}

fn shown(app: &Appliance, caller: &Caller, group: model::Group) -> Group {
    let cover = if group.cover.is_empty() { picture::GROUP } else { &group.cover };
    let cover = caller.base.absolute(app, cover);
    Group { id: group.id.0, name: group.name, code: group.code, cover }
}

pub async fn create(input: Input<Plan>) -> Result<Group, Fault> {
    let Input { app, actor, caller, value } = input;
    let name = value.name.0.trim().to_owned();
    if name.is_empty() {
        return Err(Fault::invalid("name", "must not be empty"));
    }
    if name.chars().any(char::is_control) {
        return Err(Fault::invalid("name", "must have no control character"));
    }
    let cover = match value.cover {
        Some(file) => picture::keep(&app, "cover", file.bytes, actor.id, caller.now).await?,
        None => String::new(),
    };
    let code = value.code.map(|code| code.0).unwrap_or_default();
    let plan = group::Plan { name, code, cover };
    let made = group::create(&app, &actor, plan, caller.now).await?;
    Ok(shown(&app, &caller, made))
}

input! {
    /// Query of the list.
    pub struct Which {
        /// From 1.
        pub page: Number,
    }
}

output! {
    /// One page of groups.
    pub struct Groups {
        /// Of all pages.
        pub count: i64,
        /// Absolute address of the page after this one.
        pub next: Option<String>,
        /// Absolute address of the page before this one.
        pub previous: Option<String>,
        pub results: Vec<Group>,
    }
}

pub fn list(input: Input<Which>) -> Work<'static> {
    let Input { app, actor, caller, value } = input;
    let (asked, user) = (Asked::from(value.page), actor.id);
    let before = match asked.is_first().then(|| group::first(&app, user)) {
        Some(Ok(known)) => return serve::answer_of(listed(&app, &caller, asked, &known)),
        Some(Err(before)) => Some(before),
        None => None,
    };
    serve::later(async move {
        let found = group::of(&app, user, asked.rows(), before).await?;
        listed(&app, &caller, asked, &found)
    })
}

fn listed(
    app: &Appliance,
    caller: &Caller,
    asked: Asked,
    (count, groups): &(i64, Vec<model::Group>),
) -> Result<Groups, Fault> {
    let (next, previous) = asked.neighbours(app, caller, "/api/im/group/", *count)?;
    let results = groups.iter().map(|group| shown(app, caller, group.clone())).collect();
    Ok(Groups { count: *count, next, previous, results })
}

input! {
    /// Which group.
    pub struct One {
        /// The group's number.
        pub id: Digits<1, { i64::MAX }>,
    }
}

pub async fn dismiss(input: Input<One>) -> Result<Done, Fault> {
    let Input { app, actor, caller, value } = input;
    group::dismiss(&app, GroupId(value.id.0), actor.id, caller.now).await?;
    Ok(Done::well())
}

pub async fn retrieve(whole: Whole<One>) -> Result<Sealed, Fault> {
    let Whole { app, actor, caller, value, .. } = whole;
    let viewer = actor.map(|actor| actor.id);
    let (mut found, inside) = group::view(&app, GroupId(value.id.0), viewer).await?;
    if !inside {
        found.code.clear();
    }
    let body = serde_json::to_vec(&shown(&app, &caller, found));
    let body = body.map_err(|e| Fault::internal("encoding an answer", e))?;
    Ok(Sealed::json(StatusCode::OK, body))
}

//! Who comes into a group and who leaves it; who is in it.

use super::paging::{Asked, Number};
use crate::dialect::Input;
use crate::dialect::fields::{Digits, Text};
use crate::domain::file::picture;
use crate::domain::group;
use crate::model::group::GroupId;
use crate::model::{Fault, UserId};
use crate::{input, output};

type Id = Digits<1, { i64::MAX }>;

output! {
    /// That it is done.
    pub struct Done {
        /// 操作成功
        pub detail: String,
    }
}

impl Done {
    pub fn well() -> Self {
        Self { detail: "操作成功".into() }
    }
}

input! {
    /// Body of join.
    pub struct Bring {
        /// The group's number.
        pub id: Id,
        /// Number of the user who is brought in.
        pub userid: Id,
    }
}

output! {
    /// Who was brought in.
    pub struct Brought {
        /// Its digits as text.
        pub userid: String,
    }
}

pub async fn join(input: Input<Bring>) -> Result<Brought, Fault> {
    let Input { app, actor, caller, value } = input;
    let whom = UserId(value.userid.0);
    group::join(&app, GroupId(value.id.0), actor.id, whom, caller.now).await?;
    Ok(Brought { userid: whom.to_string() })
}

input! {
    /// Body of invite.
    pub struct Knock {
        /// The group's number.
        pub id: Id,
        /// What its members tell.
        pub code: Text<1, 32>,
    }
}

pub async fn invite(input: Input<Knock>) -> Result<Done, Fault> {
    let Input { app, actor, caller, value } = input;
    let knock = group::Knock { user: actor.id, code: value.code.0, from: caller.addr };
    group::enter(&app, GroupId(value.id.0), knock, caller.now).await?;
    Ok(Done::well())
}

input! {
    /// Which group.
    pub struct Which {
        /// The group's number.
        pub id: Id,
    }
}

pub async fn quit(input: Input<Which>) -> Result<Done, Fault> {
    let Input { app, actor, caller, value } = input;
    group::quit(&app, GroupId(value.id.0), actor.id, caller.now).await?;
    Ok(Done::well())
}

input! {
    /// Which group, and which page of its members.
    pub struct Page {
        /// The group's number.
        pub id: Id,
        /// From 1.
        pub page: Number,
    }
}

output! {
    /// One page of members.
    pub struct Users {
        /// Of all pages.
        pub count: i64,
        /// Absolute address of the page after this one.
        pub next: Option<String>,
        /// Absolute address of the page before this one.
        pub previous: Option<String>,
        pub results: Vec<User>,
    }
}

output! {
    /// Somebody in a group.
    pub struct User {
        pub id: i64,
        /// As the user is shown; empty when none was given.
        pub name: String,
        /// The same.
        pub nick: String,
        /// Absolute address of a picture.
        pub avatar: String,
        /// What the user logs in with.
        pub username: String,
        /// The box knows none: empty.
        pub level: String,
    }
}

pub async fn users(input: Input<Page>) -> Result<Users, Fault> {
    let Input { app, actor, caller, value } = input;
    let (id, asked) = (GroupId(value.id.0), Asked::from(value.page));
    let (count, members) = group::members(&app, id, actor.id, asked.rows()).await?;
    let path = format!("/api/im/group/{id}/users/");
    let (next, previous) = asked.neighbours(&app, &caller, &path, count)?;
    let user = |member: crate::model::group::Member| User {
        id: member.id.0,
        nick: member.name.clone(),
        name: member.name,
        avatar: caller.base.absolute(&app, picture::of_person(&member.picture)),
        username: member.handle.as_str().to_owned(),
        level: String::new(),
    };
    Ok(Users { count, next, previous, results: members.into_iter().map(user).collect() })
}

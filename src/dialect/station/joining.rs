//! applications: who asks to join a lesson in picture and sound (document 000), and the teacher's answer.

pub(super) use super::lessons::Which;
use crate::dialect::Input;
use crate::dialect::fields::{Digits, Flag};
use crate::domain::application;
use crate::model::{Fault, RoomId, UserId};
use crate::wire::leancloud::Status;
use crate::{input, output};

output! {
    /// The newest hundred.
    pub struct Waiting {
        /// Newest first.
        pub applications: Vec<Wish>,
    }
}

output! {
    /// Somebody's wish to join.
    pub struct Wish {
        /// Number of the person.
        pub user: i64,
        /// As shown to people.
        pub name: String,
        /// Address of a picture; empty for none.
        pub picture: String,
        /// When.
        pub applied_ms: i64,
        /// waiting, accepted, refused or unhandled.
        pub state: String,
        /// When it was answered.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub answered_ms: Option<i64>,
    }
}

pub async fn list(input: Input<Which>) -> Result<Waiting, Fault> {
    let Input { app, actor, caller, value } = input;
    let found = application::list(&app, RoomId(value.id.0), &actor).await?;
    let shown = found.into_iter().map(|wish| Wish {
        user: wish.user.0,
        picture: caller.base.absolute(&app, &wish.picture),
        name: wish.name,
        applied_ms: wish.applied_at.0,
        state: wish.state.word().to_owned(),
        answered_ms: wish.answered_at.map(|at| at.0),
    });
    Ok(Waiting { applications: shown.collect() })
}

input! {
    /// An answer to somebody who waits.
    pub struct Answer {
        /// The lesson.
        pub id: Digits<1, { i64::MAX }>,
        /// Number of the person who waits.
        pub user: Digits<1, { i64::MAX }>,
        /// true lets them in, false does not.
        pub accept: Flag,
    }
}

output! {
    /// What was said in the lesson's group.
    pub struct Answered {
        /// Number of the message.
        pub seq: i64,
    }
}

pub async fn answer(input: Input<Answer>) -> Result<Answered, Fault> {
    let Input { app, actor, caller, value } = input;
    let status = if value.accept.0 { Status::Accepted } else { Status::Refused };
    let to = (UserId(value.user.0), status);
    let seq = application::answer(&app, RoomId(value.id.0), &actor, to, caller.now).await?;
    Ok(Answered { seq })
}

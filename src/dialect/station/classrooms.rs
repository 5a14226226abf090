//! classrooms: which there are, and the switch for their cameras and microphones.

use crate::dialect::Input;
pub(super) use crate::dialect::fields::Nothing;
use crate::dialect::fields::{Digits, Flag};
use crate::domain::classroom;
use crate::model::Fault;
use crate::{input, output};

output! {
    /// A classroom.
    pub struct Classroom {
        /// Its place in the configuration, from 1.
        pub id: i64,
        /// What it is called.
        pub name: String,
        /// The input of its camera.
        pub input: String,
        /// That of its slides, which are recorded beside the camera; absent where there is none.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub slides: Option<String>,
        /// The lesson that runs there.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub lesson: Option<i64>,
        /// false: its camera and microphone are switched off, and nothing opens them.
        pub camera: bool,
        /// One of them is open now.
        pub open: bool,
        /// It is yours now: you are of the staff, or your lesson runs there.
        pub yours: bool,
        /// You may switch them now: it is yours, and staff have not switched it off, or you are of them.
        pub may_switch: bool,
        /// Who switched them off.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub by: Option<String>,
        /// When.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub off_ms: Option<i64>,
    }
}

output! {
    /// The classrooms.
    pub struct Page {
        /// As they are configured.
        pub classrooms: Vec<Classroom>,
    }
}

input! {
    /// A switch.
    pub struct Switch {
        /// The classroom.
        pub id: Digits<1, { i64::MAX }>,
        /// false: its camera and microphone are closed at once and stay so. true: lessons are recorded again.
        pub camera: Flag,
    }
}

pub async fn list(input: Input<Nothing>) -> Result<Page, Fault> {
    let Input { app, actor, .. } = input;
    let numbered = (1..).zip(classroom::list(&app).await?);
    let shown = |(id, view): (i64, classroom::View)| {
        let name = view.classroom.name.clone();
        let is_staffs = view.off.as_ref().is_some_and(|off| off.by_staff);
        let is_yours = classroom::is_in_charge(&app, &name, &actor);
        let (by, off_ms) = view.off.map_or((None, None), |off| (Some(off.by), Some(off.at.0)));
        Classroom {
            id,
            input: view.classroom.input.clone(),
            slides: view.classroom.slides.clone(),
            lesson: view.lesson.map(|room| room.0),
            camera: !classroom::is_off(&app, &name),
            open: view.is_open,
            yours: is_yours,
            may_switch: is_yours && (actor.role.is_of_the_box() || !is_staffs),
            by,
            off_ms,
            name,
        }
    };
    Ok(Page { classrooms: numbered.map(shown).collect() })
}

pub async fn switch(input: Input<Switch>) -> Result<Nothing, Fault> {
    let Input { app, actor, caller, value } = input;
    let by = (&*actor, caller.addr);
    classroom::switch(&app, value.id.0, value.camera.0, by, caller.now).await?;
    Ok(Nothing)
}

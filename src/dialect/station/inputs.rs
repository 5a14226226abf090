//! inputs: what the box records from, what it sees there and how loud it is.

use std::sync::Arc;

use hyper::StatusCode;

pub(super) use crate::dialect::fields::Nothing;
use crate::dialect::fields::Text;
use crate::dialect::{Caller, Input, Sealed, Whole, serve};
use crate::domain::{Appliance, monitor};
use crate::model::user::Actor;
use crate::model::{Fault, Refusal};
use crate::{input, output};

output! {
    /// A capture input.
    pub struct One {
        /// As the board names it.
        pub name: String,
        /// As the board describes it.
        pub about: String,
        /// The classroom that owns it; empty when none does.
        pub classroom: String,
        /// It is yours now: you are of the staff, or your lesson runs in a classroom that has it.
        pub yours: bool,
        /// You may look at it now: it is yours, or in your own room, where no lesson runs.
        pub may_look: bool,
    }
}

output! {
    /// The capture inputs.
    pub struct Page {
        /// In the board's order.
        pub inputs: Vec<One>,
    }
}

input! {
    /// Which.
    pub struct Named {
        /// The input's name.
        pub input: Text<1, 200>,
    }
}

output! {
    /// How loud it is.
    pub struct Level {
        /// In dBFS: a peak rises at once, stands for a second and falls by 20 dB in 1.7 s. -120 is silence.
        pub peak_dbfs: f64,
        /// In dBFS: the root mean square of 300 ms.
        pub rms_dbfs: f64,
        /// When that was heard.
        pub at: i64,
    }
}

pub async fn list(input: Input<Nothing>) -> Result<Page, Fault> {
    let Input { app, actor, .. } = input;
    let one = |input: &monitor::Input| {
        let owner = app.policy.classrooms.iter().find(|room| room.has(&input.name));
        One {
            name: input.name.clone(),
            about: input.about.clone(),
            classroom: owner.map_or_else(String::new, |room| room.name.clone()),
            yours: monitor::is_in_charge(&app, input, &actor),
            may_look: monitor::may_look(&app, input, &actor),
        }
    };
    Ok(Page { inputs: app.monitors.all().iter().map(|input| one(input)).collect() })
}

pub async fn preview(whole: Whole<Named>) -> Result<Sealed, Fault> {
    let Whole { app, actor, caller, value, .. } = whole;
    let actor = actor.ok_or(Fault::Unauthenticated(Refusal::Absent))?;
    let name = ask(&app, &actor, &caller, value).await?;
    let jpeg = monitor::picture(&app, &name, &actor, caller.now).await?;
    let (status, headers) = (StatusCode::OK, Vec::new());
    Ok(Sealed { status, content_type: "image/jpeg", headers, body: jpeg })
}

pub async fn level(input: Input<Named>) -> Result<Level, Fault> {
    let Input { app, actor, caller, value } = input;
    monitor::has_sound(&app, &value.input.0, &actor)?;
    let name = ask(&app, &actor, &caller, value).await?;
    let heard = monitor::level(&app, &name, &actor, caller.now).await?;
    let tenth = |db: f32| (f64::from(db) * 10.0).round() / 10.0;
    Ok(Level { peak_dbfs: tenth(heard.peak), rms_dbfs: tenth(heard.rms), at: heard.at.wall.0 })
}

/// Who hangs up is written down all the same, and waits for nothing.
async fn ask(
    app: &Arc<Appliance>,
    actor: &Arc<Actor>,
    caller: &Caller,
    Named { input: Text(name) }: Named,
) -> Result<String, Fault> {
    let (app, actor, from, now) = (app.clone(), actor.clone(), caller.addr, caller.now);
    let asked = name.clone();
    let ask = async move { monitor::ask(&app, &asked, (&actor, from), now).await };
    serve::to_its_end(ask).await.map(|()| name)
}

//! The first administrator.

use hyper::StatusCode;

use super::session::{ClientTime, logged_in};
pub(super) use crate::dialect::fields::Nothing;
use crate::dialect::fields::{Int, Text};
use crate::dialect::{Guest, Sealed, Whole};
use crate::domain::{licence, setup, staff};
use crate::model::{Fault, Handle, Millis};
use crate::{input, output};

output! {
    /// How far the box is.
    pub struct State {
        /// Its name on the LAN.
        pub name: String,
        /// It has an administrator: set-up is over.
        pub administered: bool,
        /// Its clock.
        pub time_ms: i64,
    }
}

pub async fn state(guest: Guest<Nothing>) -> Result<State, Fault> {
    let Guest { app, caller, .. } = guest;
    Ok(State {
        name: app.policy.box_name.clone(),
        administered: app.is_administered(),
        time_ms: caller.now.wall.0,
    })
}

input! {
    /// The first administrator, with the box's code.
    pub struct Founding {
        /// The one-time code, in any case, with or without its dash.
        pub code: Text<1, 32>,
        /// How the administrator is called: 1 to 64 characters, not taken yet.
        pub handle: Text<1, 64>,
        /// At least 8 characters.
        pub password: Text<8, 256>,
        /// Shown to people instead of the handle.
        pub name: Option<Text<0, 64>>,
        /// The client's clock, to be held against the box's.
        pub client_time_ms: Option<ClientTime>,
    }
}

pub async fn found(whole: Whole<Founding>) -> Result<Sealed, Fault> {
    let Whole { app, caller, value, .. } = whole;
    let founder = setup::Founder {
        handle: handle(&value.handle.0)?,
        name: value.name.map_or_else(String::new, |Text(name)| name),
        password: value.password.0.into(),
        from: caller.addr,
    };
    let user = setup::found(&app, &value.code.0, founder, caller.now).await?;
    let token = staff::enter(&app, &user, caller.addr, caller.now).await?;
    if let Some(Int(theirs)) = &value.client_time_ms {
        licence::compare_clocks(&app, Millis(*theirs), caller.now);
    }
    logged_in(StatusCode::CREATED, (user, token), &caller.base, value.client_time_ms, caller.now)
}

pub fn handle(text: &str) -> Result<Handle, Fault> {
    let why = "must have 1 to 64 characters, none of them a control character";
    Handle::new(text).ok_or_else(|| Fault::invalid("handle", why))
}

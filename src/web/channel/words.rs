//! Failures as the room channel says them: a close code and a sentence.

use std::borrow::Cow;

use crate::model::{Conflict, Fault, Refusal, Thing};

pub fn code(fault: &Fault) -> u16 {
    match fault {
        Fault::Unauthenticated(_) => 4001,
        Fault::Denied(_) => 4003,
        Fault::Missing(_) => 4004,
        Fault::Busy { .. } | Fault::Offline(_) => 1013,
        Fault::TooLarge { .. } => 1009,
        Fault::Invalid { .. } | Fault::Syntax(_) | Fault::Conflict(_) | Fault::Licence(_) => 1008,
        Fault::Internal(_) => 1011,
    }
}

pub fn sentence(fault: &Fault) -> Cow<'static, str> {
    match fault {
        Fault::Unauthenticated(Refusal::Absent) => "log in first".into(),
        Fault::Unauthenticated(Refusal::Disabled) => "this account is closed".into(),
        Fault::Unauthenticated(_) => "log in again".into(),
        Fault::Denied(why) => why.clone(),
        Fault::Missing(Thing::User) => "there is no such person".into(),
        Fault::Missing(_) => "there is no such group".into(),
        Fault::Busy { retry } => format!("too much at once: try again in {} ms", retry.0).into(),
        Fault::Offline(_) => "the box cannot keep it now: try again in a moment".into(),
        Fault::TooLarge { limit } => format!("longer than {limit} bytes").into(),
        Fault::Conflict(Conflict::Over) => "the lesson is over".into(),
        Fault::Conflict(Conflict::Answered) => "it was answered before, or too late".into(),
        Fault::Invalid { field, why } => format!("{field}: {why}").into(),
        Fault::Syntax(why) => why.clone().into(),
        Fault::Conflict(_) | Fault::Licence(_) => "that is not possible now".into(),
        Fault::Internal(source) => {
            tracing::error!(source, "our fault on the channel");
            "internal error".into()
        }
    }
}

//! What the JSON gateway does with a frame: Login, Logout, GetLoginStatus, and no more. The numbers are those of
//! the original's SDK.

use super::visit::{State, Visit};
use crate::domain::online::NoPlace;
use crate::wire::openim::Flaw;
use crate::wire::openim::frames::{Request, Told, login, request};

/// What a frame comes to.
pub struct Act {
    pub answer: Told,
    /// An event that follows it.
    pub then: Option<Told>,
}

/// decisions.md, 002: a function that the box does not have.
const NO_FUNCTION: u16 = 1004;
/// The original's for frames and arguments that it cannot read.
const UNREADABLE: u16 = 100;
/// The most of a function's name that is said back.
const NAME_CHARS_MAX: usize = 64;
/// What HTTP would answer.
const FULL: (u16, &str) = (503, "the box holds as many connections as it can; try again later");

/// `data` of GetLoginStatus.
const NOT_LOGGED_IN: &str = "0";
const LOGGED_IN: &str = "101";
const LOGIN_FAILED: &str = "103";
const LOGGED_OUT: &str = "201";

pub fn act(visit: &mut Visit, frame: &[u8]) -> Act {
    let Some(asked) = request(frame) else {
        return alone(Told::event("error").failed(UNREADABLE, "the frame is no JSON object"));
    };
    let named = |name: &str| asked.function.eq_ignore_ascii_case(name);
    if named("Login") {
        return log_in(visit, &asked);
    }
    if named("Logout") {
        visit.state = State::Out;
        return alone(Told::answer(&asked, ""));
    }
    if named("GetLoginStatus") {
        return alone(Told::answer(&asked, status(&visit.state)));
    }
    let name: String = asked.function.chars().take(NAME_CHARS_MAX).collect();
    let why = format!("this box has no function {name:?}");
    alone(Told::answer(&asked, "").failed(NO_FUNCTION, why))
}

fn log_in(visit: &mut Visit, asked: &Request) -> Act {
    let answer = Told::answer(asked, "");
    let Some(who) = login(&asked.data) else {
        return alone(answer.failed(UNREADABLE, "data must be an object with userID and token"));
    };
    match visit.log_in(&who.user_id, &who.token) {
        Ok(()) => Act { answer, then: Some(Told::event("OnConnectSuccess")) },
        Err((code, text)) => alone(answer.failed(code, text)),
    }
}

fn status(state: &State) -> &'static str {
    match state {
        State::New => NOT_LOGGED_IN,
        State::Failed => LOGIN_FAILED,
        State::In(_) => LOGGED_IN,
        State::Out => LOGGED_OUT,
    }
}

/// A number and a sentence for somebody whose token is good.
pub fn no_place(why: NoPlace) -> (u16, &'static str) {
    match why {
        NoPlace::PutOut => (Flaw::Ended.code(), Flaw::Ended.text()),
        NoPlace::Full => FULL,
    }
}

fn alone(answer: Told) -> Act {
    Act { answer, then: None }
}

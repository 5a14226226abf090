//! The heartbeat, and what the apps ask for again and again: rooms, members, who is online.

use serde_json::{Value, json};

use super::cost::{self, CONNECTIONS, Limits};
use crate::client::request;
use crate::people::{self, CLASSES, handle, token};
use crate::report::Line;
use crate::scene::Scene;
use crate::seed::Seed;
use crate::{Done, Plan};

/// A page of document 001.
const PAGE: usize = 50;
/// As many as document 002 lets a server ask for.
const ASKED: u32 = 200;

/// One kind of request, from 64 connections.
pub struct Question {
    pub what: String,
    pub requests: Vec<Vec<u8>>,
    /// Where the answer has its list, and how long that is; `None`: the heartbeat, which has none.
    pub list: Option<(&'static str, usize)>,
    pub limits: Limits,
}

impl Question {
    pub fn is_right(&self, answer: &Value) -> bool {
        let is_well = answer["errorCode"] == 0 || answer["errCode"] == 0;
        let length = |path| answer.pointer(path).and_then(Value::as_array).map(Vec::len);
        is_well && self.list.is_none_or(|(path, expected)| length(path) == Some(expected))
    }
}

async fn ask(plan: &Plan, seed: &Seed, questions: Vec<Question>) -> Done<Vec<Line>> {
    let scene = Scene::open(seed)?;
    let mut lines = Vec::new();
    for question in questions {
        let right = |answer: &Value| question.is_right(answer);
        let calls = scene.rehearse(question.requests.clone(), right).await?;
        let cost = cost::measure(plan, &scene, &calls).await?;
        let bytes = calls[0].expects.length();
        lines.extend(cost.lines(&format!("{}, {bytes} bytes", question.what), &question.limits));
    }
    Ok(lines)
}

pub async fn heartbeat(plan: &Plan, seed: &Seed) -> Done<Vec<Line>> {
    ask(plan, seed, vec![beats(seed)]).await
}

pub async fn rooms(plan: &Plan, seed: &Seed) -> Done<Vec<Line>> {
    ask(plan, seed, room_lists(seed)).await
}

pub async fn members(plan: &Plan, seed: &Seed) -> Done<Vec<Line>> {
    ask(plan, seed, vec![member_list(seed)]).await
}

pub async fn online(plan: &Plan, seed: &Seed) -> Done<Vec<Line>> {
    ask(plan, seed, vec![statuses(seed)]).await
}

/// People of a large class, one a connection.
pub fn pupils() -> impl Iterator<Item = u32> {
    let first = people::first_of(1);
    first..first + u32::try_from(CONNECTIONS).unwrap_or(u32::MAX).min(CLASSES[1])
}

pub fn beats(seed: &Seed) -> Question {
    let limits = Limits { cpu: Some(1.10), rate: Some(0.9) };
    let requests = seed.heartbeats(64);
    Question { what: "heartbeat, 64 connections".to_owned(), requests, list: None, limits }
}

/// Unfiltered, and by each filter.
pub fn room_lists(seed: &Seed) -> Vec<Question> {
    let stored = seed.lessons as usize;
    // Time stands for all: from long ago until far ahead.
    let time = json!({"from_time": 1_600_000_000, "to_time": 4_000_000_000_u64});
    let filters = [
        ("unfiltered", json!({}), stored, 1.4),
        ("by state", json!({"state": 0}), stored - CLASSES.len(), 1.8),
        // The first class's teacher made all but the other classes.
        ("by teacher", json!({"host_uid": handle(0)}), stored - CLASSES.len() + 1, 1.8),
        ("by time", time, stored, 1.8),
        ("by number", json!({"roomnum": seed.classes[0]}), 1, 1.8),
    ];
    let question = |(name, mut fields, found, cpu): (&str, Value, usize, f64)| {
        fields["index"] = 0.into();
        fields["size"] = PAGE.into();
        let ask = |pupil| people::edu("live/roomlist", &token(pupil), fields.clone());
        Question {
            what: format!("room list {name}"),
            requests: pupils().map(ask).collect(),
            list: Some(("/data/rooms", found.min(PAGE))),
            limits: Limits { cpu: Some(cpu), rate: None },
        }
    };
    filters.into_iter().map(question).collect()
}

pub fn member_list(seed: &Seed) -> Question {
    let page = json!({"roomnum": seed.classes[0], "index": 0, "size": PAGE});
    let ask = |pupil| people::edu("live/roomidlist", &token(pupil), page.clone());
    Question {
        what: "member list, 50 members".to_owned(),
        requests: pupils().map(ask).collect(),
        list: Some(("/data/idlist", PAGE)),
        limits: Limits { cpu: Some(1.12), rate: None },
    }
}

pub fn statuses(seed: &Seed) -> Question {
    let ids: Vec<String> = (0..ASKED).map(handle).collect();
    let body = json!({"operationID": "load", "userIDList": ids, "secret": seed.openim});
    let ask = request("POST", "/user/get_users_online_status", "", &body.to_string());
    Question {
        what: "online status of 200 users".to_owned(),
        requests: vec![ask; CONNECTIONS],
        list: Some(("/successResult", ASKED as usize)),
        limits: Limits { cpu: Some(1.5), rate: None },
    }
}

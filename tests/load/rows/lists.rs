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

/// People of a large class, one a connection.
pub fn pupils() -> impl Iterator<Item = u32> {
    let first = people::first_of(1);
    first..first + u32::try_from(CONNECTIONS).unwrap_or(u32::MAX).min(CLASSES[1])
}

pub async fn heartbeat(plan: &Plan, seed: &Seed) -> Done<Vec<Line>> {
    let scene = Scene::open(seed)?;
    let calls = scene.heartbeats(seed, 64).await?;
    let cost = cost::measure(plan, &scene, &calls).await?;
    Ok(cost.lines("heartbeat, 64 connections", &Limits { cpu: Some(1.10), rate: Some(0.9) }))
}

pub async fn rooms(plan: &Plan, seed: &Seed) -> Done<Vec<Line>> {
    let scene = Scene::open(seed)?;
    let long_ago = 1_600_000_000;
    let far_ahead = 4_000_000_000_u64;
    let filters = [
        ("unfiltered", json!({}), PAGE, 1.4),
        ("by state", json!({"state": 0}), plan.lessons as usize - CLASSES.len(), 1.8),
        ("by teacher", json!({"host_uid": handle(0)}), plan.lessons as usize - 3, 1.8),
        ("by time", json!({"from_time": long_ago, "to_time": far_ahead}), PAGE, 1.8),
        ("by number", json!({"roomnum": seed.classes[0]}), 1, 1.8),
    ];
    let mut lines = Vec::new();
    for (name, filter, expected, cpu) in filters {
        let ask = |pupil| {
            let mut fields = filter.clone();
            fields["index"] = 0.into();
            fields["size"] = PAGE.into();
            people::edu("live/roomlist", &token(pupil), fields)
        };
        let expected = expected.min(PAGE);
        let right = |answer: &Value| length(&answer["data"]["rooms"]) == Some(expected);
        let calls = scene.rehearse(pupils().map(ask).collect(), right).await?;
        let what = format!("room list {name}, {} KB", calls[0].expects.length() / 1000);
        let cost = cost::measure(plan, &scene, &calls).await?;
        lines.extend(cost.lines(&what, &Limits { cpu: Some(cpu), rate: None }));
    }
    Ok(lines)
}

pub async fn members(plan: &Plan, seed: &Seed) -> Done<Vec<Line>> {
    let scene = Scene::open(seed)?;
    let ask = |pupil| {
        let page = json!({"roomnum": seed.classes[0], "index": 0, "size": PAGE});
        people::edu("live/roomidlist", &token(pupil), page)
    };
    let right = |answer: &Value| length(&answer["data"]["idlist"]) == Some(PAGE);
    let calls = scene.rehearse(pupils().map(ask).collect(), right).await?;
    let cost = cost::measure(plan, &scene, &calls).await?;
    Ok(cost.lines("member list, 50 members", &Limits { cpu: Some(1.12), rate: None }))
}

pub async fn online(plan: &Plan, seed: &Seed) -> Done<Vec<Line>> {
    let scene = Scene::open(seed)?;
    let ids: Vec<String> = (0..ASKED).map(handle).collect();
    let body = json!({"operationID": "load", "userIDList": ids, "secret": seed.openim});
    let ask = request("POST", "/user/get_users_online_status", "", &body.to_string());
    let right = |answer: &Value| {
        answer["errCode"] == 0 && length(&answer["successResult"]) == Some(ASKED as usize)
    };
    let calls = scene.rehearse(vec![ask; CONNECTIONS], right).await?;
    let cost = cost::measure(plan, &scene, &calls).await?;
    Ok(cost.lines("online status of 200 users", &Limits { cpu: Some(1.5), rate: None }))
}

fn length(list: &Value) -> Option<usize> {
    list.as_array().map(Vec::len)
}

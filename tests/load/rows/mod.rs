//! The rows of the table, in its order.

mod classroom;
mod cost;
mod growth;
mod idle;
mod lesson;
mod lists;
mod live;
mod login;
mod mixed;
mod stage;
mod start;
mod tokens;
mod writes;

use std::pin::Pin;

use crate::report::Line;
use crate::seed::Seed;
use crate::{Done, Plan};

type Found<'a> = Pin<Box<dyn Future<Output = Done<Vec<Line>>> + 'a>>;

pub struct Row {
    pub name: &'static str,
    pub what: &'static str,
    pub run: for<'a> fn(&'a Plan, &'a Seed) -> Found<'a>,
}

macro_rules! row {
    ($name:literal, $what:literal, $run:path) => {
        Row { name: $name, what: $what, run: |plan, seed| Box::pin($run(plan, seed)) }
    };
}

pub static ALL: &[Row] = &[
    row!("heartbeat", "token, room, member; 64 connections", lists::heartbeat),
    row!("rooms", "room list: 50 rooms, unfiltered and by each filter", lists::rooms),
    row!("members", "member list: 50 members", lists::members),
    row!("tokens", "token checks, valid and forged", tokens::checks),
    row!("online", "online status of 200 users", lists::online),
    row!(
        "classroom",
        "500 clients, a heartbeat each 3 s: latency, memory, disk",
        classroom::classroom
    ),
    row!("login", "a log-in beside the hash alone", login::one),
    row!("storm", "500 log-ins at once while 500 clients heartbeat", login::storm),
    row!("connections", "10,000 idle keep-alive connections", idle::connections),
    row!("start", "start to first connection and first right answer", start::start),
    row!("kill", "kill -9 under load to first right answer", start::kill),
    row!("writes", "power-safe small writes, 64 clients against 1", writes::writes),
    row!("wakes", "wake-ups with nobody connected", idle::wakes),
    row!("lesson", "a whole lesson of a class of fifty", lesson::lesson),
    row!("mixed", "two recordings, viewers, heartbeats, log-ins and chat at once", mixed::mixed),
    row!("latency", "how late chromium shows a running lesson, and how soon", live::latency),
    row!("viewers", "sixty who follow a lesson of 4 Mbit/s beside chromium", live::viewers),
    row!("growth", "the same questions at up to 100,000 users and 10,000 lessons", growth::growth),
];

//! The rows of the table, in its order.

mod cost;
mod lists;
mod tokens;

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
];

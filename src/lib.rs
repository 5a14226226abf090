//! The Arctos box: a classroom appliance in one program.
//!
//! Modules are listed in reading order. Who may use whom is in the README and held by `tests/it/tidy.rs`:
//! `model` and `wire` use nothing of ours, `store` uses `model`, `domain` uses those three, `dialect` and
//! `web` put HTTP on the domain, `hw` drives the machine, `app` wires everything together.

pub mod model;
pub mod wire;

pub mod store;

pub mod domain;

pub mod hw;

pub mod http;

pub mod dialect;
pub mod web;

pub mod config;
pub mod ops;

pub mod app;
pub mod cli;

//! Integration tests: real SQLite, real ffmpeg, real sockets, real browser. Each owns its world.
// Tests measure real time, and their helpers unwrap as they do.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

mod access;
mod api;
mod ask;
mod browser;
mod channel;
mod channel_load;
mod command;
mod crash;
mod failures;
mod fuzz;
mod golden;
mod hostile;
mod hot_path;
mod joining;
mod keys;
#[cfg(debug_assertions)] // its places are in a debug build alone
mod kill;
mod lesson;
mod licence;
mod life;
mod live;
mod model;
mod openim;
mod parsers;
mod plausible;
mod power;
mod process;
mod ptz;
mod recorder;
mod rongcloud;
mod rules;
mod setup;
mod soak;
mod socket;
mod spill;
mod story;
mod tidy;
mod timing;
mod vendor;
mod watch;
mod webhook;
mod websocket;
mod world;
mod wrong_input;

//! A box of its own for a row: a fresh copy of the seed, served.

use std::path::Path;

use serde_json::Value;

use crate::client::{self, Wire};
use crate::process::{self, ANY, Process};
use crate::seed::{RECORDS_NOTHING, Seed};
use crate::{Done, floor, people, slow_disk};

pub struct Scene {
    // Dropped in this order: the box ends before its folder goes.
    pub house: Process,
    folder: tempfile::TempDir,
    /// A heartbeat of everybody who has a seat.
    seats: Vec<Vec<u8>>,
}

/// A request, and what is right for it.
#[derive(Clone)]
pub struct Call {
    pub request: Vec<u8>,
    pub expects: Expects,
}

impl Call {
    /// The same request to a floor that answers `length` bytes.
    pub fn to_floor(&self, length: usize) -> Self {
        let body = floor::body(length).to_vec();
        Self { request: self.request.clone(), expects: Expects::Body(body) }
    }
}

#[derive(Clone, PartialEq)]
pub enum Expects {
    /// This body and no other.
    Body(Vec<u8>),
    /// A body that begins so; the rest differs from answer to answer.
    Begins(&'static [u8]),
}

impl Expects {
    pub fn is_met(&self, body: &[u8]) -> bool {
        match self {
            Self::Body(whole) => whole == body,
            Self::Begins(first) => body.starts_with(first),
        }
    }

    pub fn length(&self) -> usize {
        match self {
            Self::Body(bytes) => bytes.len(),
            Self::Begins(bytes) => bytes.len(),
        }
    }
}

impl Scene {
    pub fn open(seed: &Seed) -> Done<Self> {
        Self::with(seed, RECORDS_NOTHING)
    }

    /// With further arguments of `serve`.
    pub fn with(seed: &Seed, more: &[&str]) -> Done<Self> {
        let folder = seed.copy()?;
        let house = Process::house(folder.path(), ANY, more, seed.pinned)?;
        Ok(Self { house, folder, seats: seed.heartbeats(people::CLIENTS) })
    }

    /// On a disk as slow as a box's.
    pub fn on_slow_disk(seed: &Seed) -> Done<Self> {
        let (folder, library) = (seed.copy()?, tempfile::tempdir()?);
        let mut command = process::house_at(folder.path(), ANY, RECORDS_NOTHING)?;
        slow_disk::under(&mut command, library.path())?;
        let house = Process::begin(command, seed.pinned)?.listening_for("https")?;
        Ok(Self { house, folder, seats: seed.heartbeats(people::CLIENTS) })
    }

    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    /// Asks each question once. The answer must be `right`; from then on it must stay the same, byte for byte.
    pub async fn rehearse(
        &self,
        requests: Vec<Vec<u8>>,
        right: impl Fn(&Value) -> bool,
    ) -> Done<Vec<Call>> {
        let mut wire = Wire::open(self.house.http).await?;
        let mut calls = Vec::new();
        for request in requests {
            let body = wire.ask(&request).await?.body.to_vec();
            if !serde_json::from_slice(&body).is_ok_and(|value| right(&value)) {
                let (asked, body) = (client::shown(&request), client::shown(&body));
                return Err(format!("{asked}\nis answered {body}").into());
            }
            calls.push(Call { request, expects: Expects::Body(body) });
        }
        Ok(calls)
    }

    /// Everybody beats once: whoever is silent for two minutes has left, and lists show it.
    pub async fn keep_seats(&self) -> Done<()> {
        self.rehearse(self.seats.clone(), |answer| answer["errorCode"] == 0).await.map(drop)
    }

    /// The teachers end all lessons: a box that tries to record one is not idle.
    pub async fn end_lessons(&self, seed: &Seed) -> Done<()> {
        self.rehearse(seed.farewells(), |answer| answer["errorCode"] == 0).await.map(drop)
    }

    /// Heartbeats of so many who have a seat, one each.
    pub async fn heartbeats(&self, seed: &Seed, clients: u32) -> Done<Vec<Call>> {
        self.rehearse(seed.heartbeats(clients), |answer| answer["errorCode"] == 0).await
    }
}

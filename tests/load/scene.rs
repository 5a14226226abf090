//! A box of its own for a row: a fresh copy of the seed, served.

use serde_json::Value;

use crate::Done;
use crate::client::{self, Wire};
use crate::process::Process;
use crate::seed::{RECORDS_NOTHING, Seed};

pub struct Scene {
    // Dropped in this order: the box ends before its folder goes.
    pub house: Process,
    _data: tempfile::TempDir,
}

/// A request, and the body that is right for it.
#[derive(Clone)]
pub struct Call {
    pub request: Vec<u8>,
    pub body: Vec<u8>,
}

impl Scene {
    pub fn open(seed: &Seed) -> Done<Self> {
        let data = seed.copy()?;
        let house = Process::house(data.path(), RECORDS_NOTHING, seed.pinned)?;
        Ok(Self { house, _data: data })
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
            calls.push(Call { request, body });
        }
        Ok(calls)
    }
}

//! What an answer costs the box, beside the floor that answers as many bytes; they take turns.

use crate::closed::{self, Turn};
use crate::process::Process;
use crate::report::{Line, median};
use crate::scene::{Call, Scene};
use crate::{Done, Plan, floor};

/// A class has about so many open at once.
pub const CONNECTIONS: usize = 64;

pub struct Limits {
    /// Processor time, as a multiple of the floor's.
    pub cpu: f64,
    /// Answers a second, as a part of the floor's.
    pub rate: Option<f64>,
}

/// Medians of both, and of the ratios of each turn's pair.
pub struct Cost {
    pub floor: Turn,
    pub ours: Turn,
    pub cpu_ratio: f64,
    pub rate_ratio: f64,
}

pub async fn measure(plan: &Plan, scene: &Scene, calls: &[Call]) -> Done<Cost> {
    let length = calls.first().map_or(0, |call| call.body.len());
    let bare = Process::floor(length, !plan.smoke)?;
    let fixed = floor::body(length).to_vec();
    let to_floor: Vec<Call> =
        calls.iter().map(|c| Call { request: c.request.clone(), body: fixed.clone() }).collect();
    let mut pairs = Vec::new();
    for _ in 0..plan.rounds {
        let floor = closed::turn(bare.http, bare.pid(), &to_floor, plan.turn()).await?;
        let house = &scene.house;
        let ours = closed::turn(house.http, house.pid(), calls, plan.turn()).await?;
        pairs.push((floor, ours));
    }
    let of = |value: fn(&(Turn, Turn)) -> f64| median(pairs.iter().map(value).collect());
    Ok(Cost {
        floor: Turn { cpu_us: of(|p| p.0.cpu_us), rate: of(|p| p.0.rate) },
        ours: Turn { cpu_us: of(|p| p.1.cpu_us), rate: of(|p| p.1.rate) },
        cpu_ratio: of(|p| p.1.cpu_us / p.0.cpu_us),
        rate_ratio: of(|p| p.1.rate / p.0.rate),
    })
}

impl Cost {
    pub fn lines(&self, what: &str, limits: &Limits) -> Vec<Line> {
        let mut lines = vec![Line {
            what: format!("{what}, CPU µs"),
            floor: format!("{:.1}", self.floor.cpu_us),
            ours: format!("{:.1} = {:.2} ×", self.ours.cpu_us, self.cpu_ratio),
            limit: format!("{:.2} ×", limits.cpu),
            met: Some(self.cpu_ratio <= limits.cpu),
        }];
        lines.push(Line {
            what: format!("{what}, answers a second"),
            floor: format!("{:.0}", self.floor.rate),
            ours: format!("{:.0} = {:.2} ×", self.ours.rate, self.rate_ratio),
            limit: limits.rate.map_or_else(String::new, |rate| format!("≥ {rate:.2} ×")),
            met: limits.rate.map(|rate| self.rate_ratio >= rate),
        });
        lines
    }
}

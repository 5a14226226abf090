//! What an answer costs the box, beside the floor that answers as many bytes; they take turns.

use std::time::Duration;

use crate::closed::{Loop, Work};
use crate::process::Process;
use crate::report::{Line, median};
use crate::scene::{Call, Scene};
use crate::{Done, Plan};

/// A class has about so many open at once.
pub const CONNECTIONS: usize = 64;
/// A turn: long enough to warm the caches, short enough that the neighbours' load is the same for both.
pub const SLICE: Duration = Duration::from_millis(100);

pub struct Limits {
    /// Processor time, as a multiple of the floor's.
    pub cpu: Option<f64>,
    /// Answers a second, as a part of the floor's.
    pub rate: Option<f64>,
}

/// Medians of both, and of the ratios of each round's pair.
pub struct Cost {
    floor: Figures,
    ours: Figures,
    ratio: Figures,
}

#[derive(Clone, Copy)]
struct Figures {
    /// Processor time of an answer, in microseconds.
    cpu_us: f64,
    /// Answers a second.
    rate: f64,
}

pub async fn measure(plan: &Plan, scene: &Scene, calls: &[Call]) -> Done<Cost> {
    let length = calls.first().map_or(0, |call| call.expects.length());
    let bare = Process::floor(length, !plan.smoke)?;
    let to_floor: Vec<Call> = calls.iter().map(|call| call.to_floor(length)).collect();
    let floor = Loop::open(bare.http, bare.pid(), &to_floor).await?;
    let ours = Loop::open(scene.house.http, scene.house.pid(), calls).await?;
    let mut rounds = Vec::new();
    // Warms both.
    turns(&floor, &ours, SLICE).await?;
    for _ in 0..plan.rounds {
        scene.keep_seats().await?;
        rounds.push(turns(&floor, &ours, plan.turn()).await?);
    }
    let of = |value: &dyn Fn(&(Work, Work)) -> f64| median(rounds.iter().map(value).collect());
    let figures = |cpu_us, rate| Figures { cpu_us, rate };
    Ok(Cost {
        floor: figures(of(&|p| p.0.cpu_us()), of(&|p| p.0.rate())),
        ours: figures(of(&|p| p.1.cpu_us()), of(&|p| p.1.rate())),
        ratio: figures(of(&|p| p.1.cpu_us() / p.0.cpu_us()), of(&|p| p.1.rate() / p.0.rate())),
    })
}

/// What one kind of call costs the box as a multiple of another; they take turns.
pub async fn against(plan: &Plan, scene: &Scene, one: &[Call], other: &[Call]) -> Done<f64> {
    let (http, pid) = (scene.house.http, scene.house.pid());
    let (one, other) = (Loop::open(http, pid, one).await?, Loop::open(http, pid, other).await?);
    let mut ratios = Vec::new();
    for _ in 0..plan.rounds {
        scene.keep_seats().await?;
        let (other, one) = turns(&other, &one, plan.turn()).await?;
        ratios.push(one.cpu_us() / other.cpu_us());
    }
    Ok(median(ratios))
}

/// One, other, one, other… until each has worked for so long.
async fn turns(one: &Loop, other: &Loop, length: Duration) -> Done<(Work, Work)> {
    let mut pair = (Work::default(), Work::default());
    while pair.1.seconds < length.as_secs_f64() {
        pair.0.add(one.run(SLICE).await?);
        pair.1.add(other.run(SLICE).await?);
    }
    Ok(pair)
}

impl Cost {
    pub fn lines(&self, what: &str, limits: &Limits) -> Vec<Line> {
        let (floor, ours, ratio) = (self.floor, self.ours, self.ratio);
        let cpu = Line::new(
            format!("{what}, CPU µs"),
            format!("{:.1} = {:.2} ×", ours.cpu_us, ratio.cpu_us),
        );
        let rate = Line::new(
            format!("{what}, answers a second"),
            format!("{:.0} = {:.2} ×", ours.rate, ratio.rate),
        );
        vec![
            cpu.floor(format!("{:.1}", floor.cpu_us)).at_most(ratio.cpu_us, limits.cpu),
            rate.floor(format!("{:.0}", floor.rate)).at_least(ratio.rate, limits.rate),
        ]
    }
}

//! What was found, for people: medians, ratios and whether the limit is met.

use std::fmt;

use crate::seed::Seed;
use crate::{Plan, counters};

/// One line of the table.
pub struct Line {
    what: String,
    floor: String,
    ours: String,
    limit: String,
    /// `None`: a figure without a limit.
    met: Option<bool>,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, floor, ours, limit, .. } = self;
        write!(f, "| {what} | {floor} | {ours} | {limit} | {} |", self.mark())
    }
}

impl Line {
    /// A figure; its floor and limit may follow.
    pub fn new(what: impl Into<String>, ours: impl Into<String>) -> Self {
        let (what, ours) = (what.into(), ours.into());
        Self { what, floor: String::new(), ours, limit: String::new(), met: None }
    }

    pub fn floor(self, floor: impl Into<String>) -> Self {
        Self { floor: floor.into(), ..self }
    }

    pub fn limit(self, limit: impl Into<String>, met: bool) -> Self {
        Self { limit: limit.into(), met: Some(met), ..self }
    }

    /// A limit as a multiple of the floor.
    pub fn at_most(self, ratio: f64, most: Option<f64>) -> Self {
        match most {
            Some(most) => self.limit(format!("{most:.2} ×"), ratio <= most),
            None => self,
        }
    }

    pub fn at_least(self, ratio: f64, least: Option<f64>) -> Self {
        match least {
            Some(least) => self.limit(format!("≥ {least:.2} ×"), ratio >= least),
            None => self,
        }
    }

    fn mark(&self) -> &'static str {
        match self.met {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "",
        }
    }
}

/// The middle of them; of an even number the lower one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

pub fn table(plan: &Plan, seed: &Seed, lines: &[Line]) -> String {
    let mut text = format!(
        "{} accounts, {} lessons, {} rounds of {} s, {}; load average {}\n\n",
        plan.users,
        plan.lessons,
        plan.rounds,
        plan.seconds,
        if seed.pinned { "server on core 1, driver on core 0" } else { "not pinned" },
        counters::load_average()
    );
    text += "| work | bare hyper | ours | at most | met |\n| --- | --: | --: | --: | --- |\n";
    lines.iter().for_each(|line| text += &format!("{line}\n"));
    text
}

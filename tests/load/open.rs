//! An open loop: each client asks when its time has come, whether or not the server keeps up. A client that still
//! waits when its next time comes is counted from that time on, so a stall hides nothing.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::Done;
use crate::client::{self, Wire};
use crate::scene::Call;

/// How often the clients of document 001 beat.
pub const PERIOD: Duration = Duration::from_secs(3);

/// How long answers took, the shortest first.
pub struct Latencies(Vec<Duration>);

impl Latencies {
    pub fn new(mut taken: Vec<Duration>) -> Self {
        taken.sort_unstable();
        Self(taken)
    }

    /// In milliseconds; `part` from 0 to 1.
    pub fn at(&self, part: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        // Both are small and positive.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let place = (part * last as f64).round() as usize;
        self.0.get(place).map_or(f64::NAN, |d| d.as_secs_f64() * 1e3)
    }

    pub fn p99(&self) -> f64 {
        self.at(0.99)
    }

    pub fn max(&self) -> f64 {
        self.at(1.0)
    }
}

/// Clients that are connected, each with its call.
pub struct Crowd(Vec<(Wire, Call)>);

impl Crowd {
    pub async fn connect(addr: SocketAddr, calls: &[Call]) -> Done<Self> {
        let mut clients = Vec::new();
        for call in calls {
            clients.push((Wire::open(addr).await?, call.clone()));
        }
        Ok(Self(clients))
    }

    /// Beats each period for so long, spread evenly over it.
    pub async fn beat(self, length: Duration) -> Done<Latencies> {
        let (began, count) = (Instant::now(), u32::try_from(self.0.len())?);
        let mut beating = JoinSet::new();
        for (n, (wire, call)) in (0..).zip(self.0) {
            let first = began + PERIOD * n / count;
            beating.spawn_local(beats(wire, call, first, began + length));
        }
        let mut taken = Vec::new();
        while let Some(done) = beating.join_next().await {
            taken.extend(done??);
        }
        Ok(Latencies::new(taken))
    }
}

async fn beats(mut wire: Wire, call: Call, first: Instant, end: Instant) -> Done<Vec<Duration>> {
    let (mut due, mut taken) = (first, Vec::new());
    while due < end {
        let in_time = Instant::now() <= due;
        tokio::time::sleep_until(due.into()).await;
        // That the driver's own timer is a millisecond late is not the server's doing.
        let from = if in_time { Instant::now() } else { due };
        let answer = wire.ask(&call.request).await?;
        taken.push(from.elapsed());
        if !call.expects.is_met(answer.body) {
            let body = client::shown(answer.body);
            return Err(format!("a wrong answer, HTTP {}: {body}", answer.status).into());
        }
        due += PERIOD;
    }
    Ok(taken)
}

//! A closed loop: each connection asks again as soon as it has its answer. It shows what an answer costs.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::Done;
use crate::client::{self, Wire};
use crate::counters::Cpu;
use crate::scene::Call;

/// Until connections are open and caches warm.
const WARM: Duration = Duration::from_millis(200);

/// One turn.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// Processor time of the server for one answer, in microseconds.
    pub cpu_us: f64,
    /// Answers a second.
    pub rate: f64,
}

#[derive(Default)]
struct Shared {
    answers: Cell<u64>,
    over: Cell<bool>,
}

/// Loads a server with one connection for each call and measures what its process uses.
pub async fn turn(addr: SocketAddr, pid: u32, calls: &[Call], length: Duration) -> Done<Turn> {
    let shared = Rc::new(Shared::default());
    let mut clients = JoinSet::new();
    for call in calls {
        let wire = Wire::open(addr).await?;
        clients.spawn_local(asks(wire, call.clone(), shared.clone()));
    }
    tokio::time::sleep(WARM).await;
    let (cpu, answers, began) = (Cpu::of(pid)?, shared.answers.get(), Instant::now());
    tokio::time::sleep(length).await;
    let took = began.elapsed().as_secs_f64();
    let answers = (shared.answers.get() - answers) as f64;
    let used = Cpu::of(pid)?.since(&cpu).as_secs_f64();
    shared.over.set(true);
    while let Some(done) = clients.join_next().await {
        done??;
    }
    if answers == 0.0 {
        return Err("nothing was answered".into());
    }
    Ok(Turn { cpu_us: used * 1e6 / answers, rate: answers / took })
}

async fn asks(mut wire: Wire, call: Call, shared: Rc<Shared>) -> Done<()> {
    while !shared.over.get() {
        let answer = wire.ask(&call.request).await?;
        if answer.body != call.body {
            let body = client::shown(answer.body);
            return Err(format!("a wrong answer, HTTP {}: {body}", answer.status).into());
        }
        shared.answers.set(shared.answers.get() + 1);
    }
    Ok(())
}

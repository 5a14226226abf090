//! A closed loop: each connection asks again as soon as it has its answer. It shows what an answer costs. Two loops take
//! turns of a fraction of a second, so that what the neighbours do meets both.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::Done;
use crate::client::{self, Wire};
use crate::counters::Cpu;
use crate::scene::Call;

/// What a server did while it was loaded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Work {
    /// Seconds on a processor.
    pub cpu: f64,
    pub answers: f64,
    pub seconds: f64,
}

impl Work {
    pub fn add(&mut self, more: Self) {
        self.cpu += more.cpu;
        self.answers += more.answers;
        self.seconds += more.seconds;
    }

    pub fn cpu_us(&self) -> f64 {
        self.cpu * 1e6 / self.answers
    }

    pub fn rate(&self) -> f64 {
        self.answers / self.seconds
    }
}

/// One connection for each call, asking while the gate is open.
pub struct Loop {
    pid: u32,
    gate: watch::Sender<bool>,
    shared: Rc<Shared>,
    // Dropped with it: the connections close.
    _clients: JoinSet<()>,
}

#[derive(Default)]
struct Shared {
    answers: Cell<u64>,
    busy: Cell<usize>,
    idle: Notify,
    failed: RefCell<Option<String>>,
}

impl Loop {
    pub async fn open(addr: SocketAddr, pid: u32, calls: &[Call]) -> Done<Self> {
        let (gate, opened) = watch::channel(false);
        let shared = Rc::new(Shared::default());
        let mut clients = JoinSet::new();
        for call in calls {
            let wire = Wire::open(addr).await?;
            let (call, shared, opened) = (call.clone(), shared.clone(), opened.clone());
            clients.spawn_local(asks(addr, wire, call, shared, opened));
        }
        // Each is at the gate.
        tokio::task::yield_now().await;
        Ok(Self { pid, gate, shared, _clients: clients })
    }

    /// Lets the clients ask on, and what becomes of them is nobody's business any more.
    pub async fn leave_open(&self) {
        self.gate.send_replace(true);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    /// Loads the server for so long, and waits for the last answers: then all its time has been counted.
    pub async fn run(&self, length: Duration) -> Done<Work> {
        let (cpu, answers, began) = (Cpu::of(self.pid)?, self.shared.answers.get(), Instant::now());
        self.gate.send_replace(true);
        tokio::time::sleep(length).await;
        self.gate.send_replace(false);
        while self.shared.busy.get() > 0 {
            self.shared.idle.notified().await;
        }
        let seconds = began.elapsed().as_secs_f64();
        if let Some(why) = self.shared.failed.borrow_mut().take() {
            return Err(why.into());
        }
        let answers = (self.shared.answers.get() - answers) as f64;
        if answers == 0.0 {
            return Err("nothing was answered".into());
        }
        let cpu = Cpu::of(self.pid)?.since(&cpu).as_secs_f64();
        Ok(Work { cpu, answers, seconds })
    }
}

async fn asks(
    addr: SocketAddr,
    mut wire: Wire,
    call: Call,
    shared: Rc<Shared>,
    mut gate: watch::Receiver<bool>,
) {
    while gate.wait_for(|open| *open).await.is_ok() {
        shared.busy.set(shared.busy.get() + 1);
        // The box gives an idle connection up after a while: any client then takes another.
        let mut done = wire.keep(addr).await;
        while done.is_ok() && *gate.borrow() {
            done = one(&mut wire, &call).await;
            shared.answers.set(shared.answers.get() + 1);
        }
        shared.busy.set(shared.busy.get() - 1);
        if shared.busy.get() == 0 {
            shared.idle.notify_one();
        }
        if let Err(why) = done {
            *shared.failed.borrow_mut() = Some(why.to_string());
            return;
        }
    }
}

async fn one(wire: &mut Wire, call: &Call) -> Done<()> {
    let answer = wire.ask(&call.request).await?;
    if call.expects.is_met(answer.body) {
        return Ok(());
    }
    Err(format!("a wrong answer, HTTP {}: {}", answer.status, client::shown(answer.body)).into())
}

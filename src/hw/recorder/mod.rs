//! The recorder: one supervised task for each picture of a lesson that is being recorded. A lesson may have two, and nothing
//! that happens to one of them touches the other: each has its own encoder, files and ledger.
//!
//! `session` lives as long as the lesson, `ffmpeg` as long as one encoder run, `reel` puts parts on the lesson's
//! timeline, `tape` owns a file and its disk, `ledger` notes how good each second is, `recover` reads what a crash left,
//! `away` is why nothing is recorded, `outbox` keeps a slow listener away from the byte path. Knows no database and no
//! lesson but its number; whoever listens keeps the index.

mod away;
mod ffmpeg;
mod ledger;
mod outbox;
mod recover;
mod reel;
mod session;
mod tape;

#[cfg(test)]
mod faults;
#[cfg(test)]
mod mishaps;
#[cfg(test)]
mod pair;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;
#[cfg(test)]
pub(in crate::hw) use self::world::program;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tracing::{error, info, warn};

pub(super) use self::ffmpeg::{Encoder, SOUND_GAUGE};
use crate::domain::devices::Devices;
use crate::domain::monitor::Monitors;
use crate::hw::drained;
use crate::hw::inputs::Inputs;
use crate::hw::recorder::outbox::Outbox;
use crate::hw::recorder::reel::Anchor;
use crate::hw::recorder::session::Session;
use crate::model::live::Show;
use crate::model::recording::{Note, Order, Track};
use crate::model::{Clock, Millis, RoomId};

/// A clean end of all recordings at drain: TERM, 2 s for the pipe, then KILL and a last sync.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);
/// For the last notes, after the files are closed.
const RELAY_LIMIT: Duration = Duration::from_secs(1);
/// A session that panicked begins again after this; its files are reconciled like after a crash.
const PANIC_PAUSE: Duration = Duration::from_secs(1);

/// What the recorder needs to know of the box.
#[derive(Clone, Debug)]
pub struct Setup {
    pub inputs: Arc<Inputs>,
    /// Free space without which no recording starts; one that has begun needs only the floor.
    pub reserve_bytes: u64,
    /// Free space below which a running recording stops, so that the store can still write.
    pub floor_bytes: u64,
    /// No picture for this long: the encoder is killed and started again.
    pub stall: Millis,
    /// So much more until the first one, for devices to be opened.
    pub opening: Millis,
    /// Age of the oldest byte that is not on the disk at which it is synced.
    pub sync_every: Millis,
    /// A recording that was refused or lost is tried again this often.
    pub retry_every: Millis,
    /// Where those look who watch now.
    pub show: Show,
    /// The inputs, for those who look at one.
    pub monitors: Monitors,
    /// What may be opened.
    pub devices: Devices,
}

/// What is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    pub width: u32,
    pub height: u32,
    /// Pictures a second.
    pub rate: u32,
    pub kbit: u32,
}

impl Setup {
    /// The box's usual figures; a reserve of 2 GiB or two hours, whichever is more.
    pub fn usual(inputs: Arc<Inputs>) -> Self {
        let all = inputs.board.input.iter().map(|input| (&*input.name, &*input.about));
        Self {
            monitors: Monitors::of(all),
            reserve_bytes: reserve(inputs.wanted),
            inputs,
            floor_bytes: 64 << 20,
            stall: Millis::seconds(4),
            opening: Millis(400),
            sync_every: Millis(300),
            retry_every: Millis::seconds(10),
            show: Show::nobody(),
            devices: Devices::default(),
        }
    }
}

/// The larger of 2 GiB and two hours of picture and sound.
pub fn reserve(picture: Picture) -> u64 {
    let bytes_a_second = (u64::from(picture.kbit) + ffmpeg::SOUND_KBIT) * 125;
    (bytes_a_second * 7200).max(2 << 30)
}

/// How a session is told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Go,
    /// The lesson is over.
    Stop,
    /// The box goes down: close the files, the next start goes on.
    Drain,
}

/// Carries out orders until `drain` turns true (or nobody can order any more), then closes every recording.
pub async fn run(
    setup: Setup,
    mut orders: mpsc::Receiver<Order>,
    notes: mpsc::Sender<(Track, Note)>,
    clock: Clock,
    mut drain: watch::Receiver<bool>,
) {
    let (queue, relay) = outbox::relay(notes);
    let mut desk = Desk {
        setup: Arc::new(setup),
        clock,
        queue,
        sessions: HashMap::new(),
        tasks: JoinSet::new(),
        settling: None,
        down: Arc::default(),
        lessons: Arc::default(),
    };
    loop {
        tokio::select! {
            () = drained(&mut drain) => break,
            order = orders.recv() => match order {
                Some(order) => desk.obey(order),
                None => break,
            },
            Some(ended) = desk.tasks.join_next_with_id() => desk.ended(ended),
        }
    }
    desk.drain().await;
    drop(desk);
    if tokio::time::timeout(RELAY_LIMIT, relay).await.is_err() {
        warn!("the recorder's last notes were not taken in time; the files tell the same");
    }
}

/// What the sessions of a lesson share, of all lessons since the box started. Some tens of bytes a lesson.
type Lessons = Arc<Mutex<HashMap<RoomId, Lesson>>>;

/// The first of its sessions to come sets it for all of them.
#[derive(Debug, Default)]
struct Lesson {
    /// It is new, and its folder was made its own.
    is_begun: bool,
    anchor: Option<Anchor>,
}

/// Who is recording, by track.
struct Desk {
    setup: Arc<Setup>,
    clock: Clock,
    queue: mpsc::Sender<(Track, Note)>,
    sessions: HashMap<Track, Entry>,
    tasks: JoinSet<()>,
    /// The box goes down: nobody begins or goes on with reading a long file.
    down: Arc<AtomicBool>,
    lessons: Lessons,
    /// While nobody records.
    settling: Option<AbortHandle>,
}

struct Entry {
    task: Id,
    end: watch::Sender<End>,
    order: Order,
    /// What came in while the session was ending.
    next: Option<Order>,
}

impl Desk {
    fn obey(&mut self, order: Order) {
        let track = order.job().track();
        let Some(entry) = self.sessions.get_mut(&track) else {
            return self.begin(order, Duration::ZERO);
        };
        let ending = *entry.end.borrow() != End::Go || matches!(entry.order, Order::Finish(_));
        match order {
            // What is ending already says how it ended.
            Order::Finish(_) if ending => entry.next = None,
            Order::Finish(_) => {
                entry.end.send_replace(End::Stop);
            }
            Order::Start(_) | Order::Resume(_) if ending => entry.next = Some(order),
            Order::Start(_) | Order::Resume(_) => info!(room = %track, "already recording"),
        }
    }

    fn begin(&mut self, order: Order, pause: Duration) {
        if let Some(settling) = self.settling.take() {
            settling.abort();
        }
        let track = order.job().track();
        let (end, ending) = watch::channel(End::Go);
        let task = self.tasks.spawn(self.work(order.clone(), ending, pause)).id();
        self.sessions.insert(track, Entry { task, end, order, next: None });
    }

    fn work(
        &self,
        order: Order,
        end: watch::Receiver<End>,
        pause: Duration,
    ) -> impl Future<Output = ()> + Send + 'static {
        let outbox = Outbox::new(order.job().track(), self.queue.clone());
        let job = order.job().clone();
        let (setup, clock) = (self.setup.clone(), self.clock.clone());
        let shared = (self.down.clone(), self.lessons.clone());
        let session = Session::new(setup, job, clock, outbox, end, shared);
        async move {
            tokio::time::sleep(pause).await;
            match order {
                Order::Start(_) => Box::pin(session.record_anew()).await,
                Order::Resume(_) => Box::pin(session.record()).await,
                Order::Finish(_) => Box::pin(session.finish()).await,
            }
        }
    }

    fn ended(&mut self, ended: Result<(Id, ()), JoinError>) {
        let (task, panic) = match ended {
            Ok((task, ())) => (task, None),
            Err(error) => (error.id(), error.is_panic().then_some(error)),
        };
        let Some(track) =
            self.sessions.iter().find(|(_, e)| e.task == task).map(|(track, _)| *track)
        else {
            return;
        };
        let Some(entry) = self.sessions.remove(&track) else {
            return;
        };
        if let Some(panic) = panic {
            error!(room = %track, %panic, "a recording's task failed; it begins again on its own files");
            let over = *entry.end.borrow() == End::Stop;
            let again = match entry.order {
                Order::Finish(job) => Order::Finish(job),
                Order::Start(job) | Order::Resume(job) if over => Order::Finish(job),
                // Not `Start`: what lies in the folder is its own by now.
                Order::Start(job) | Order::Resume(job) => Order::Resume(job),
            };
            self.begin(again, PANIC_PAUSE);
        } else if let Some(next) = entry.next {
            self.begin(next, Duration::ZERO);
        }
        if self.sessions.is_empty() {
            let inputs = self.setup.inputs.clone();
            let settling = tokio::spawn(async move { inputs.settle().await });
            self.settling = Some(settling.abort_handle());
        }
    }

    async fn drain(&mut self) {
        if let Some(settling) = self.settling.take() {
            settling.abort();
        }
        self.down.store(true, Ordering::SeqCst);
        for entry in self.sessions.values() {
            // A lesson that is just ending may still say so.
            entry.end.send_if_modified(|end| {
                let going = *end == End::Go;
                if going {
                    *end = End::Drain;
                }
                going
            });
        }
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN_LIMIT, all).await.is_err() {
            error!("a recording did not close in time; the next start reconciles it");
        }
    }
}

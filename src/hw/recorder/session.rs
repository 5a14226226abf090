//! One lesson's recording from its start to its end: encoder runs one after the other, for as long as it lives.
//! An encoder that dies, hangs or talks nonsense is a gap, never an end.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{error, info, warn};

use crate::hw::board::Input;
use crate::hw::encoder::Found;
use crate::hw::recorder::ffmpeg::Encoder;
use crate::hw::recorder::outbox::Outbox;
use crate::hw::recorder::recover::{self, Shelf};
use crate::hw::recorder::reel::{Reel, Trouble};
use crate::hw::recorder::tape::Care;
use crate::hw::recorder::{End, Setup};
use crate::model::recording::{Finished, GapWhy, Job, Note, RefusedWhy};
use crate::model::{Clock, Millis};
use crate::wire::fmp4::split::Splitter;

/// As much as a pipe holds.
const READ: usize = 64 << 10;
/// After TERM, for what the encoder still holds.
const PIPE_LIMIT: Duration = Duration::from_secs(2);
/// An encoder that recorded this long was well; what ends it is a new trouble.
const WELL: Millis = Millis::seconds(10);
/// A failing encoder is spoken of this often.
const SPEAK_EVERY: Millis = Millis::seconds(60);

pub struct Session {
    setup: Arc<Setup>,
    job: Job,
    clock: Clock,
    outbox: Outbox,
    end: watch::Receiver<End>,
}

/// How an encoder's run ended.
enum Outcome {
    /// We were told to.
    Told,
    Broke(GapWhy),
    /// The file cannot be written.
    Lost(String),
}

/// Patience with an encoder that keeps failing.
#[derive(Default)]
struct Patience {
    failures: u32,
    spoken: Option<Millis>,
}

impl Session {
    pub fn new(
        setup: Arc<Setup>,
        job: Job,
        clock: Clock,
        outbox: Outbox,
        end: watch::Receiver<End>,
    ) -> Self {
        Self { setup, job, clock, outbox, end }
    }

    /// Records until told to end. Says `Ended` unless the box is only going down.
    pub async fn record(mut self) {
        let shelf = match self.shelf().await {
            Ok(shelf) => shelf,
            Err(why) => return self.refuse(RefusedWhy::Folder(why)).await,
        };
        let old = shelf.files.len();
        let reel = Reel::open(self.job.dir.clone(), self.job.zero, self.care(), shelf).await;
        let mut reel = match reel {
            Ok(reel) => reel,
            Err(why) => return self.refuse(RefusedWhy::Folder(why)).await,
        };
        info!(room = %self.job.room, old, dir = %self.job.dir.display(), "recording");
        let outcome = match self.ready().await {
            Ok((found, input)) => self.roll(&mut reel, &found, &input).await,
            Err(why) => {
                warn!(room = %self.job.room, ?why, "recording refused");
                self.outbox.tell_surely(Note::Refused { why }).await;
                Ok(())
            }
        };
        // A gap that never ended, ends with the recording.
        reel.tell_gap(self.clock.now());
        let closed = reel.close().await;
        if let Err(why) = outcome.and(closed) {
            error!(room = %self.job.room, why, "recording lost; what there is is kept");
            self.outbox.tell_surely(Note::Lost(why)).await;
            drop(reel);
            if self.told().await == End::Stop {
                self.finish().await;
            }
            return;
        }
        if self.told().await == End::Stop {
            match reel.finished().await {
                Ok(takes) => self.say_ended(takes).await,
                Err(why) => self.say_lost(why).await,
            }
        }
    }

    /// Reconciles and closes what a lesson left that nobody records any more.
    pub async fn finish(self) {
        let dir = self.job.dir.clone();
        let read = spawn_blocking(move || recover::finished(recover::reconcile(&dir)?.files)).await;
        match read {
            Ok(Ok(takes)) => self.say_ended(takes).await,
            Ok(Err(error)) => self.say_lost(error.to_string()).await,
            Err(error) => self.say_lost(error.to_string()).await,
        }
    }

    /// The lesson's files cannot be read: nothing is recorded, and at its end nothing can be shown.
    async fn refuse(mut self, why: RefusedWhy) {
        warn!(room = %self.job.room, ?why, "recording refused");
        self.outbox.tell_surely(Note::Refused { why }).await;
        if self.told().await == End::Stop {
            self.finish().await;
        }
    }

    async fn say_ended(&self, takes: Vec<Finished>) {
        let bytes: u64 = takes.iter().map(|finished| finished.bytes).sum();
        info!(room = %self.job.room, takes = takes.len(), bytes, "recording ended");
        self.outbox.tell_surely(Note::Ended { takes }).await;
    }

    async fn say_lost(&self, why: String) {
        error!(room = %self.job.room, why, "the recording's files cannot be read");
        self.outbox.tell_surely(Note::Lost(why)).await;
        self.outbox.tell_surely(Note::Ended { takes: Vec::new() }).await;
    }

    async fn shelf(&self) -> Result<Shelf, String> {
        let dir = self.job.dir.clone();
        let read = spawn_blocking(move || {
            recover::make(&dir)?;
            recover::reconcile(&dir)
        });
        read.await.map_err(|e| e.to_string())?.map_err(|e| e.to_string())
    }

    fn care(&self) -> Care {
        Care {
            sync_every: self.setup.sync_every,
            floor_bytes: self.setup.floor_bytes,
            clock: self.clock.clone(),
            outbox: self.outbox.clone(),
        }
    }

    /// Whether there is room on the disk, something to see and something to encode it.
    async fn ready(&self) -> Result<(Found, Input), RefusedWhy> {
        let needed = self.setup.reserve_bytes;
        let disk = rustix::fs::statvfs(&self.job.dir);
        let disk = disk.map_err(|e| RefusedWhy::Folder(e.to_string()))?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < needed {
            return Err(RefusedWhy::DiskReserve { free, needed });
        }
        let source = &self.job.source;
        let input = self.setup.board.input(source);
        let input = input.ok_or_else(|| RefusedWhy::NoInput(source.clone()))?.clone();
        let found = self.setup.finder.find().await;
        let found = found.map_err(|e| RefusedWhy::NoEncoder(e.to_string()))?.clone();
        Ok((found, input))
    }

    /// Run after run. `Err` when the file cannot be written.
    async fn roll(&mut self, reel: &mut Reel, found: &Found, input: &Input) -> Result<(), String> {
        let mut patience = Patience::default();
        loop {
            let began = self.clock.steady();
            let why = match Box::pin(self.run_once(reel, found, input)).await {
                Outcome::Told => return Ok(()),
                Outcome::Lost(why) => return Err(why),
                Outcome::Broke(why) => why,
            };
            if self.clock.steady() - began >= WELL {
                patience.failures = 0;
            }
            let pause = patience.after_failure();
            let speaks = patience.may_speak(self.clock.steady());
            if speaks {
                warn!(room = %self.job.room, ?why, ?pause, "no picture; the encoder is started again");
            }
            reel.interrupt(why);
            // One failure is told when the picture is back; a second one in a row at once, then each minute.
            if patience.failures == 2 || speaks && patience.failures > 2 {
                reel.tell_gap(self.clock.now());
            }
            if timeout(pause, self.told()).await.is_ok() {
                return Ok(());
            }
        }
    }

    async fn run_once(&mut self, reel: &mut Reel, found: &Found, input: &Input) -> Outcome {
        let elapsed = (self.clock.now() - self.job.zero).as_seconds();
        let mut encoder = match Encoder::start(found, input, self.setup.picture, elapsed) {
            Ok(encoder) => encoder,
            Err(error) => return Outcome::Broke(GapWhy::EncoderDied(error.to_string())),
        };
        let mut splitter = Splitter::default();
        let outcome = self.pump(&mut encoder, &mut splitter, reel).await;
        match outcome {
            Outcome::Told => {
                encoder.ask_to_end();
                let left =
                    timeout(PIPE_LIMIT, self.drain_pipe(&mut encoder, &mut splitter, reel)).await;
                let words = encoder.end().await;
                info!(room = %self.job.room, words, clean = left.is_ok(), "encoder ended");
                Outcome::Told
            }
            Outcome::Broke(GapWhy::EncoderDied(_)) => {
                Outcome::Broke(GapWhy::EncoderDied(encoder.end().await))
            }
            Outcome::Broke(_) | Outcome::Lost(_) => {
                let words = encoder.end_now().await;
                info!(room = %self.job.room, words, "encoder killed");
                outcome
            }
        }
    }

    /// Carries bytes from the encoder to the reel until something ends it.
    async fn pump(
        &mut self,
        encoder: &mut Encoder,
        splitter: &mut Splitter,
        reel: &mut Reel,
    ) -> Outcome {
        let stall = self.setup.stall.to_std();
        let mut buffer = vec![0; READ];
        // Opening devices takes its time before the first picture.
        let mut deadline = Instant::now() + stall * 2;
        loop {
            let trouble = reel.trouble();
            // Every arm is cancel-safe: a read that did not end took nothing.
            let got = tokio::select! {
                biased;
                _ = self.told() => return Outcome::Told,
                why = troubled(trouble) => return Outcome::Lost(why),
                got = timeout_at(deadline, encoder.pipe.read(&mut buffer)) => got,
            };
            let got = match got {
                Err(_) => return Outcome::Broke(GapWhy::Stalled),
                Ok(Ok(0)) => return Outcome::Broke(GapWhy::EncoderDied(String::new())),
                Ok(Ok(got)) => got,
                Ok(Err(error)) => return Outcome::Broke(GapWhy::EncoderDied(error.to_string())),
            };
            match self.take(splitter, &buffer[..got], reel).await {
                Ok(true) => deadline = Instant::now() + stall,
                Ok(false) => {}
                Err(Trouble::Part(error)) => {
                    return Outcome::Broke(GapWhy::Garbage(error.to_string()));
                }
                Err(Trouble::File(why)) => return Outcome::Lost(why),
            }
        }
    }

    /// What the encoder still had when it was asked to end.
    async fn drain_pipe(&self, encoder: &mut Encoder, splitter: &mut Splitter, reel: &mut Reel) {
        let mut buffer = vec![0; READ];
        while let Ok(got) = encoder.pipe.read(&mut buffer).await {
            if got == 0 || self.take(splitter, &buffer[..got], reel).await.is_err() {
                return;
            }
        }
    }

    /// Splits what arrived; true when there was a picture in it.
    async fn take(
        &self,
        splitter: &mut Splitter,
        bytes: &[u8],
        reel: &mut Reel,
    ) -> Result<bool, Trouble> {
        let (mut parts, mut pictures) = (Vec::new(), false);
        let split = splitter.push(bytes, &mut parts);
        for part in parts {
            pictures |= reel.take(part, self.clock.moment()).await?;
        }
        split.map(|()| pictures).map_err(Trouble::Part)
    }

    /// Waits until told to end. A desk that is gone means that the box goes down.
    async fn told(&mut self) -> End {
        self.end.wait_for(|end| *end != End::Go).await.map_or(End::Drain, |end| *end)
    }
}

impl Patience {
    /// At once, then up to a second, and five seconds when it has failed for long.
    fn after_failure(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        Duration::from_millis(match self.failures {
            0 | 1 => 0,
            2 => 250,
            3 => 500,
            4..=12 => 1000,
            _ => 5000,
        })
    }

    fn may_speak(&mut self, now: Millis) -> bool {
        let may = self.spoken.is_none_or(|last| now - last >= SPEAK_EVERY);
        if may {
            self.spoken = Some(now);
        }
        may
    }
}

/// Waits for the open file to fail; for ever when none is open.
async fn troubled(trouble: Option<watch::Receiver<Option<String>>>) -> String {
    if let Some(mut trouble) = trouble
        && let Ok(why) = trouble.wait_for(Option::is_some).await
    {
        return why.clone().unwrap_or_default();
    }
    std::future::pending().await
}

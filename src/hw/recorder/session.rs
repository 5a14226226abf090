//! One lesson's recording from its start to its end: encoder runs one after the other, for as long as it lives.
//! An encoder that dies, hangs or talks nonsense is a gap, never an end.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{error, info, warn};

use crate::hw::error::HwError;
use crate::hw::inputs::Source;
use crate::hw::recorder::away::Away;
use crate::hw::recorder::ffmpeg::{Encoder, part_us};
use crate::hw::recorder::ledger::Ledger;
use crate::hw::recorder::outbox::Outbox;
use crate::hw::recorder::recover::{self, Shelf};
use crate::hw::recorder::reel::{Before, Reel, Since, Trouble};
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
    /// The box goes down: a long file is not read to its end.
    down: Arc<AtomicBool>,
    /// A new lesson that does not have its folder for itself yet.
    fresh: bool,
    /// A file could not be written: go on in a new one.
    broke: bool,
    /// No picture, while there is no reel to remember it.
    gap: Option<Since>,
    /// A file of the lesson could not be read: its end has to look again.
    unread: bool,
    ledger: Option<Ledger>,
}

type Changes = Option<watch::Receiver<u64>>;

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
        down: Arc<AtomicBool>,
    ) -> Self {
        let (fresh, broke, unread) = (false, false, false);
        Self { setup, job, clock, outbox, end, down, fresh, broke, gap: None, unread, ledger: None }
    }

    /// Like `record`, for a lesson whose folder may hold nothing yet.
    pub async fn record_anew(mut self) {
        self.fresh = true;
        self.record().await;
    }

    /// Records until told to end; what refuses or breaks it is tried again. Says `Ended` unless the box is only
    /// going down or the files cannot be read.
    pub async fn record(mut self) {
        let (mut reel, mut told) = (None, None);
        let mut changes = None;
        while let Err(away) = self.attempt(&mut reel).await {
            if let Away::Lost(_) = away {
                self.broke = true;
                if self.outbox.opened() {
                    told = None;
                }
            }
            self.interrupt(&mut reel, away.gap()).await;
            if !told.as_ref().is_some_and(|told| away.same(told)) {
                error!(room = %self.job.room, ?away, "not recording; it is tried again");
                self.outbox.tell_surely(away.note()).await;
                told = Some(away);
            }
            if self.rest(self.setup.retry_every.to_std(), &mut changes).await {
                break;
            }
        }
        self.close(reel).await;
    }

    /// Goes as far as it can towards recording. `Ok` when told to end.
    async fn attempt(&mut self, reel: &mut Option<Reel>) -> Result<(), Away> {
        if reel.is_none() && !self.broke {
            *reel = Some(self.open().await?);
        }
        let held = self.broke || reel.as_ref().is_some_and(Reel::holds);
        let mut end = self.end.clone();
        let source = tokio::select! {
            biased;
            _ = end.wait_for(|end| *end != End::Go) => return Ok(()),
            ready = self.ready(held) => ready.map_err(Away::Refused)?,
        };
        let reel = match reel {
            Some(reel) => reel,
            None => reel.insert(self.open().await?),
        };
        self.outbox.opened();
        self.roll(reel, source).await.map_err(Away::Lost)
    }

    /// Reconciles the folder and goes on behind what is there.
    async fn open(&mut self) -> Result<Reel, Away> {
        let folder = |why| Away::Refused(RefusedWhy::Folder(why));
        let shelf = self.shelf().await.map_err(folder)?;
        if !shelf.unread.is_empty() && !self.unread {
            self.unread = true;
            self.outbox.tell_surely(Note::Lost(unread(&shelf))).await;
        }
        let (old, dir) = (shelf.files.len(), self.job.dir.clone());
        let since = self.gap.take();
        let before = if self.broke { Before::Broke(since) } else { Before::Away(since) };
        let pen = self.ledger().pen();
        let reel = Reel::open(dir, self.job.zero, (self.care(), pen), shelf, before).await;
        info!(room = %self.job.room, old, dir = %self.job.dir.display(), "recording");
        reel.map_err(folder)
    }

    /// Remembers the gap. A reel whose file failed is not gone on with: what it believes may not be in the file.
    async fn interrupt(&mut self, reel: &mut Option<Reel>, why: GapWhy) {
        let Some(mut open) = reel.take() else {
            self.gap.get_or_insert((why, self.job.zero));
            return;
        };
        open.interrupt(why);
        if !self.broke {
            *reel = Some(open);
            return;
        }
        // What went wrong is told already.
        let _ = open.close().await;
        self.gap = open.into_gap();
    }

    /// The lesson, or the box, ends.
    async fn close(mut self, reel: Option<Reel>) {
        let mut clean = None;
        if let Some(mut reel) = reel {
            // A gap that never ended, ends with the recording.
            reel.tell_gap(self.clock.now());
            match reel.close().await {
                Ok(()) => clean = Some(reel),
                Err(why) => self.say_lost(why).await,
            }
        } else if let Some((why, from)) = self.gap.take().filter(|_| self.broke) {
            self.outbox.tell(Note::Gap { why, from, until: self.clock.now() });
        }
        let (end, ledger) = (self.told().await, self.ledger.take());
        if end != End::Stop {
            return;
        }
        if let Some(ledger) = ledger {
            ledger.close().await;
        }
        if self.fresh {
            // Whatever lies in the folder is not this lesson's.
            return self.say_ended(Some(Vec::new())).await;
        }
        let Some(reel) = clean.filter(|_| !self.unread) else {
            return self.finish().await;
        };
        match reel.finished(&self.down).await {
            Ok(takes) => self.say_ended(takes).await,
            Err(why) => self.say_lost(why).await,
        }
    }

    /// Reconciles and closes what a lesson left that nobody records any more.
    pub async fn finish(self) {
        let (dir, down) = (self.job.dir.clone(), self.down.clone());
        let read = spawn_blocking(move || {
            let shelf = recover::reconcile(&dir)?;
            if shelf.unread.is_empty() {
                recover::finished(shelf.files, &down)
            } else {
                Err(std::io::Error::other(unread(&shelf)))
            }
        });
        match read.await {
            Ok(Ok(takes)) => self.say_ended(takes).await,
            Ok(Err(error)) => self.say_lost(error.to_string()).await,
            Err(error) => self.say_lost(error.to_string()).await,
        }
    }

    /// `None`: the box goes down before every file was read; the next start finishes again.
    async fn say_ended(&self, takes: Option<Vec<Finished>>) {
        let Some(takes) = takes else {
            return info!(room = %self.job.room, "not closed before the box goes down");
        };
        let bytes: u64 = takes.iter().map(|finished| finished.bytes).sum();
        info!(room = %self.job.room, takes = takes.len(), bytes, "recording ended");
        self.outbox.tell_surely(Note::Ended { takes }).await;
    }

    /// No `Ended` follows by itself: "cannot read" is not "holds nothing".
    async fn say_lost(&self, why: String) {
        error!(room = %self.job.room, why, "the recording's files cannot be read or written");
        self.outbox.tell_surely(Note::Lost(why)).await;
    }

    async fn shelf(&mut self) -> Result<Shelf, String> {
        let dir = self.job.dir.clone();
        let aside = self.fresh.then(|| self.clock.now());
        let read = spawn_blocking(move || {
            if let Some(now) = aside {
                recover::move_aside(&dir, now)?;
            }
            recover::make(&dir)?;
            recover::reconcile(&dir)
        });
        let shelf = read.await.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
        self.fresh = false;
        Ok(shelf)
    }

    /// Begun with the folder, which is there now.
    fn ledger(&mut self) -> &mut Ledger {
        let (Job { dir, zero, source, .. }, clock) = (&self.job, &self.clock);
        self.ledger.get_or_insert_with(|| {
            let ear = self.setup.monitors.get(source).cloned();
            Ledger::open(dir.clone(), *zero, (clock.clone(), ear), self.outbox.clone())
        })
    }

    fn care(&self) -> Care {
        Care {
            sync_every: self.setup.sync_every,
            sync: Arc::new(std::fs::File::sync_data),
            floor_bytes: self.setup.floor_bytes,
            clock: self.clock.clone(),
            outbox: self.outbox.clone(),
            screen: self.setup.show.of(self.job.room),
            part_us: part_us(self.setup.inputs.wanted.rate),
        }
    }

    /// Whether there is room on the disk, something to see and something to encode it. A lesson of which a part
    /// is `held` already may use the reserve.
    async fn ready(&self, held: bool) -> Result<Source, RefusedWhy> {
        let needed = if held { self.setup.floor_bytes } else { self.setup.reserve_bytes };
        let disk = rustix::fs::statvfs(&self.job.dir);
        let disk = disk.map_err(|e| RefusedWhy::Folder(e.to_string()))?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < needed {
            return Err(RefusedWhy::DiskReserve { free, needed });
        }
        self.source().await.map_err(|e| match e.part {
            "input" => RefusedWhy::NoInput(e.source),
            _ => RefusedWhy::NoEncoder(e.to_string()),
        })
    }

    /// What is plugged in now: after a cable was pulled it may have another number.
    async fn source(&self) -> Result<Source, HwError> {
        self.setup.inputs.choose(&self.job.source).await
    }

    /// Run after run. `Err` when the file cannot be written.
    async fn roll(&mut self, reel: &mut Reel, source: Source) -> Result<(), String> {
        let mut patience = Patience::default();
        let (mut known, mut changes) = (Some(source), None);
        loop {
            let began = self.clock.steady();
            let why = match Box::pin(self.run_once(reel, known.take())).await {
                Outcome::Told => return Ok(()),
                Outcome::Lost(why) => return Err(why),
                Outcome::Broke(why) => why,
            };
            if self.clock.steady() - began >= WELL {
                patience.failures = 0;
                changes = None;
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
            if self.rest(pause, &mut changes).await {
                return Ok(());
            }
        }
    }

    async fn run_once(&mut self, reel: &mut Reel, known: Option<Source>) -> Outcome {
        let mut end = self.end.clone();
        let source = match known {
            Some(source) => Ok(source),
            None => tokio::select! {
                biased;
                _ = end.wait_for(|end| *end != End::Go) => return Outcome::Told,
                source = self.source() => source,
            },
        };
        let source = match source {
            Ok(source) => source,
            Err(error) => return Outcome::Broke(GapWhy::EncoderDied(error.to_string())),
        };
        let elapsed = (self.clock.now() - self.job.zero).as_seconds();
        let gauges = match self.ledger().run(source.heed) {
            Ok(gauges) => gauges,
            Err(error) => return Outcome::Broke(GapWhy::EncoderDied(error.to_string())),
        };
        let mut encoder = match Encoder::start(&source, elapsed, gauges) {
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
        let mut deadline = Instant::now() + first_picture(stall);
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

    /// Waits until it is time to try again: at once when something was plugged in meanwhile. True when told to end.
    /// `changes` are heard from the first failure on.
    async fn rest(&mut self, pause: Duration, changes: &mut Changes) -> bool {
        let inputs = self.setup.inputs.clone();
        let changes = changes.get_or_insert_with(|| inputs.hotplug.changes());
        tokio::select! {
            biased;
            _ = self.told() => true,
            () = async { changes.changed().await.unwrap_or(()) } => false,
            () = tokio::time::sleep(pause) => false,
        }
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

/// Opening devices takes its time, but a stall must be noticed within 5 s at any time.
fn first_picture(stall: Duration) -> Duration {
    stall + stall / 10
}

fn unread(shelf: &Shelf) -> String {
    format!("cannot be read: {}", shelf.unread.join(", "))
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

//! One lesson's recording from its start to its end: what it needs before it can begin, runs of the encoder for as long as it
//! lives (`roll`), and its end.

mod roll;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::Instant;
use tracing::{error, info};

use crate::domain::monitor::Input;
use crate::hw::board::Encoder;
use crate::hw::error::HwError;
use crate::hw::inputs::{Faults, Source, Wish};
use crate::hw::recorder::away::Away;
use crate::hw::recorder::ffmpeg::part_us;
use crate::hw::recorder::ledger::Ledger;
use crate::hw::recorder::outbox::Outbox;
use crate::hw::recorder::recover::{self, Shelf};
use crate::hw::recorder::reel::{self, Anchor, Before, Reel, Since};
use crate::hw::recorder::tape::Care;
use crate::hw::recorder::{End, Lessons, Picture, Setup};
use crate::model::recording::{Finished, GapWhy, Job, Note, RefusedWhy, View};
use crate::model::{Clock, Millis};

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
    lessons: Lessons,
    /// A file could not be written: go on in a new one.
    broke: bool,
    /// No picture, while there is no reel to remember it.
    gap: Option<Since>,
    /// A file of the lesson could not be read: its end has to look again.
    unread: bool,
    ledger: Option<Ledger>,
    /// What is asked of the input, and what was last told to be wrong with it.
    wish: Wish,
    faults: Faults,
    blame: Blame,
}

/// An encoder that broke off with no device to blame.
#[derive(Default)]
struct Blame {
    encoder: Option<Encoder>,
    /// So often in a row.
    times: u32,
    since: Option<Instant>,
    /// No other did better: nobody is blamed until then.
    pause: Option<Instant>,
}

/// What is read, and changes since it was chosen.
type Read = (Source, watch::Receiver<u64>);
type Changes = Option<watch::Receiver<u64>>;

impl Session {
    pub fn new(
        setup: Arc<Setup>,
        job: Job,
        clock: Clock,
        outbox: Outbox,
        end: watch::Receiver<End>,
        (down, lessons): (Arc<AtomicBool>, Lessons),
    ) -> Self {
        let (fresh, broke, unread) = (false, false, false);
        let (gap, ledger, wish, faults) = (None, None, Wish::default(), Faults::default());
        Self {
            setup,
            job,
            clock,
            outbox,
            end,
            down,
            fresh,
            lessons,
            broke,
            gap,
            unread,
            ledger,
            wish,
            faults,
            blame: Blame::default(),
        }
    }

    /// Like `record`, for a lesson whose folder may hold nothing yet.
    pub async fn record_anew(mut self) {
        self.fresh = true;
        self.record().await;
    }

    /// Records until told to end; what refuses or breaks it is tried again. Says `Ended` unless the box is only
    /// going down or the files cannot be read.
    pub async fn record(mut self) {
        // Until it is over, nobody opens the input to look at it.
        let _taken = self.setup.monitors.get(&self.job.source).map(Input::take);
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
                error!(room = %self.job.track(), ?away, "not recording; it is tried again");
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
        let (shelf, anchor) = self.shelf().await.map_err(folder)?;
        if !shelf.unread.is_empty() && !self.unread {
            self.unread = true;
            self.outbox.tell_surely(Note::Lost(unread(&shelf))).await;
        }
        let (old, dir) = (shelf.files.len(), self.job.dir());
        let since = self.gap.take();
        let before = if self.broke { Before::Broke(since) } else { Before::Away(since) };
        let pen = self.ledger().pen();
        info!(room = %self.job.track(), old, dir = %dir.display(), "recording");
        let (times, with) = ((self.job.zero, anchor), (self.care(), pen));
        let reel = Reel::open(dir, times, with, shelf, before).await;
        let reel = reel.map_err(folder)?;
        if let Some((width, height)) =
            reel.resumed.filter(|(width, height)| *width > 0 && *height > 0)
        {
            // What is encoded now goes on in the same file, whatever is plugged in.
            let (rate, kbit) = (0, self.setup.inputs.wanted(&self.job.source).kbit);
            self.wish.picture.get_or_insert(Picture { width, height, rate, kbit });
        }
        Ok(reel)
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
        let (dir, down) = (self.job.dir(), self.down.clone());
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
            return info!(room = %self.job.track(), "not closed before the box goes down");
        };
        let bytes: u64 = takes.iter().map(|finished| finished.bytes).sum();
        info!(room = %self.job.track(), takes = takes.len(), bytes, "recording ended");
        self.outbox.tell_surely(Note::Ended { takes }).await;
    }

    /// No `Ended` follows by itself: "cannot read" is not "holds nothing".
    async fn say_lost(&self, why: String) {
        error!(room = %self.job.track(), why, "the recording's files cannot be read or written");
        self.outbox.tell_surely(Note::Lost(why)).await;
    }

    async fn shelf(&mut self) -> Result<(Shelf, Anchor), String> {
        let (job, dir, lessons) = (self.job.clone(), self.job.dir(), self.lessons.clone());
        let (aside, clock) = (self.fresh.then(|| self.clock.now()), self.clock.clone());
        let read = spawn_blocking(move || {
            if let Some(now) = aside {
                // Once for all pictures of the lesson, and before anything of any is there. Nobody waits for it but they.
                let mut lessons = lessons.lock().unwrap_or_else(PoisonError::into_inner);
                let lesson = lessons.entry(job.room).or_default();
                if !lesson.is_begun {
                    recover::move_aside(&job.folder, now)?;
                    lesson.is_begun = true;
                }
            }
            recover::make(&job.folder)?;
            if dir != job.folder {
                recover::make(&dir)?;
            }
            let shelf = recover::reconcile(&dir)?;
            let anchor = anchor(&lessons, &job, &shelf, &clock);
            Ok::<_, std::io::Error>((shelf, anchor))
        });
        let shelf = read.await.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
        self.fresh = false;
        Ok(shelf)
    }

    /// Begun with the folder, which is there now.
    fn ledger(&mut self) -> &mut Ledger {
        let (job, clock) = (&self.job, &self.clock);
        self.ledger.get_or_insert_with(|| {
            let ear = self.setup.monitors.get(&job.source).cloned();
            Ledger::open(job.dir(), job.zero, (clock.clone(), ear), self.outbox.clone())
        })
    }

    fn care(&self) -> Care {
        Care {
            sync_every: self.setup.sync_every,
            sync: Arc::new(std::fs::File::sync_data),
            floor_bytes: self.share(self.setup.floor_bytes),
            clock: self.clock.clone(),
            outbox: self.outbox.clone(),
            screen: self.setup.show.of(self.job.track()),
            part_us: part_us(self.setup.inputs.wanted(&self.job.source).rate),
        }
    }

    /// Two pictures need twice the space, and slides leave the teacher's picture its own: they are refused first, and end first.
    fn share(&self, bytes: u64) -> u64 {
        match self.job.view {
            View::Teacher => bytes,
            View::Slides => bytes.saturating_mul(2),
        }
    }

    /// Whether there is room on the disk, something to see and something to encode it. A lesson of which a part
    /// is `held` already may use the reserve.
    async fn ready(&self, held: bool) -> Result<Read, RefusedWhy> {
        let setup = &self.setup;
        let needed = self.share(if held { setup.floor_bytes } else { setup.reserve_bytes });
        let disk = rustix::fs::statvfs(self.job.dir());
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

    /// What is plugged in now: after a cable was pulled it may have another number. A slate while it is switched off; who
    /// switches it meanwhile begins it anew, for devices are asked and tried to choose one.
    async fn source(&self) -> Result<Read, HwError> {
        let (inputs, devices, name) = (&self.setup.inputs, &self.setup.devices, &self.job.source);
        loop {
            let is_off = devices.now().is_shut(name);
            let (changes, wish) = (inputs.hotplug.changes(), Wish { is_off, ..self.wish.clone() });
            tokio::select! {
                biased;
                () = devices.until(name, !is_off) => {}
                source = self.chosen(&wish) => return Ok((source?, changes)),
            }
        }
    }

    async fn chosen(&self, wish: &Wish) -> Result<Source, HwError> {
        if let Some(input) = self.setup.monitors.get(&self.job.source) {
            input.left().await;
        }
        self.setup.inputs.choose(&self.job.source, wish).await
    }

    /// Waits until it is time to try again: at once when something was plugged in meanwhile. True when told to end.
    /// `changes` are heard from the first failure on.
    async fn rest(&mut self, pause: Duration, changes: &mut Changes) -> bool {
        let (inputs, devices) = (self.setup.inputs.clone(), self.setup.devices.clone());
        let source = self.job.source.clone();
        let is_shut = devices.now().is_shut(&source);
        let changes = changes.get_or_insert_with(|| inputs.hotplug.changes());
        tokio::select! {
            biased;
            _ = self.told() => true,
            () = async { changes.changed().await.unwrap_or(()) } => false,
            () = devices.until(&source, !is_shut) => false,
            () = tokio::time::sleep(pause) => false,
        }
    }

    /// Waits until told to end. A desk that is gone means that the box goes down.
    async fn told(&mut self) -> End {
        self.end.wait_for(|end| *end != End::Go).await.map_or(End::Drain, |end| *end)
    }
}

/// What places all pictures of a lesson: the wall clock, where that is not behind the film of any of them, for a box without a
/// battery may have lost the time.
fn anchor(lessons: &Lessons, job: &Job, shelf: &Shelf, clock: &Clock) -> Anchor {
    let lessons = || lessons.lock().unwrap_or_else(PoisonError::into_inner);
    let known = lessons().get(&job.room).and_then(|lesson| lesson.anchor);
    if let Some(anchor) = known {
        return anchor;
    }
    let view = match job.view {
        View::Teacher => View::Slides,
        View::Slides => View::Teacher,
    };
    let other_us = recover::until_us(&Job { view, ..job.clone() }.dir());
    let film_us = shelf.files.iter().map(|old| old.found.until_us()).fold(other_us, u64::max);
    let film = Millis(i64::try_from(film_us / 1000).unwrap_or(i64::MAX));
    let now = clock.moment();
    let anchor = (now.steady, reel::placed(now.wall - job.zero).max(film));
    *lessons().entry(job.room).or_default().anchor.get_or_insert(anchor)
}

fn unread(shelf: &Shelf) -> String {
    format!("cannot be read: {}", shelf.unread.join(", "))
}

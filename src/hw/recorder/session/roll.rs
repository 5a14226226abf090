//! Runs of the encoder, one after the other. One that dies, hangs or talks nonsense is a gap, never an end; a half of the
//! input that is not there is a slate or silence, and what is there goes on.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tracing::{info, warn};

use super::{Read, Session};
use crate::hw::inputs::{Change, Doubt, Faults, Source};
use crate::hw::recorder::ffmpeg::Encoder;
use crate::hw::recorder::reel::{Came, Reel, Trouble};
use crate::hw::recorder::{End, Setup};
use crate::model::Millis;
use crate::model::recording::GapWhy;
use crate::wire::fmp4::split::Splitter;

/// As much as a pipe holds.
const READ: usize = 64 << 10;
/// After TERM, for what the encoder still holds.
const PIPE_LIMIT: Duration = Duration::from_secs(2);
/// The same, when its device is gone or there is a better picture, and each moment counts.
const LEFT_LIMIT: Duration = Duration::from_millis(500);
/// Whoever died is started again so often without asking: a trial takes as long as a start does.
const UNASKED: u32 = 2;
/// After so many bad runs a device may be to blame though it passes each trial.
const AGAIN: u32 = 3;
/// An encoder that breaks off so often in a row with no device to blame, for `WELL` at least, is given up: a machine whose memory is
/// short for a moment kills anyone.
const BLAMELESS_MAX: u32 = 3;
/// When no encoder does better, none is blamed for so long.
const BLAME_PAUSE: Duration = Duration::from_secs(60);
/// Who failed more often is given no more time for that.
const SLOWER_MAX: u32 = 3;
/// An encoder that gave pictures for so long was well; what ends it is a new trouble.
const WELL: Duration = Duration::from_secs(10);
/// The same, of one whose device ended: each moment that a loose cable gives a picture is shown, and no trial waits between.
const SHOWN: Duration = Duration::from_secs(3);
/// A loose cable does not turn the film over more often than this.
const TURN: Duration = Duration::from_secs(2);
/// Longer than what is given in one piece.
const CLEARLY: Duration = Duration::from_secs(1);
/// A failing encoder is spoken of this often.
const SPEAK_EVERY: Millis = Millis::seconds(60);

/// How an encoder's run ended.
enum Outcome {
    /// We were told to.
    Told,
    /// The input is to be read in another way.
    Changed(Change),
    /// Its devices were switched off, or on again.
    Switched,
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

impl Outcome {
    /// Who gave pictures for so long was well.
    fn well(&self) -> Duration {
        match self {
            Self::Broke(GapWhy::Input(_)) => SHOWN,
            _ => WELL,
        }
    }
}

impl Session {
    /// Run after run. `Err` when the file cannot be written.
    pub(super) async fn roll(&mut self, reel: &mut Reel, read: Read) -> Result<(), String> {
        let mut patience = Patience::default();
        let (mut known, mut changes) = (Some(read), None);
        loop {
            let run = self.run_once(reel, known.take(), patience.failures);
            let (outcome, is_well) = Box::pin(run).await;
            if let Outcome::Changed(Change { doubt, .. }) = &outcome {
                self.wish.doubt = *doubt;
            }
            if is_well {
                patience.failures = 0;
                self.blame.times = 0;
                self.wish.settle(self.faults);
                changes = None;
            }
            let why = match outcome {
                Outcome::Told => return Ok(()),
                Outcome::Lost(why) => return Err(why),
                Outcome::Changed(Change { why, .. }) => {
                    reel.interrupt(GapWhy::Input(why));
                    continue;
                }
                Outcome::Switched => {
                    reel.interrupt(GapWhy::Shut);
                    // What fails now is new, and told as soon as it would be in a new lesson; nobody has looked meanwhile.
                    patience = Patience::default();
                    self.wish.doubt = Doubt::default();
                    self.blame.times = 0;
                    continue;
                }
                Outcome::Broke(why) => why,
            };
            let pause = patience.after_failure();
            let speaks = patience.may_speak(self.clock.steady());
            if speaks {
                warn!(room = %self.job.track(), ?why, ?pause, "no picture; the encoder is started again");
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

    /// How it ended, and whether it was well until then. `failures`: so many runs before this one ended badly.
    async fn run_once(
        &mut self,
        reel: &mut Reel,
        known: Option<Read>,
        failures: u32,
    ) -> (Outcome, bool) {
        let (mut encoder, read) = match self.begin(known).await {
            Ok(begun) => begun,
            Err(outcome) => return (outcome, false),
        };
        let (mut splitter, mut pulse) =
            (Splitter::default(), Pulse::begin(self.opening(&read.0, failures)));
        let pump = self.pump(&mut encoder, &mut splitter, reel, &read, &mut pulse);
        let outcome = Box::pin(pump).await;
        let is_well = pulse.is_well(&outcome);
        let why = match outcome {
            Outcome::Broke(why) => why,
            Outcome::Told | Outcome::Changed(_) | Outcome::Switched | Outcome::Lost(_) => {
                self.leave(&outcome, encoder, &mut splitter, reel).await;
                return (outcome, is_well);
            }
        };
        // What is tried now is open as well.
        let open = encoder.reads.clone();
        let words = self.bury(&why, encoder, &mut splitter, reel).await;
        let is_death = matches!(why, GapWhy::EncoderDied(_));
        let why = if is_death { GapWhy::EncoderDied(words.clone()) } else { why };
        let (mut end, failures) = (self.end.clone(), if is_well { 0 } else { failures });
        let (devices, input) = (self.setup.devices.clone(), self.job.source.clone());
        tokio::select! {
            biased;
            _ = end.wait_for(|end| *end != End::Go) => {}
            () = devices.until(&input, !read.0.is_off()) => {}
            () = async {
                let is_blameless = self.doubt(&read.0, &pulse, &why, (&words, failures)).await;
                drop(open);
                match is_blameless {
                    true => self.blame_encoder(&read.0, &why).await,
                    false => self.blame.times = 0,
                }
            } => {}
        }
        (Outcome::Broke(why), is_well)
    }

    /// Starts the encoder for what is plugged in now, or says why there is none. One that is switched off opens nothing.
    async fn begin(&mut self, known: Option<Read>) -> Result<(Encoder, Read), Outcome> {
        let mut end = self.end.clone();
        let (setup, input) = (self.setup.clone(), self.job.source.clone());
        let read = match known {
            Some(read) => Ok(read),
            None => tokio::select! {
                biased;
                _ = end.wait_for(|end| *end != End::Go) => return Err(Outcome::Told),
                read = self.source() => read,
            },
        };
        let died =
            |error: &dyn std::fmt::Display| Outcome::Broke(GapWhy::EncoderDied(error.to_string()));
        let read = read.map_err(|e| died(&e))?;
        let is_off = read.0.is_off();
        // Held until nothing of it is read or tried any more.
        let open = match is_off {
            true => None,
            false => Some(setup.devices.open(&input).ok_or(Outcome::Switched)?),
        };
        self.note(&read.0);
        let elapsed = (self.clock.now() - self.job.zero).as_seconds();
        let gauges = self.ledger().run(read.0.heed).map_err(|e| died(&e))?;
        tokio::select! {
            biased;
            () = setup.devices.until(&input, !is_off) => {}
            () = setup.inputs.prepare(&read.0) => {}
        }
        // Nothing waits from here to the start.
        if setup.devices.now().is_shut(&input) != is_off {
            return Err(Outcome::Switched);
        }
        let mut encoder = Encoder::start(&read.0, elapsed, gauges).map_err(|e| died(&e))?;
        encoder.reads = open.map(Arc::new);
        Ok((encoder, read))
    }

    /// Ends an encoder that did nothing wrong: with what it still holds where there is time for that.
    async fn leave(
        &self,
        outcome: &Outcome,
        mut encoder: Encoder,
        splitter: &mut Splitter,
        reel: &mut Reel,
    ) {
        let limit = match outcome {
            Outcome::Told => PIPE_LIMIT,
            Outcome::Changed(_) => LEFT_LIMIT,
            Outcome::Switched | Outcome::Broke(_) | Outcome::Lost(_) => {
                let words = encoder.end_now().await;
                return info!(room = %self.job.track(), words, "encoder killed");
            }
        };
        let (devices, input) = (&self.setup.devices, &self.job.source);
        let is_open = encoder.reads.is_some();
        encoder.ask_to_end();
        let clean = tokio::select! {
            biased;
            () = devices.until(input, true), if is_open => false,
            left = timeout(limit, self.drain_pipe(&mut encoder, splitter, reel)) => left.is_ok(),
        };
        let is_shut = is_open && devices.now().is_shut(input);
        let words = match clean && !is_shut {
            true => encoder.end().await,
            false => encoder.end_now().await,
        };
        info!(room = %self.job.track(), words, clean, "encoder ended");
    }

    /// Ends an encoder that broke off; its last words.
    async fn bury(
        &self,
        why: &GapWhy,
        mut encoder: Encoder,
        splitter: &mut Splitter,
        reel: &mut Reel,
    ) -> String {
        if let GapWhy::Input(_) = why {
            // What it had before the device went.
            encoder.ask_to_end();
            let left = self.drain_pipe(&mut encoder, splitter, reel);
            let _ = timeout(LEFT_LIMIT, left).await;
        }
        let words = match why {
            GapWhy::EncoderDied(_) => encoder.end().await,
            _ => encoder.end_now().await,
        };
        info!(room = %self.job.track(), words, "encoder is gone");
        words
    }

    /// Keeps what the film is made of, and says once what is wrong with the input.
    fn note(&mut self, source: &Source) {
        if source.encoder.is_some() {
            self.wish.picture = Some(source.picture);
        }
        self.wish.sound |= source.read()[1].is_some();
        for (kept, device) in self.wish.places.iter_mut().zip(source.read()) {
            *kept = device.map(|device| device.place.clone()).or(kept.take());
        }
        if source.faults != self.faults {
            let was_off = std::mem::replace(&mut self.faults, source.faults).is_off();
            let (room, what) = (self.job.track(), source.faults.words());
            if source.is_off() || was_off && source.faults == Faults::default() {
                info!(%room, what, "the input");
            } else {
                warn!(%room, what, why = source.why.join("; "), "the input");
            }
        }
    }

    /// Which half was to blame for a run that broke: what gave nothing lately, or is named by ffmpeg, and gives nothing when it
    /// is tried alone. (One that hangs holds up the other in ffmpeg.) Who breaks off again and again is not believed any more,
    /// whatever a trial says. True when no device is: none is read, or each passed its trial and could have been named.
    async fn doubt(
        &mut self,
        source: &Source,
        pulse: &Pulse,
        why: &GapWhy,
        (words, failures): (&str, u32),
    ) -> bool {
        let is_stall = *why == GapWhy::Stalled;
        let is_read = source.read().iter().any(Option::is_some);
        if !is_read || failures < UNASKED && !is_stall {
            return !is_read;
        }
        let (stall, names) = (self.setup.stall.to_std(), source.names());
        let mut named = [false; 2];
        for told in words.split("; ").map(|line| names.ended(line)) {
            named = [named[0] || told[0], named[1] || told[1]];
        }
        // Before the trial, which takes its time: a run may take as long to open its devices.
        let (quiet, first) = (pulse.quiet(stall / 2), pulse.first(source));
        let mute = self.setup.inputs.mute(source, self.opening(source, 0)).await;
        let (doubt, mut is_blameless) = (&mut self.wish.doubt, failures >= AGAIN);
        for (n, trust) in [&mut doubt.picture, &mut doubt.sound].into_iter().enumerate() {
            let is_again = failures >= AGAIN && (named[n] || is_stall && first == Some(n));
            if mute[n] && (quiet[n] || named[n]) || is_again {
                trust.lose();
            }
            is_blameless &= !mute[n] && !named[n] && !is_again;
        }
        is_blameless
    }

    /// It gives way to the board's next one, for this lesson and all later ones: what it wrote is another film's.
    async fn blame_encoder(&mut self, source: &Source, why: &GapWhy) {
        let (inputs, blame, now) = (&self.setup.inputs, &mut self.blame, Instant::now());
        let Some(encoder) =
            source.encoder.as_ref().filter(|_| blame.pause.is_none_or(|until| now >= until))
        else {
            return;
        };
        if blame.times == 0 || blame.encoder.as_ref() != Some(encoder) {
            (blame.encoder, blame.times, blame.since) = (Some(encoder.clone()), 0, Some(now));
        }
        blame.times += 1;
        let lasts = blame.since.map_or(Duration::ZERO, |since| now - since);
        if blame.times < BLAMELESS_MAX || lasts < WELL {
            return;
        }
        let times = std::mem::take(&mut blame.times);
        let wrong =
            format!("failed {times} times in a row in a lesson, no device was to blame: {why:?}");
        blame.pause =
            (!inputs.replace(encoder, &wrong).await).then(|| Instant::now() + BLAME_PAUSE);
    }

    /// How long a run may take until its first picture. That it hangs is noticed within 5 s, but a machine that is slow for a while
    /// must not be told by the same limit again and again that its slates are broken, nor a slow camera, which gave a picture
    /// when it was tried, that it gives none.
    fn opening(&self, source: &Source, failures: u32) -> Duration {
        let Setup { stall, opening, .. } = &*self.setup;
        let Doubt { picture, sound } = self.wish.doubt;
        let is_read = source.read().iter().any(Option::is_some);
        let slower = if is_read { picture.times.max(sound.times) } else { failures };
        (*stall + *opening).to_std() * (1 + slower.min(SLOWER_MAX))
    }

    /// Carries bytes from the encoder to the reel until something ends it.
    async fn pump(
        &mut self,
        encoder: &mut Encoder,
        splitter: &mut Splitter,
        reel: &mut Reel,
        read: &Read,
        pulse: &mut Pulse,
    ) -> Outcome {
        let (source, changes) = read;
        let (setup, wish) = (self.setup.clone(), self.wish.clone());
        let (name, stall) = (self.job.source.clone(), setup.stall.to_std());
        let changed = setup.inputs.changed(&name, source, &wish, changes.clone(), stall);
        let turn = pulse.began + TURN;
        let changed = async move {
            let change = changed.await;
            sleep_until(turn).await;
            change
        };
        let (mut changed, mut end) = (pin!(changed), self.end.clone());
        let mut switched = pin!(setup.devices.until(&name, !source.is_off()));
        let mut buffer = vec![0; READ];
        loop {
            let (trouble, due) = (reel.trouble(), pulse.due(stall, source));
            let lost = Some(encoder.lost.clone());
            // Every arm is cancel-safe: a read that did not end took nothing.
            let got = tokio::select! {
                biased;
                _ = end.wait_for(|end| *end != End::Go) => return Outcome::Told,
                why = troubled(trouble) => return Outcome::Lost(why),
                () = &mut switched => return Outcome::Switched,
                change = &mut changed => return Outcome::Changed(change),
                line = troubled(lost) => return Outcome::Broke(GapWhy::Input(line)),
                got = timeout_at(due, encoder.pipe.read(&mut buffer)) => got,
            };
            let got = match got {
                Err(_) => return Outcome::Broke(GapWhy::Stalled),
                Ok(Ok(0)) => return Outcome::Broke(GapWhy::EncoderDied(String::new())),
                Ok(Ok(got)) => got,
                Ok(Err(error)) => return Outcome::Broke(GapWhy::EncoderDied(error.to_string())),
            };
            match self.take(splitter, &buffer[..got], reel).await {
                Ok(came) => {
                    pulse.feel(came);
                    if let Some(encoder) = source.encoder.as_ref().filter(|_| pulse.lasts(WELL)) {
                        setup.inputs.prove(encoder);
                    }
                }
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

    /// Splits what arrived; says what was in it.
    async fn take(
        &self,
        splitter: &mut Splitter,
        bytes: &[u8],
        reel: &mut Reel,
    ) -> Result<Came, Trouble> {
        let (mut parts, mut all) = (Vec::new(), Came::default());
        let split = splitter.push(bytes, &mut parts);
        for part in parts {
            let came = reel.take(part, self.clock.moment()).await?;
            all = Came { picture: all.picture || came.picture, sound: all.sound || came.sound };
        }
        split.map(|()| all).map_err(Trouble::Part)
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

/// When the last picture and the last sound of a run came.
struct Pulse {
    began: Instant,
    /// For the first ones: devices are opened before.
    opening: Duration,
    first: Option<Instant>,
    picture: Option<Instant>,
    sound: Option<Instant>,
}

impl Pulse {
    fn begin(opening: Duration) -> Self {
        Self { began: Instant::now(), opening, first: None, picture: None, sound: None }
    }

    fn feel(&mut self, came: Came) {
        let now = Some(Instant::now());
        self.picture = if came.picture { now } else { self.picture };
        self.first = self.first.or(self.picture);
        self.sound = if came.sound { now } else { self.sound };
    }

    /// Who is long in opening its devices gave nothing meanwhile.
    fn is_well(&self, outcome: &Outcome) -> bool {
        self.lasts(outcome.well())
    }

    fn lasts(&self, long: Duration) -> bool {
        self.first.is_some_and(|first| first.elapsed() >= long)
    }

    /// When the next one must have come: the sooner where a device may be to blame.
    fn due(&self, stall: Duration, source: &Source) -> Instant {
        let due = |at: Option<Instant>, is_read: bool| match at {
            None => self.began + self.opening,
            Some(at) if is_read => at + stall / 2,
            Some(at) => at + stall,
        };
        let [camera, microphone] = source.read().map(|device| device.is_some());
        let picture = due(self.picture, camera);
        match microphone {
            true => picture.min(due(self.sound, true)),
            false => picture,
        }
    }

    /// Which halves have given nothing for so long.
    fn quiet(&self, long: Duration) -> [bool; 2] {
        [self.picture, self.sound].map(|at| at.is_none_or(|at| at.elapsed() >= long))
    }

    /// The half that stopped clearly before the other one, or the only one that is read.
    fn first(&self, source: &Source) -> Option<usize> {
        match source.read() {
            [Some(_), None] => Some(0),
            [None, Some(_)] => Some(1),
            [None, None] => None,
            [Some(_), Some(_)] => {
                let [picture, sound] =
                    [self.picture, self.sound].map(|at| at.unwrap_or(self.began));
                let is_before = |a: Instant, b: Instant| a + CLEARLY < b;
                let sound_first = is_before(sound, picture).then_some(1);
                is_before(picture, sound).then_some(0).or(sound_first)
            }
        }
    }
}

/// Waits for somebody to say what is wrong, for the open file's tape or for ffmpeg; for ever when nobody does.
async fn troubled(trouble: Option<watch::Receiver<Option<String>>>) -> String {
    if let Some(mut trouble) = trouble
        && let Ok(why) = trouble.wait_for(Option::is_some).await
    {
        return why.clone().unwrap_or_default();
    }
    std::future::pending().await
}

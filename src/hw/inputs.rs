//! What is plugged in, which of it belongs to which input of the board, and how it is read: `v4l2` and `alsa` look, `choice`
//! decides, `pace` finds the size that the encoder keeps up with, `fault` is what may be wrong, `watch` sees when that changes,
//! `trial` and `reset` are what it does about it. The recorder takes its arguments from here; `inputs` and `doctor` show the same with the reasons.

mod alsa;
mod choice;
mod fault;
mod kernel;
mod pace;
#[cfg(test)]
mod plugs;
mod report;
mod reset;
mod slate;
mod source;
pub mod sysfs;
mod trial;
mod v4l2;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard, PoisonError};

use tokio::sync::Mutex;
use tracing::{info, warn};

pub use self::fault::{Doubt, Fault, Faults, Wish};
pub use self::report::{Head, Report, State};
pub use self::source::{Names, Source};
pub use self::trial::Lent;
pub use self::watch::Change;
#[cfg(test)]
pub(crate) use self::{plugs::Plugs, v4l2::Signal};
use crate::hw::board::{Board, Encoder, Input};
use crate::hw::encoder::{Finder, Found};
use crate::hw::error::HwError;
use crate::hw::hotplug::Hotplug;
use crate::hw::recorder::Picture;
use alsa::Card;
use pace::Paced;
use trial::Busy;
use v4l2::Camera;

/// Slides are read, not watched: so many pictures a second, and half the bits, are plenty, and both pictures together are to
/// be no more than the encoder keeps up with (`pace` tries one alone, and leaves it a third of the time).
const SLIDES_RATE: u32 = 15;

/// The board's inputs on this machine.
#[derive(Debug)]
pub struct Inputs {
    pub board: Board,
    /// Shared with whoever asks for the encoder, so that it is looked for once.
    pub finder: Arc<Finder>,
    /// What is wanted of each.
    pub wanted: Picture,
    /// Where sysfs, proc and dev lie.
    pub root: PathBuf,
    /// Devices may be opened: a simulated identity opens none.
    opens: bool,
    ask: v4l2::Ask,
    /// Who asks a driver, and who reads a device beside a lesson.
    asked: Busy,
    tried: Busy,
    pub hotplug: Hotplug,
    /// What each encoder keeps up with that was tried. Whoever knows it waits for nobody.
    paces: std::sync::Mutex<Vec<Arc<Paced>>>,
    /// Who tries one.
    turn: Mutex<()>,
    /// The first one that gave way, until a lesson was well with another.
    first: std::sync::Mutex<Option<Arc<Found>>>,
}

/// What is plugged in now.
#[derive(Debug, Default)]
pub struct Devices {
    pub cameras: Vec<Camera>,
    pub cards: Vec<Card>,
}

impl Inputs {
    pub fn new(
        board: Board,
        finder: Arc<Finder>,
        wanted: Picture,
        root: PathBuf,
        opens: bool,
    ) -> Self {
        let (asked, tried, hotplug) = (Busy::default(), Busy::default(), Hotplug::default());
        let (ask, turn) = (v4l2::tell, Mutex::default());
        let (paces, first) = (std::sync::Mutex::default(), std::sync::Mutex::default());
        Self { board, finder, wanted, root, opens, ask, asked, tried, hotplug, paces, turn, first }
    }

    /// A simulated machine has no lamp of the real one it runs on.
    pub fn is_real(&self) -> bool {
        self.opens || self.root != Path::new("/")
    }

    /// What is wanted of the input of this name.
    pub fn wanted(&self, name: &str) -> Picture {
        self.board.input(name).map_or(self.wanted, |input| modest(input, self.wanted))
    }

    /// Looks at what is plugged in. A driver that does not answer is waited for three seconds.
    pub async fn look(&self) -> Devices {
        let cameras = v4l2::cameras(&self.root, self.ask(), &self.asked).await;
        Devices { cameras, cards: alsa::cards(&self.root) }
    }

    /// How a device is asked; not at all where the hardware is simulated.
    fn ask(&self) -> Option<v4l2::Ask> {
        self.opens.then_some(self.ask)
    }

    /// Begins with what takes its time, so that the first lesson of the day does not wait for it; then listens to
    /// what is plugged in and pulled out. A board that only generates has nothing to listen to.
    pub async fn attend(&self) {
        if !self.opens || self.board.input.iter().all(Input::is_generated) {
            return;
        }
        // It listens first: what is plugged in meanwhile is not missed.
        let _ = tokio::join!(self.hotplug.listen(&self.root), self.pace());
    }

    /// How the input of this name is read now: what is not there, or in doubt, is a slate or silence. Of one that is
    /// switched off no device is even asked.
    ///
    /// # Errors
    /// Part `input` when the board has no such input; else why nothing encodes.
    pub async fn choose(&self, name: &str, wish: &Wish) -> Result<Source, HwError> {
        let input = self.board.input(name);
        let missing = || HwError::new("input", "find it", name);
        let devices = match input.ok_or_else(missing)?.is_generated() || wish.is_off {
            true => Devices::default(),
            false => self.look().await,
        };
        let dealt =
            choice::deal(&self.board.input, &devices.cameras, &devices.cards, (name, &wish.places));
        let dealt = dealt.into_iter().find(|dealt| dealt.input.name == name);
        self.source(&dealt.ok_or_else(missing)?, wish).await
    }

    async fn source(&self, dealt: &choice::Dealt<'_>, wish: &Wish) -> Result<Source, HwError> {
        let found = self.finder.find().await?;
        if dealt.input.is_generated() {
            let source = source::generated(dealt.input, &found, modest(dealt.input, self.wanted));
            return Ok(if wish.is_off { source::off(source) } else { source });
        }
        let (mode, fault) = self.mode(dealt, wish);
        let (why, fault) = fault.map_or((None, None), |(fault, why)| (Some(why), Some(fault)));
        let is_through = fault.is_none() && mode.as_ref().is_some_and(|mode| mode.through);
        let paced = match is_through {
            true => {
                let (picture, why) = (self.wanted, Vec::new());
                Arc::new(Paced { found, picture, why, keeps_up: true, is_hasty: false })
            }
            false => self.pace().await?,
        };
        let picture = modest(dealt.input, paced.picture);
        let plan = source::Plan { mode: mode.as_ref(), picture, why: &paced.why, fault, wish };
        let mut source = source::of(dealt, &plan, &paced.found);
        source.why.splice(0..0, why);
        Ok(source)
    }

    /// How its camera is read, and why it is not.
    fn mode(
        &self,
        dealt: &choice::Dealt<'_>,
        wish: &Wish,
    ) -> (Option<choice::Mode>, Option<(Fault, String)>) {
        if wish.is_off {
            return (None, Some((Fault::Off, "switched off".into())));
        }
        let Some(place) = &dealt.input.picture else { return (None, None) };
        let Some(camera) = dealt.camera else {
            let why = format!("nothing is plugged in at {}", place.bus.join(", "));
            return (None, Some((Fault::Gone, why)));
        };
        let mode = match choice::mode(camera, modest(dealt.input, self.wanted)) {
            Ok(mode) => mode,
            // It is only just going: no such device, or file.
            Err(why) if why.starts_with("No such ") => return (None, Some((Fault::Gone, why))),
            Err(why) => return (None, Some((Fault::Mute, why))),
        };
        let fault = match camera.signal {
            v4l2::Signal::Absent | v4l2::Signal::Unusable => Some(Fault::NoSignal),
            _ if wish.doubt.picture.is_lost => Some(Fault::Mute),
            v4l2::Signal::Unknown | v4l2::Signal::Present | v4l2::Signal::Mode { .. } => None,
        };
        (Some(mode), fault.map(|fault| (fault, camera.signal.words())))
    }

    async fn pace(&self) -> Result<Arc<Paced>, HwError> {
        loop {
            if let Some(paced) = self.paced(&*self.finder.find().await?) {
                return Ok(paced);
            }
            let _turn = self.turn.lock().await;
            // Whoever was before may have taken another one.
            let found = self.finder.find().await?;
            if self.paced(&found).is_none() {
                self.finder.take(self.measure(found, true).await).await;
            }
        }
    }

    /// Tries again now, when nothing is recorded, what kept up with less than is wanted beside lessons. It gives up nothing: no
    /// encoder, and no size that it kept up with.
    pub async fn settle(&self) {
        let _turn = self.turn.lock().await;
        let Ok(found) = self.finder.find().await else { return };
        let is_less = |old: &Arc<Paced>| old.is_hasty && old.picture != self.wanted;
        let Some(old) = self.paced(&found).filter(is_less) else { return };
        let paced = pace::fitting(found, self.wanted).await;
        if paced.keeps_up && paced.picture.width > old.picture.width {
            self.keep(paced);
        }
    }

    /// The next of the board's encoders that works instead of `old`, for what is wrong with that; whether there is one, or another
    /// was taken already. Nobody waits who has `old`. When none is left and nobody was well with one that came after the first
    /// that gave way, it is not the encoder: that one is taken back.
    pub async fn replace(&self, old: &Encoder, wrong: &str) -> bool {
        let _turn = self.turn.lock().await;
        let Ok(found) = self.finder.find().await else { return false };
        if found.encoder != *old {
            return true;
        }
        if let Some(next) = self.finder.after(&found, wrong).await {
            self.first().get_or_insert(found);
            let next = match self.paced(&next) {
                Some(_) => next,
                None => self.measure(next, true).await,
            };
            self.finder.take(next).await;
            return true;
        }
        let first = self.first().take();
        if let Some(first) = first {
            warn!(wrong, "no encoder does better: the first one is taken back");
            self.finder.take(first).await;
        }
        false
    }

    /// A lesson was recorded with it for a good while.
    pub fn prove(&self, encoder: &Encoder) {
        self.first().take_if(|first| first.encoder != *encoder);
    }

    fn first(&self) -> MutexGuard<'_, Option<Arc<Found>>> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn paced(&self, found: &Found) -> Option<Arc<Paced>> {
        let paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        paces.iter().find(|paced| paced.found.encoder == found.encoder).cloned()
    }

    fn keep(&self, paced: Paced) {
        info!(why = paced.why.join("; "), "what the encoder keeps up with");
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        paces.retain(|old| old.found.encoder != paced.found.encoder);
        paces.push(Arc::new(paced));
    }

    /// Tries it, whose turn it is. One that keeps up with no size gives way to the board's next one. Of the last one the smallest
    /// size is taken in any case: a picture that stutters is better than none.
    async fn measure(&self, mut found: Arc<Found>, is_hasty: bool) -> Arc<Found> {
        let paced = loop {
            let mut paced = pace::fitting(found, self.wanted).await;
            paced.is_hasty = is_hasty;
            if paced.keeps_up {
                break paced;
            }
            let last = paced.why.last().map_or("", String::as_str);
            let wrong = format!("keeps up with no size, at last: {last}");
            let Some(next) = self.finder.after(&paced.found, &wrong).await else {
                let why = "the smallest picture is taken though it is not sure to keep up";
                paced.why.push(why.into());
                break paced;
            };
            found = next;
        };
        let found = paced.found.clone();
        self.keep(paced);
        found
    }
}

/// What is encoded of an input: less of slides.
fn modest(input: &Input, picture: Picture) -> Picture {
    let Picture { rate, kbit, .. } = picture;
    match input.slides {
        true => Picture { rate: rate.min(SLIDES_RATE), kbit: kbit / 2, ..picture },
        false => picture,
    }
}

#[cfg(test)]
mod tests;

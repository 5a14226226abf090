//! What is plugged in, which of it belongs to which input of the board, and how it is read: `v4l2` and `alsa` look, `choice`
//! decides, `pace` finds the size that the encoder keeps up with. The recorder takes its arguments from here; `inputs`
//! and `doctor` show the same with the reasons.

mod alsa;
mod choice;
mod kernel;
mod pace;
mod report;
mod source;
pub mod sysfs;
mod v4l2;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{Mutex, OnceCell};
use tracing::info;

pub use self::report::{Head, Report, State};
pub use self::source::Source;
use crate::hw::board::{Board, Input};
use crate::hw::encoder::{Finder, Found};
use crate::hw::error::HwError;
use crate::hw::hotplug::Hotplug;
use crate::hw::recorder::Picture;
use alsa::Card;
use v4l2::{Camera, Silent};

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
    silent: Silent,
    /// One look at a time.
    looking: Mutex<()>,
    pub hotplug: Hotplug,
    /// What the encoder keeps up with, and why: tried once.
    pace: OnceCell<(Picture, Vec<String>)>,
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
        let (silent, hotplug) = (Silent::default(), Hotplug::default());
        let pace = OnceCell::new();
        let looking = Mutex::default();
        Self { board, finder, wanted, root, opens, silent, looking, hotplug, pace }
    }

    /// Looks at what is plugged in. A driver that does not answer is waited for three seconds.
    pub async fn look(&self) -> Devices {
        // `silent` holds who is being asked: a second one who asks would take that for no answer.
        let _turn = self.looking.lock().await;
        let cameras = v4l2::cameras(&self.root, self.opens, &self.silent).await;
        Devices { cameras, cards: alsa::cards(&self.root) }
    }

    /// Begins with what takes its time, so that the first lesson of the day does not wait for it; then listens to
    /// what is plugged in and pulled out. A board that only generates has nothing to listen to.
    pub async fn attend(&self) {
        if !self.opens || self.board.input.iter().all(Input::is_generated) {
            return;
        }
        if let Ok(found) = self.finder.find().await {
            let (_, why) = self.pace(found).await;
            info!(why = why.join("; "), "what the encoder keeps up with");
        }
        self.hotplug.listen(&self.root).await;
    }

    /// How the input of this name is read now.
    ///
    /// # Errors
    /// Part `input` when the board has no such input or its device cannot be read; else why nothing encodes.
    pub async fn choose(&self, name: &str) -> Result<Source, HwError> {
        let input = self.board.input(name);
        let missing = || HwError::new("input", "find it", name);
        let devices = match input.ok_or_else(missing)?.is_generated() {
            true => Devices::default(),
            false => self.look().await,
        };
        let dealt = choice::deal(&self.board.input, &devices.cameras, &devices.cards);
        let dealt = dealt.into_iter().find(|dealt| dealt.input.name == name);
        self.source(&dealt.ok_or_else(missing)?).await
    }

    async fn source(&self, dealt: &choice::Dealt<'_>) -> Result<Source, HwError> {
        if dealt.input.is_generated() {
            let found = self.finder.find().await?;
            return Ok(source::generated(dealt.input, found, self.wanted));
        }
        let wrong = |why: String| HwError::new("input", format!("open {}", dealt.input.name), why);
        let mode = match (&dealt.input.picture, dealt.camera) {
            (Some(place), None) => {
                return Err(wrong(format!("nothing is plugged in at {}", place.bus.join(", "))));
            }
            (Some(_), Some(camera)) => Some(choice::mode(camera, self.wanted).map_err(wrong)?),
            (None, _) => None,
        };
        let found = self.finder.find().await?;
        match &mode {
            Some(mode) if mode.through => {
                Ok(source::of(dealt, Some(mode), found, (self.wanted, &[])))
            }
            _ => {
                let (picture, why) = self.pace(found).await;
                Ok(source::of(dealt, mode.as_ref(), found, (*picture, why)))
            }
        }
    }

    async fn pace(&self, found: &Found) -> &(Picture, Vec<String>) {
        self.pace.get_or_init(|| pace::fitting(found, self.wanted)).await
    }
}

#[cfg(test)]
mod tests;

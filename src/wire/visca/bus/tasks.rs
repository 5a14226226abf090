//! What waits for a camera, and what a wish is in its own commands.

use std::collections::VecDeque;

use super::super::quirk::Quirk;
use super::super::{Command, Message, Pan};
use super::Ticket;
use crate::model::camera::{Failure, Inquiry, PresetDo, Wish};

/// A person steers with a hand and looks; more than this is a program gone wild.
pub const QUEUE: usize = 8;

/// Things of a camera that move until they are told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    PanTilt,
    Zoom,
    Focus,
}

impl Axis {
    pub const ALL: [Self; 3] = [Self::PanTilt, Self::Zoom, Self::Focus];

    pub const fn halt(self) -> Command {
        match self {
            Self::PanTilt => Command::Drive { pan: 0, tilt: 0 },
            Self::Zoom => Command::Zoom(0),
            Self::Focus => Command::Focus(0),
        }
    }
}

/// Why a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Somebody wished it, and perhaps waits.
    Wish(Option<Ticket>),
    Stop(Axis),
    Place(u8),
    /// Power first, so that the place can be taken.
    Wake,
    Poll,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    pub message: Message,
    pub why: Why,
}

/// What a command moves until it is told otherwise.
pub const fn axis(command: Command) -> Option<Axis> {
    match command {
        Command::Drive { .. } => Some(Axis::PanTilt),
        Command::Zoom(_) => Some(Axis::Zoom),
        Command::Focus(_) => Some(Axis::Focus),
        Command::Power(_)
        | Command::Aim { .. }
        | Command::Home
        | Command::Reset
        | Command::ZoomTo(_)
        | Command::FocusTo(_)
        | Command::FocusMode(_)
        | Command::Preset(..)
        | Command::Cancel(_)
        | Command::Clear => None,
    }
}

/// What a command moves and then stops by itself.
pub const fn journey(command: Command) -> &'static [Axis] {
    match command {
        Command::Aim { .. } | Command::Home | Command::Reset => &[Axis::PanTilt],
        Command::ZoomTo(_) => &[Axis::Zoom],
        Command::FocusTo(_) => &[Axis::Focus],
        Command::Preset(PresetDo::Recall, _) => &Axis::ALL,
        Command::Preset(PresetDo::Store | PresetDo::Forget, _)
        | Command::Power(_)
        | Command::Drive { .. }
        | Command::Zoom(_)
        | Command::Focus(_)
        | Command::FocusMode(_)
        | Command::Cancel(_)
        | Command::Clear => &[],
    }
}

pub fn moves(task: &Task) -> bool {
    match task.message {
        Message::Command(command) => axis(command).is_some() || !journey(command).is_empty(),
        Message::Inquiry(_) => false,
    }
}

/// A wish as this model takes it. `Stop` and `Place` are no messages of their own.
///
/// # Errors
/// `Unsupported`.
pub fn message(quirk: &Quirk, wish: Wish) -> Result<Option<Message>, Failure> {
    let has = |part: bool| if part { Ok(()) } else { Err(Failure::Unsupported) };
    let command = match wish {
        Wish::Stop => return Ok(None),
        Wish::Place(spot) => {
            return has(spot.is_none_or(|spot| spot.preset < quirk.presets)).map(|()| None);
        }
        Wish::Ask(inquiry) => {
            has(quirk.focus || inquiry != Inquiry::Focus)?;
            return Ok(Some(Message::Inquiry(inquiry)));
        }
        Wish::Drive { pan, tilt } => {
            let (pan, tilt) = quirk.drive(pan, tilt);
            Command::Drive { pan, tilt }
        }
        Wish::Zoom(percent) => Command::Zoom(Quirk::lens(percent)),
        Wish::Focus(percent) => {
            has(quirk.focus)?;
            Command::Focus(Quirk::lens(percent))
        }
        Wish::FocusMode(mode) => {
            has(quirk.focus)?;
            Command::FocusMode(mode)
        }
        Wish::Aim { pan, tilt, percent } => {
            let percent = i8::try_from(percent.clamp(1, 100)).unwrap_or(100);
            let fast = quirk.speeds(percent);
            let narrow = || i16::try_from(pan).map_err(|_| Failure::Unsupported);
            has(pan.unsigned_abs() < 0x8_0000)?;
            let pan = if quirk.wide { Pan::Five(pan) } else { Pan::Four(narrow()?) };
            Command::Aim { pan, tilt, speed: fast }
        }
        Wish::ZoomTo(place) => Command::ZoomTo(place),
        Wish::Home => {
            has(quirk.home)?;
            Command::Home
        }
        Wish::Reset => Command::Reset,
        Wish::Preset(what, n) => {
            has(n < quirk.presets)?;
            Command::Preset(what, n)
        }
        Wish::Power(on) => Command::Power(on),
    };
    Ok(Some(Message::Command(command)))
}

/// Takes those out that `is_wanted` picks; answers them.
pub fn take(queue: &mut VecDeque<Task>, is_wanted: impl Fn(&Task) -> bool) -> Vec<Task> {
    let (taken, kept): (Vec<Task>, Vec<Task>) = queue.drain(..).partition(is_wanted);
    queue.extend(kept);
    taken
}

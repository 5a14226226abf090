//! PTZ cameras: what may be asked of one, what comes of it, and how one stands. In per cent and in the camera's own
//! steps; how a camera is spoken to is not known here.

/// What somebody wants of a camera. Per cent are of its fastest, -100 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Moves on until it is stopped or not asked again in time. Right and up are positive, 0 stops.
    Drive {
        pan: i8,
        tilt: i8,
    },
    /// The same; in is positive.
    Zoom(i8),
    /// The same; far is positive.
    Focus(i8),
    /// Everything that moves, at once, before all that waits.
    Stop,
    Aim {
        pan: i32,
        tilt: i16,
        percent: u8,
    },
    ZoomTo(u16),
    FocusMode(FocusMode),
    Home,
    /// Finds its ends anew.
    Reset,
    Preset(PresetDo, u8),
    /// Where it is to be as soon as it can, for it may stand by or be unplugged, and again whenever it is back. Anybody's
    /// wish to move it is later and wins. `None`: it may stay where it is.
    Place(Option<Spot>),
    Power(bool),
    Ask(Inquiry),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    pub preset: u8,
    /// It is switched on for that.
    pub wakes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FocusMode {
    Auto,
    Manual,
    /// Focuses once, now, and stays.
    Once,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PresetDo {
    Forget,
    Store,
    Recall,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inquiry {
    Power,
    Zoom,
    Focus,
    Position,
    Version,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Power(bool),
    Zoom(u16),
    Focus(u16),
    /// In the model's own steps, the middle is 0.
    Position {
        pan: i32,
        tilt: i16,
    },
    Version(Version),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// 0020 is Sony.
    pub vendor: u16,
    pub model: u16,
    pub rom: u16,
    /// Commands that it works on at once.
    pub sockets: u8,
}

/// What came of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The camera has begun with it.
    Taken,
    Answer(Answer),
}

/// Why nothing came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The camera, or its line, does not answer.
    Silent,
    /// More waits for it already than may.
    Busy,
    /// It cannot now: it stands by, or is in the middle of something.
    NotNow,
    /// Its model has no such thing, or not so far.
    Unsupported,
    /// Somebody stopped the camera, or asked it for something newer of the same kind.
    Overtaken,
}

/// How a camera stands, as far as is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// `None` until it was asked often enough to tell.
    pub answers: Option<bool>,
    pub power: Option<bool>,
    pub version: Option<Version>,
    /// Why its line is closed; empty while it is open.
    pub line: String,
}

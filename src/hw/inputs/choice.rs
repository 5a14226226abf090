//! Which device each input of the board has now, and how it is best read, with the reason in words. Pure: it is told
//! what is plugged in and what is wanted, and asks nobody.

use super::alsa::Card;
use super::sysfs;
use super::v4l2::{Camera, Format, Signal, Size};
use crate::hw::board::{Input, Place, SAME};
use crate::hw::recorder::Picture;

/// An input with what stands for it today.
#[derive(Clone, Debug)]
pub struct Dealt<'a> {
    pub input: &'a Input,
    pub camera: Option<&'a Camera>,
    pub card: Option<&'a Card>,
}

/// The name of an input that is being read, and where its camera and its microphone are plugged in.
pub type Kept<'a> = (&'a str, &'a [Option<String>; 2]);

/// How a camera is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mode {
    /// ffmpeg's name of the format.
    pub format: &'static str,
    pub width: u32,
    pub height: u32,
    /// 0: whatever comes.
    pub rate_milli: u32,
    /// It is H.264 already.
    pub through: bool,
}

/// Formats that ffmpeg reads, by their V4L2 name, the cheapest to encode first.
const RAW: [(&str, &str); 7] = [
    ("NV12", "nv12"),
    ("YU12", "yuv420p"),
    ("YUYV", "yuyv422"),
    ("UYVY", "uyvy422"),
    ("NV16", "nv16"),
    ("BGR3", "bgr24"),
    ("RGB3", "rgb24"),
];
const JPEG: [(&str, &str); 2] = [("MJPG", "mjpeg"), ("JPEG", "mjpeg")];
const H264: (&str, &str) = ("H264", "h264");

/// Deals devices to inputs in the board's order; a device belongs to one input. What classrooms own comes first, and of
/// that whole paths before patterns, so that no pattern takes what another input names. What was read of an input and is
/// still there is kept, whatever else was plugged in.
pub fn deal<'a>(
    inputs: &'a [Input],
    cameras: &'a [Camera],
    cards: &'a [Card],
    (name, [camera_at, card_at]): Kept,
) -> Vec<Dealt<'a>> {
    let mut dealt: Vec<Dealt> =
        inputs.iter().map(|input| Dealt { input, camera: None, card: None }).collect();
    for (n, is_pattern) in turns(inputs, name) {
        let (Some(place), None) = (&inputs[n].picture, dealt[n].camera) else { continue };
        let taken = |c: &Camera| dealt.iter().any(|d| d.camera == Some(c));
        let free = cameras.iter().filter(|c| !taken(c) && c.index == place.device);
        let is_kept = |at: &String| is_pattern.is_some() || camera_at.as_ref() == Some(at);
        let free: Vec<&Camera> = free.filter(|c| is_kept(&c.place)).collect();
        let here = |c: &Camera, pattern: &str| {
            sysfs::matches(pattern, &c.bus) || sysfs::matches(pattern, &c.place)
        };
        dealt[n].camera = first(place, is_pattern, &free, here);
    }
    for (n, is_pattern) in turns(inputs, name) {
        let (Some(place), None) = (&inputs[n].sound, dealt[n].card) else { continue };
        let camera = dealt[n].camera;
        let taken = |c: &Card| dealt.iter().any(|d| d.card == Some(c));
        let has = |c: &Card| c.devices.iter().any(|(number, _)| *number == place.device);
        let is_kept = |at: &String| is_pattern.is_some() || card_at.as_ref() == Some(at);
        let free = cards.iter().filter(|c| !taken(c) && has(c) && is_kept(&c.bus));
        let free: Vec<&Card> = free.collect();
        let here = |c: &Card, pattern: &str| match pattern.strip_prefix("card:") {
            Some(id) => sysfs::matches(id, &c.id),
            None if pattern == SAME => camera.is_some_and(|own| own.place == c.bus),
            None => sysfs::matches(pattern, &c.bus),
        };
        dealt[n].card = first(place, is_pattern, &free, here);
    }
    dealt
}

/// Each input twice: with its whole paths, then with its patterns. Before them, with neither, the one that keeps what it has.
fn turns(inputs: &[Input], keeps: &str) -> Vec<(usize, Option<bool>)> {
    let both = |n: usize| [(n, Some(false)), (n, Some(true))];
    let mut all: Vec<(usize, Option<bool>)> = (0..inputs.len()).flat_map(both).collect();
    all.sort_by_key(|(n, is_pattern)| (!inputs[*n].owned, *is_pattern));
    let kept = inputs.iter().position(|input| input.name == keeps);
    kept.map(|n| (n, None)).into_iter().chain(all).collect()
}

fn first<'a, T>(
    place: &Place,
    is_pattern: Option<bool>,
    free: &[&'a T],
    here: impl Fn(&T, &str) -> bool,
) -> Option<&'a T> {
    let mut patterns =
        place.bus.iter().filter(|bus| is_pattern.is_none_or(|is| bus.contains('*') == is));
    patterns.find_map(|pattern| free.iter().copied().find(|one| here(one, pattern)))
}

/// The best way of reading a camera: H.264 of its own; else what gives most picture up to the size and rate that are
/// wanted.
///
/// # Errors
/// One sentence: it offers nothing that can be read.
pub fn mode(camera: &Camera, wanted: Picture) -> Result<Mode, String> {
    if let (Some(trouble), []) = (&camera.trouble, camera.formats.as_slice()) {
        return Err(trouble.clone());
    }
    // USB has no room for two raw pictures of a useful size; inside the board a raw one costs no decoding.
    let on_usb = camera.bus.starts_with("usb-");
    let known: Vec<&(&str, &str)> = match on_usb {
        true => [H264].iter().chain(&JPEG).chain(&RAW).collect(),
        false => [H264].iter().chain(&RAW).chain(&JPEG).collect(),
    };
    let mut best: Option<(Worth, Mode)> = None;
    for (rank, (fourcc, format)) in known.iter().enumerate() {
        let offered = camera.formats.iter().filter(|f| f.fourcc == *fourcc);
        for (width, height, rate_milli) in offered.flat_map(|f| pictures(f, camera.signal, wanted))
        {
            let through = *fourcc == H264.0;
            let mode = Mode { format, width, height, rate_milli, through };
            let worth = Worth::of(&mode, rank, wanted);
            if best.as_ref().is_none_or(|(other, _)| worth > *other) {
                best = Some((worth, mode));
            }
        }
    }
    best.map(|(_, mode)| mode).ok_or_else(|| {
        let names: Vec<&str> = camera.formats.iter().map(|f| f.fourcc.as_str()).collect();
        format!("none of its formats can be read: {}", names.join(", "))
    })
}

/// What a mode is worth, the most important first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Worth {
    through: bool,
    /// Not larger than wanted: larger ones are made smaller at the processor's cost, and USB's.
    fits: bool,
    /// Pixels a second, as far as they are wanted.
    flow: u64,
    pixels: u64,
    /// The smaller of two that are too large.
    lean: std::cmp::Reverse<u64>,
    rank: std::cmp::Reverse<usize>,
}

impl Worth {
    fn of(mode: &Mode, rank: usize, wanted: Picture) -> Self {
        let most = u64::from(wanted.width) * u64::from(wanted.height);
        let pixels = u64::from(mode.width) * u64::from(mode.height);
        let rate = match mode.rate_milli {
            0 => u64::from(wanted.rate) * 1000,
            rate => u64::from(rate).min(u64::from(wanted.rate) * 1000),
        };
        Self {
            through: mode.through,
            fits: mode.width <= wanted.width && mode.height <= wanted.height,
            flow: pixels.min(most) * rate,
            pixels: pixels.min(most),
            lean: std::cmp::Reverse(pixels),
            rank: std::cmp::Reverse(rank),
        }
    }
}

/// Sizes and rates that a format can be had in, as near as can be to what is wanted.
fn pictures(format: &Format, signal: Signal, wanted: Picture) -> Vec<(u32, u32, u32)> {
    let near = |size: &Size| {
        let width = wanted.width.clamp(size.least.0, size.most.0.max(size.least.0));
        let height = wanted.height.clamp(size.least.1, size.most.1.max(size.least.1));
        (width, height, rate(&size.rates_milli, wanted.rate))
    };
    match signal {
        // A digital input gives what comes in, whatever sizes its driver could make of it.
        Signal::Mode { width, height, rate_milli } if format.sizes.is_empty() => {
            vec![(width, height, rate_milli)]
        }
        _ if format.sizes.is_empty() => vec![(wanted.width, wanted.height, 0)],
        _ => format.sizes.iter().map(near).collect(),
    }
}

/// The slowest that is fast enough, else the fastest; a hundredth does not matter (29.97 is 30).
fn rate(rates_milli: &[u32], wanted: u32) -> u32 {
    let wanted = wanted.saturating_mul(990);
    let enough = rates_milli.iter().rev().find(|rate| **rate >= wanted);
    enough.or(rates_milli.first()).copied().unwrap_or(0)
}

//! The video devices that can be captured from: found in sysfs, asked what they offer. Every list that a driver gives has
//! an end here; one that never answers costs a thread and its own device, nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tracing::debug;

use super::kernel::{Capability, FrameInterval, FrameSize, Node, Timings};
use super::sysfs;
use super::trial::Busy;

/// Nodes that are looked at: a Raspberry Pi has some twenty, of which none is a camera.
const NODES_MAX: usize = 64;
/// Formats of a device, sizes of a format, rates of a size.
const FORMATS_MAX: u32 = 32;
const SIZES_MAX: u32 = 64;
const RATES_MAX: u32 = 32;
/// A camera on a slow bus answers a question in milliseconds, and there are some hundreds.
const PATIENCE: Duration = Duration::from_secs(3);

const CAP_CAPTURE: u32 = 0x1;
const CAP_CAPTURE_PLANAR: u32 = 0x1000;
const CAP_TRANSFORMS: u32 = 0x8000 | 0x4000;
const CAP_OUTPUT: u32 = 0x2 | 0x2000;
const CAP_DEVICE: u32 = 0x8000_0000;
const KIND_CAPTURE: u32 = 1;
const KIND_CAPTURE_PLANAR: u32 = 9;
const DISCRETE: u32 = 1;
/// No power, no signal; no lock on lines, no synchronisation.
const STATUS_NO_SIGNAL: u32 = 0x1 | 0x2 | 0x100 | 0x1_0000;

/// A device that captures pictures.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Camera {
    /// Where it is plugged in, in its driver's words; in those of sysfs when it was not asked.
    pub bus: String,
    /// The same in the words of sysfs, by which its microphone is found.
    pub place: String,
    /// Which of several nodes there.
    pub index: u32,
    /// Under /dev, today.
    pub node: String,
    pub name: String,
    pub driver: String,
    /// Pictures come in several planes, which few programs read.
    pub planar: bool,
    pub formats: Vec<Format>,
    pub signal: Signal,
    /// Why nothing more is known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Format {
    /// `YUYV`, `MJPG`, `H264`.
    pub fourcc: String,
    pub sizes: Vec<Size>,
}

/// One size, or all from the least to the most.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Size {
    pub least: (u32, u32),
    pub most: (u32, u32),
    /// Pictures in a thousand seconds, the fastest first. Empty: not told.
    pub rates_milli: Vec<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// It has none to lose, or does not tell.
    Unknown,
    Present,
    /// What comes in at a digital input.
    Mode {
        width: u32,
        height: u32,
        rate_milli: u32,
    },
    Absent,
    /// There is one, but it is not steady or beyond what the device takes.
    Unusable,
}

impl Signal {
    /// Of what comes in; nothing has none. An answer that says neither is no reading.
    pub fn size(self) -> Option<(u32, u32)> {
        match self {
            Self::Mode { width, height, .. } => Some((width, height)),
            Self::Unknown | Self::Present => Some((0, 0)),
            Self::Absent | Self::Unusable => None,
        }
    }

    pub fn words(self) -> String {
        match self {
            Self::Unknown => "tells of no signal".into(),
            Self::Present => "signal there".into(),
            Self::Mode { width, height, rate_milli } => {
                format!("{width}x{height} comes in, {} a second", (rate_milli + 500) / 1000)
            }
            Self::Absent => "no signal".into(),
            Self::Unusable => "a signal that cannot be used".into(),
        }
    }
}

/// Asks the device at a path, and says whether it captures. May take for ever.
pub type Ask = fn(&Path, &mut Camera) -> rustix::io::Result<bool>;

/// The video devices under `root`, in the order of their bus paths, with what they say when they may be asked.
pub async fn cameras(root: &Path, asks: Option<Ask>, busy: &Busy) -> Vec<Camera> {
    let mut asked = Vec::new();
    for camera in nodes(root) {
        let dev = root.join("dev").join(&camera.node);
        asked.push(tokio::spawn(ask(dev, camera, asks, busy.clone())));
    }
    let mut all = Vec::new();
    for task in asked {
        all.extend(task.await.ok().flatten());
    }
    all.sort_by(|a, b| (&a.bus, a.index, &a.node).cmp(&(&b.bus, b.index, &b.node)));
    all
}

/// What one of them says now.
pub async fn one(root: &Path, node: &str, asks: Option<Ask>, busy: &Busy) -> Option<Camera> {
    let camera = nodes(root).into_iter().find(|camera| camera.node == node)?;
    ask(root.join("dev").join(node), camera, asks, busy.clone()).await
}

/// Has a digital input that nobody reads give what comes in: a driver does not change over by itself.
pub async fn adopt(root: &Path, node: &str, busy: &Busy) {
    let Some(turn) = busy.turn(node, PATIENCE).await else { return };
    let dev = root.join("dev").join(node);
    let adopting = spawn_blocking(move || {
        let _turn = turn;
        let node = Node::open(&dev)?;
        node.adopt(node.timings()?)
    });
    if let Ok(Ok(Err(error))) = timeout(PATIENCE, adopting).await {
        debug!(node, %error, "its timings stay as they are");
    }
}

/// What sysfs tells of each node.
fn nodes(root: &Path) -> Vec<Camera> {
    let folder = root.join("sys/class/video4linux");
    let names = sysfs::names(&folder).into_iter();
    let videos = names.filter(|name| name.starts_with("video")).take(NODES_MAX);
    let one = |node: String| {
        let own = folder.join(&node);
        let word = |file: &str| fs::read_to_string(own.join(file)).unwrap_or_default();
        let place = sysfs::bus_path(&own.join("device")).unwrap_or_else(|| node.clone());
        let driver = fs::read_link(own.join("device/driver")).unwrap_or_default();
        Camera {
            bus: place.clone(),
            place,
            index: word("index").trim().parse().unwrap_or(0),
            name: word("name").trim().to_owned(),
            driver: driver.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            node,
            planar: false,
            formats: Vec::new(),
            signal: Signal::Unknown,
            trouble: None,
        }
    };
    videos.map(one).collect()
}

async fn ask(dev: PathBuf, camera: Camera, asks: Option<Ask>, busy: Busy) -> Option<Camera> {
    let unasked = |why: &str| Some(Camera { trouble: Some(why.into()), ..camera.clone() });
    let Some(asks) = asks else { return unasked("not asked: the hardware is simulated") };
    let Some(turn) = busy.turn(&camera.node, PATIENCE).await else {
        return unasked("its driver does not answer");
    };
    let mut one = camera.clone();
    let asking = spawn_blocking(move || {
        let is_camera = asks(&dev, &mut one);
        drop(turn);
        match is_camera {
            Ok(true) => Some(one),
            Ok(false) => None,
            Err(e) => Some(Camera { trouble: Some(e.to_string()), ..one }),
        }
    });
    match timeout(PATIENCE, asking).await {
        Ok(told) => told.ok().flatten(),
        Err(_) => unasked("its driver does not answer"),
    }
}

/// Whether it captures; then all that it tells is in `camera`.
pub fn tell(dev: &Path, camera: &mut Camera) -> rustix::io::Result<bool> {
    let node = &Node::open(dev)?;
    let capability = node.capability()?;
    let Some(kind) = capture(&capability) else { return Ok(false) };
    camera.planar = kind == KIND_CAPTURE_PLANAR;
    camera.bus = text(&capability.bus_info);
    camera.name = text(&capability.card);
    camera.driver = text(&capability.driver);
    for index in 0..FORMATS_MAX {
        let Ok(format) = node.description(kind, index) else { break };
        let sizes = sizes(node, format.fourcc);
        camera.formats.push(Format { fourcc: text(&format.fourcc.to_le_bytes()), sizes });
    }
    camera.signal = signal(node);
    Ok(true)
}

/// The kind of its pictures; of one that changes pictures or shows them, and of one that gives none, there is none.
fn capture(capability: &Capability) -> Option<u32> {
    let all = capability.capabilities;
    let caps = if all & CAP_DEVICE == 0 { all } else { capability.device_caps };
    if caps & (CAP_TRANSFORMS | CAP_OUTPUT) != 0 {
        return None;
    }
    let planar = (caps & CAP_CAPTURE_PLANAR != 0).then_some(KIND_CAPTURE_PLANAR);
    (caps & CAP_CAPTURE != 0).then_some(KIND_CAPTURE).or(planar)
}

fn sizes(node: &Node, fourcc: u32) -> Vec<Size> {
    let mut sizes = Vec::new();
    for index in 0..SIZES_MAX {
        let Ok(told) = node.frame_size(fourcc, index) else { break };
        let (least, most) = extent(&told);
        let mut rates_milli = Vec::new();
        for index in 0..RATES_MAX {
            let Ok(told) = node.frame_interval(fourcc, most, index) else { break };
            rates_milli.extend(rate_milli(&told));
            if told.kind != DISCRETE {
                break;
            }
        }
        rates_milli.sort_unstable_by(|a, b| b.cmp(a));
        rates_milli.dedup();
        sizes.push(Size { least, most, rates_milli });
        if told.kind != DISCRETE {
            break;
        }
    }
    sizes
}

fn extent(told: &FrameSize) -> ((u32, u32), (u32, u32)) {
    let [a, b, _, c, d, _] = told.size;
    // Of a step-wise one: least and most width, its step, least and most height, its step.
    if told.kind == DISCRETE { ((a, b), (a, b)) } else { ((a, c), (b, d)) }
}

/// The fastest rate of an interval, which is the least time between two pictures.
fn rate_milli(told: &FrameInterval) -> Option<u32> {
    let [seconds, parts, ..] = told.interval;
    milli(u64::from(parts), u64::from(seconds))
}

fn milli(count: u64, seconds: u64) -> Option<u32> {
    let rate = count.checked_mul(1000)?.checked_div(seconds)?;
    u32::try_from(rate).ok().filter(|rate| *rate > 0)
}

fn signal(node: &Node) -> Signal {
    match node.timings() {
        Ok(timings) => return mode(&timings),
        Err(Errno::NOLINK) => return Signal::Absent,
        Err(Errno::NOLCK | Errno::RANGE) => return Signal::Unusable,
        // It has no digital input, or another one is switched on.
        Err(Errno::NOTTY | Errno::NODATA | Errno::INVAL) => {}
        // No reading at all.
        Err(_) => return Signal::Unknown,
    }
    match node.current().and_then(|index| node.channel(index)) {
        Ok(channel) if channel.status & STATUS_NO_SIGNAL != 0 => Signal::Absent,
        Ok(_) => Signal::Present,
        Err(_) => Signal::Unknown,
    }
}

fn mode(timings: &Timings) -> Signal {
    let [width, height, interlaced, _, low, high, rest @ ..] = timings.words;
    if width == 0 || height == 0 {
        return Signal::Absent;
    }
    let blank = |porches: &[u32]| porches.iter().map(|n| u64::from(*n)).sum::<u64>();
    let fields = if interlaced == 0 { 0 } else { blank(&rest[6..9]) };
    let total = (u64::from(width) + blank(&rest[..3]))
        .saturating_mul(u64::from(height) + blank(&rest[3..6]) + fields);
    let clock = u64::from(high) << 32 | u64::from(low);
    Signal::Mode { width, height, rate_milli: milli(clock, total).unwrap_or(0) }
}

/// Until the first NUL.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A quiet structure of the kernel with these words set.
    fn timings(words: &[u32]) -> Timings {
        let mut timings = Timings::default();
        timings.words[..words.len()].copy_from_slice(words);
        timings
    }

    #[test]
    fn the_rate_of_a_digital_signal_is_its_clock_by_all_of_its_pixels() {
        // 1080p50, as an RK3588 told it: 2640 × 1125 at 148.5 MHz.
        let told = timings(&[1920, 1080, 0, 0, 148_500_000, 0, 528, 44, 148, 4, 5, 36]);
        let mode = |rate_milli| Signal::Mode { width: 1920, height: 1080, rate_milli };
        assert_eq!(super::mode(&told), mode(50_000));
        // A driver that tells no clock, and one that tells nonsense.
        assert_eq!(super::mode(&timings(&[1920, 1080])), mode(0));
        assert_eq!(super::mode(&timings(&[u32::MAX; 32])), super::mode(&timings(&[u32::MAX; 32])));
        assert_eq!(super::mode(&timings(&[])), Signal::Absent);
    }

    #[test]
    fn what_changes_or_shows_pictures_is_no_camera() {
        let told = |capabilities, device_caps| {
            capture(&Capability { capabilities, device_caps, ..Capability::default() })
        };
        // As told by a UVC camera for its pictures and for its metadata, by bcm2835-codec and by rk_hdmirx.
        assert_eq!(told(0x84a0_0001, 0x0420_0001), Some(KIND_CAPTURE));
        assert_eq!(told(0x84a0_0001, 0x04a0_0000), None);
        assert_eq!(told(0x8420_4000, 0x0420_4000), None);
        assert_eq!(told(0x8420_1000, 0x0420_1000), Some(KIND_CAPTURE_PLANAR));
        assert_eq!(told(0x1, 0), Some(KIND_CAPTURE));
    }

    #[test]
    fn intervals_become_rates_and_nonsense_none() {
        let told = |seconds, parts| {
            let mut told = FrameInterval { kind: DISCRETE, ..FrameInterval::default() };
            told.interval[..2].copy_from_slice(&[seconds, parts]);
            rate_milli(&told)
        };
        assert_eq!(told(1, 30), Some(30_000));
        assert_eq!(told(1001, 30_000), Some(29_970));
        assert_eq!(told(0, 30), None);
        assert_eq!(told(1, 0), None);
        assert_eq!(told(1, u32::MAX), None);
    }
}

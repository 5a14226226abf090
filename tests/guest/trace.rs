//! What the kernel saw of a camera: each picture that a program took from the driver, by the kernel's own trace points.

use crate::machine::Machine;

/// A picture that was taken from the driver.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// When it was made, in seconds of the monotonic clock.
    pub at: f64,
    /// Its number since the stream was started; one that is left out is the driver's own drop.
    pub sequence: u64,
    /// The thread that took it: a program that opens a camera looks at it by another than it reads by.
    pub by: u32,
}

/// From now on each picture is noted.
pub fn start(machine: &mut Machine) {
    machine.ok(
        "cd /sys/kernel/tracing && echo 2048 >buffer_size_kb && echo >trace && echo 1 >events/v4l2/v4l2_dqbuf/enable",
    );
}

/// What was noted until now is not told again.
pub fn forget(machine: &mut Machine) {
    machine.ok("echo >/sys/kernel/tracing/trace");
}

/// All pictures that were taken from `/dev/videoN` since.
pub fn taken(machine: &mut Machine, minor: u32) -> Vec<Taken> {
    let mark = format!("v4l2_dqbuf: minor = {minor},");
    let text = machine.ok(&format!("grep '{mark}' /sys/kernel/tracing/trace || true"));
    text.lines().filter_map(parse).collect()
}

/// How many the driver itself left out between the first and the last.
pub fn dropped(taken: &[Taken]) -> u64 {
    taken.windows(2).map(|pair| pair[1].sequence.saturating_sub(pair[0].sequence + 1)).sum()
}

/// `ffmpeg-212 [001] … timestamp = 75706561000, timecode = { … }, sequence = 139`, in nanoseconds.
fn parse(line: &str) -> Option<Taken> {
    let number =
        |name: &str| line.rsplit_once(name)?.1.split(',').next()?.trim().parse::<u64>().ok();
    let at = std::time::Duration::from_nanos(number(" timestamp = ")?).as_secs_f64();
    let by = line.split_once(" [")?.0.trim_end().rsplit_once('-')?.1.parse().ok()?;
    Some(Taken { at, sequence: number(" sequence = ")?, by })
}

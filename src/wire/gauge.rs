//! What the encoder's program says of the picture and the sound while it encodes them: `key=value` lines of FFmpeg's
//! filters `signalstats` and `astats`, printed by `metadata` and `ametadata`, which begin with `frame:N pts:N pts_time:S`.
//! Source: ffmpeg-filters(1). The writers share one pipe and take turns line by line.

/// Longer lines are none of theirs.
const LINE_MAX: usize = 200;
/// Added to the times of pictures in front of the encoder, in microseconds: by that they are known among other times in
/// other units, which never come to half of it.
const MARK: i64 = 2_000_000_000_000;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading {
    /// Of one picture: mean luma, what nine of ten points are below, mean change since the one before.
    Picture { mean: f32, most: f32, change: f32 },
    /// Of a tenth of a second of sound, in dBFS; silence is minus infinity. `flat`: how flat it is at its peak.
    Sound { peak: f32, rms: f32, flat: f32 },
    /// A picture goes into the encoder, at this time of the run's own. Of the device's own H.264 there is none.
    Taken { at_us: i64 },
}

/// Puts lines together again, and readings from lines.
#[derive(Debug, Default)]
pub struct Gauge {
    line: Vec<u8>,
    mean: f32,
    most: f32,
    peak: f32,
    rms: f32,
}

impl Gauge {
    pub fn push(&mut self, bytes: &[u8], mut heard: impl FnMut(Reading)) {
        for byte in bytes {
            if *byte != b'\n' {
                // One more than allowed marks it as too long.
                if self.line.len() <= LINE_MAX {
                    self.line.push(*byte);
                }
                continue;
            }
            let line = std::mem::take(&mut self.line);
            if let Some(reading) = self.line(&line) {
                heard(reading);
            }
            self.line = line;
            self.line.clear();
        }
    }

    /// Each kind has a line that comes last.
    fn line(&mut self, line: &[u8]) -> Option<Reading> {
        let line = std::str::from_utf8(line).ok().filter(|line| line.len() <= LINE_MAX)?;
        if let Some((_, pts)) = line.split_once(" pts:") {
            let pts: i64 = pts.split(' ').next()?.parse().ok()?;
            return (pts > MARK / 2).then_some(Reading::Taken { at_us: pts - MARK });
        }
        let (key, value) = line.split_once('=')?;
        match key {
            "lavfi.signalstats.YAVG" => self.mean = number(value)?,
            "lavfi.signalstats.YHIGH" => self.most = number(value)?,
            "lavfi.signalstats.YDIF" => {
                let change = number(value)?;
                return Some(Reading::Picture { mean: self.mean, most: self.most, change });
            }
            "lavfi.astats.Overall.Peak_level" => self.peak = number(value)?,
            "lavfi.astats.Overall.RMS_level" => self.rms = number(value)?,
            "lavfi.astats.Overall.Flat_factor" => {
                let flat = number(value)?;
                return Some(Reading::Sound { peak: self.peak, rms: self.rms, flat });
            }
            _ => {}
        }
        None
    }
}

fn number(text: &str) -> Option<f32> {
    text.parse().ok().filter(|number: &f32| !number.is_nan())
}

#[cfg(test)]
mod tests;

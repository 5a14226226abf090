//! The level of a sound as a meter shows it. It is told of each tenth of a second and asks for no time.
//!
//! Peaks rise at once, stand for a second and fall by 20 dB in 1.7 s, as IEC 60268-18 has it; the root mean square is that of
//! 300 ms.

use crate::model::{Millis, Moment};

/// Readings a second.
const READINGS: f32 = 10.0;
/// So many readings a peak stands.
const HOLD: u8 = 10;
/// What it falls from one to the next, in dB.
const FALL: f32 = 20.0 / 1.7 / READINGS;
/// Silence, for JSON knows no infinity.
const FLOOR: f32 = -120.0;
/// Sound that was heard so long ago belongs to another time.
const PAUSE: Millis = Millis::seconds(1);

/// What a meter shows, in dBFS.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    pub peak: f32,
    pub rms: f32,
    /// When that was heard.
    pub at: Moment,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Meter {
    shown: Option<Level>,
    /// Readings for which the peak still stands.
    held: u8,
    /// Of the last three readings.
    power: [f32; 3],
}

impl Meter {
    /// Takes in peak and root mean square of another tenth of a second; silence may be minus infinity.
    pub fn hear(&mut self, peak: f32, rms: f32, at: Moment) {
        let (peak, power) = (peak.max(FLOOR), 10_f32.powf(rms / 10.0));
        let before = self.shown.filter(|shown| at.steady - shown.at.steady < PAUSE);
        self.power = match before {
            Some(_) => [self.power[1], self.power[2], power],
            None => [power; 3],
        };
        let stood = before.map_or(FLOOR, |shown| match self.held {
            0 => shown.peak - FALL,
            _ => shown.peak,
        });
        self.held = if peak >= stood { HOLD } else { self.held.saturating_sub(1) };
        let mean = self.power.iter().sum::<f32>() / 3.0;
        let rms = (10.0 * mean.log10()).max(FLOOR);
        self.shown = Some(Level { peak: peak.max(stood), rms, at });
    }

    /// What it shows, unless nothing was heard lately.
    pub fn shows(&self, steady: Millis) -> Option<Level> {
        self.shown.filter(|shown| steady - shown.at.steady < PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOUD: (f32, f32) = (-6.0, -9.0);
    const SILENCE: (f32, f32) = (f32::NEG_INFINITY, f32::NEG_INFINITY);

    /// Hears so many tenths of a second.
    fn heard(meter: &mut Meter, from: i64, tenths: i64, (peak, rms): (f32, f32)) -> Level {
        for tenth in from..from + tenths {
            let at = Millis(tenth * 100);
            meter.hear(peak, rms, Moment { wall: at, steady: at });
        }
        meter.shows(Millis((from + tenths) * 100)).unwrap()
    }

    fn near(one: f32, other: f32) {
        assert!((one - other).abs() < 0.1, "{one} is not {other}");
    }

    #[test]
    fn a_peak_rises_at_once_stands_for_a_second_and_falls_by_20_db_in_1_7_s() {
        let mut meter = Meter::default();
        near(heard(&mut meter, 0, 1, LOUD).peak, -6.0);
        near(heard(&mut meter, 1, 10, SILENCE).peak, -6.0);
        near(heard(&mut meter, 11, 17, SILENCE).peak, -26.0);
        near(heard(&mut meter, 28, 1, LOUD).peak, -6.0);
        near(heard(&mut meter, 29, 200, SILENCE).peak, FLOOR);
    }

    #[test]
    fn the_root_mean_square_is_that_of_300_ms() {
        let mut meter = Meter::default();
        near(heard(&mut meter, 0, 1, LOUD).rms, -9.0);
        near(heard(&mut meter, 1, 1, SILENCE).rms, -9.0 - 1.76);
        near(heard(&mut meter, 2, 2, SILENCE).rms, FLOOR);
        near(heard(&mut meter, 4, 2, LOUD).rms, -9.0 - 1.76);
        near(heard(&mut meter, 6, 1, LOUD).rms, -9.0);
    }

    #[test]
    fn what_was_heard_before_a_pause_is_not_shown_nor_counted() {
        let mut meter = Meter::default();
        heard(&mut meter, 0, 5, LOUD);
        assert_eq!(meter.shows(Millis(1400)), None);
        near(heard(&mut meter, 30, 1, (-40.0, -50.0)).peak, -40.0);
        near(heard(&mut meter, 31, 1, (-40.0, -50.0)).rms, -50.0);
    }
}

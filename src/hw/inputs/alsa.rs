//! The sound cards that can be recorded from, read off /proc/asound and sysfs. Opens no card.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::sysfs;

/// The kernel numbers at most so many cards.
const CARDS_MAX: u32 = 32;
/// Lines of /proc/asound/pcm that are looked at.
const LINES_MAX: usize = 1024;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Card {
    /// Where it is plugged in; empty for one that is nowhere.
    pub bus: String,
    /// Today's number.
    pub number: u32,
    /// Its short name, which two of a kind share but for a number.
    pub id: String,
    /// The capture devices on it: number and name.
    pub devices: Vec<(u32, String)>,
}

/// The cards under `root` with something to record from, in the order of their bus paths.
pub fn cards(root: &Path) -> Vec<Card> {
    let proc = root.join("proc/asound");
    let list = fs::read_to_string(proc.join("pcm")).unwrap_or_default();
    let mut cards: Vec<Card> = Vec::new();
    for (number, device, name) in list.lines().take(LINES_MAX).filter_map(captures) {
        if number >= CARDS_MAX {
            continue;
        }
        if let Some(card) = cards.iter_mut().find(|card| card.number == number) {
            card.devices.push((device, name));
            continue;
        }
        let id = fs::read_to_string(proc.join(format!("card{number}/id"))).unwrap_or_default();
        let device_at = root.join(format!("sys/class/sound/card{number}/device"));
        cards.push(Card {
            bus: sysfs::bus_path(&device_at).unwrap_or_default(),
            number,
            id: id.trim().to_owned(),
            devices: vec![(device, name)],
        });
    }
    cards.sort_by(|a, b| (&a.bus, a.number).cmp(&(&b.bus, b.number)));
    cards
}

/// A line of /proc/asound/pcm, `01-00: USB Audio : USB Audio : capture 1`: card, device and name, if it captures.
fn captures(line: &str) -> Option<(u32, u32, String)> {
    let (place, rest) = line.split_once(':')?;
    let (card, device) = place.trim().split_once('-')?;
    let fields: Vec<&str> = rest.split(" : ").map(str::trim).collect();
    let captures = fields.iter().skip(1).any(|field| field.starts_with("capture "));
    let name = fields.first()?.to_string();
    captures.then_some((card.parse().ok()?, device.parse().ok()?, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_captures_is_listed() {
        let told = |line| captures(line);
        let usb = "01-00: USB Audio : USB Audio : capture 1";
        assert_eq!(told(usb), Some((1, 0, "USB Audio".into())));
        let both = "00-01: Loopback PCM : Loopback PCM : playback 8 : capture 8";
        assert_eq!(told(both), Some((0, 1, "Loopback PCM".into())));
        assert_eq!(told("02-00: MAI PCM i2s-hifi-0 : MAI PCM i2s-hifi-0 : playback 1"), None);
        for nonsense in ["", ":", "x-y: a : capture 1", "00: a : capture 1", "00-00 a"] {
            assert_eq!(told(nonsense), None, "{nonsense}");
        }
    }
}

//! The last rung for a device that gives nothing to whoever reads it: its USB port is told to do without it, and then to take it
//! again. That needs root; without it, or where the device is not on USB, a hand is needed, and the log says so.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tracing::warn;

use super::fault::Resets;
use super::source::Device;
use super::trial::Turn;
use super::{Inputs, Source, choice};

/// So long it is off.
const OFF: Duration = Duration::from_millis(500);

impl Inputs {
    /// Switches off and on what hangs in the input of this name, of which `now` is read; once, for it may hang again behind that.
    pub(super) async fn reset(&self, name: &str, device: &Device, now: &Source, resets: &Resets) {
        let Device { node, place, .. } = device;
        let is_read = now.read().into_iter().flatten().any(|half| half.place == *place);
        let switch = match usb(&self.root, node) {
            None => Err("it is not on USB"),
            Some(_) if is_read => Err("its other half is read"),
            Some(_) if self.is_shared(name, place).await => Err("another input is read there too"),
            Some(_) if !resets.first(place) => return,
            // A driver that hangs does not let go of it: it is told once.
            Some(switch) => match self.tried.turn(place, Duration::ZERO).await {
                Some(turn) => Ok((switch, turn)),
                None => Err("its driver does not let go of it"),
            },
        };
        match switch {
            Ok((switch, turn)) => off_and_on(switch, turn, device.clone()).await,
            Err(why) => warn!(node, place, why, "gives nothing: it needs a hand"),
        }
    }

    /// One input's fault never touches another.
    async fn is_shared(&self, name: &str, place: &str) -> bool {
        let (devices, places) = (self.look().await, [(); 2].map(|()| Some(place.to_owned())));
        let kept = (name, &places);
        let dealt = choice::deal(&self.board.input, &devices.cameras, &devices.cards, kept);
        dealt.iter().filter(|dealt| dealt.input.name != name).any(|dealt| {
            dealt.camera.is_some_and(|camera| camera.place == place)
                || dealt.card.is_some_and(|card| card.bus == place)
        })
    }
}

/// To its end, even if nobody waits for it: off without on would be worse than before.
async fn off_and_on(switch: PathBuf, turn: Turn, device: Device) {
    let switched = spawn_blocking(move || {
        let _turn = turn;
        let off = fs::write(&switch, "0");
        thread::park_timeout(OFF);
        let done = off.and_then(|()| fs::write(&switch, "1"));
        let Device { node, place, .. } = device;
        match done {
            Ok(()) => warn!(node, place, "gives nothing: it was switched off and on"),
            Err(e) => {
                warn!(node, place, error = %e, "gives nothing, cannot be reset: it needs a hand")
            }
        }
    });
    // A panic there is in the log.
    let _ = switched.await;
}

/// The switch of a node's USB device, not of one of its parts.
fn usb(root: &Path, node: &str) -> Option<PathBuf> {
    let class = if node.starts_with("card") { "sound" } else { "video4linux" };
    let own = root.join("sys/class").join(class).join(node).join("device");
    let own = fs::canonicalize(own).ok()?;
    let device = own.ancestors().find(|folder| folder.join("idVendor").exists())?;
    Some(device.join("authorized"))
}

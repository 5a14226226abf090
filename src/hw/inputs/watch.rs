//! Sees, while a lesson is recorded from an input, that another way of reading it has become right: something was pulled out, or
//! what was missing is there again. A device that is plugged in and gives nothing is tried beside the slate that stands for it,
//! and at last switched off and on.

use std::future::pending;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::fault::Trust;
use super::source::Device;
use super::v4l2::{self, Signal};
use super::{Doubt, Fault, Inputs, Source, Wish, choice};
use crate::hw::board::Input;

/// So often a fault is looked after.
const TICK: Duration = Duration::from_millis(500);
/// So often what is gone is looked for without being told.
const LOOK: Duration = Duration::from_secs(1);
/// A device that fails again and again is tried after twice the time, at most half a minute.
const TIMES_DOUBLED: u32 = 6;
/// After so many trials in vain it is switched off and on, once.
const RESET_AFTER: u32 = 3;

/// An input is to be read in another way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub why: String,
    /// What is still in doubt.
    pub doubt: Doubt,
}

impl Inputs {
    /// Waits until what `choose` gave is not what it would give now. `changes` are heard since before that; a device that
    /// gives nothing within `limit` gives nothing.
    pub async fn changed(
        &self,
        name: &str,
        now: &Source,
        wish: &Wish,
        changes: watch::Receiver<u64>,
        limit: Duration,
    ) -> Change {
        if now.is_off() || self.board.input(name).is_none_or(Input::is_generated) {
            return pending().await;
        }
        let Doubt { picture, sound } = wish.doubt;
        let gives =
            |fault, device, trust| self.gives(name, (fault, device), trust, changes.clone(), limit);
        let (why, doubt) = tokio::select! {
            change = self.replugged(name, now, wish, changes.clone()) => return change,
            why = self.signal(now) => (why, Doubt { picture: Trust::default(), sound }),
            why = gives(now.faults.picture, now.camera.as_ref(), picture) => {
                (why, Doubt { picture: picture.regained(), sound })
            }
            why = gives(now.faults.sound, now.microphone.as_ref(), sound) => {
                (why, Doubt { picture, sound: sound.regained() })
            }
        };
        Change { why, doubt }
    }

    /// Something was plugged in or pulled out.
    async fn replugged(
        &self,
        name: &str,
        now: &Source,
        wish: &Wish,
        mut changes: watch::Receiver<u64>,
    ) -> Change {
        let old = wish.doubt;
        let wish = Wish { doubt: Doubt::default(), ..wish.clone() };
        let is_gone = [now.faults.picture, now.faults.sound].contains(&Some(Fault::Gone));
        // No message of the kernel's is so sure that a whole lesson may hang on it.
        let patience = if is_gone { LOOK } else { Duration::MAX };
        loop {
            if let Ok(Err(_)) = timeout(patience, changes.changed()).await {
                return pending().await;
            }
            let Ok(next) = self.choose(name, &wish).await else { continue };
            let (camera, microphone) = other(now, &next);
            if camera || microphone {
                let anew = |is_other, old| if is_other { Trust::default() } else { old };
                let (picture, sound) = (anew(camera, old.picture), anew(microphone, old.sound));
                return Change { why: next.faults.words(), doubt: Doubt { picture, sound } };
            }
        }
    }

    /// An input that has lost its signal, found it or has another one: when it says so twice. A device that could not be read
    /// at all, and can.
    async fn signal(&self, now: &Source) -> String {
        let Some(camera) = now.camera.as_ref() else { return pending().await };
        let mut before = camera.signal;
        loop {
            sleep(TICK).await;
            let told = v4l2::one(&self.root, &camera.node, self.ask(), &self.asked).await;
            let Some(told) = told.filter(|told| told.trouble.is_none()) else { continue };
            if camera.args.is_empty() {
                match choice::mode(&told, self.wanted) {
                    Ok(_) => return format!("{} can be read", told.bus),
                    Err(_) => continue,
                }
            }
            let is_mode = matches!(camera.signal, Signal::Mode { .. });
            if told.signal == Signal::Unknown || is_mode && told.signal == Signal::Present {
                continue;
            }
            let is_other = told.signal.size() != camera.signal.size();
            if is_other && told.signal.size() == before.size() {
                return format!("{}: {}", told.bus, told.signal.words());
            }
            before = told.signal;
        }
    }

    /// A device that gave nothing is tried until it gives something: more and more seldom, and at once when something was
    /// plugged in or pulled out.
    async fn gives(
        &self,
        name: &str,
        (fault, device): (Option<Fault>, Option<&Device>),
        trust: Trust,
        mut changes: watch::Receiver<u64>,
        limit: Duration,
    ) -> String {
        let device = device.filter(|device| !device.args.is_empty());
        let (Some(Fault::Mute), Some(device)) = (fault, device) else { return pending().await };
        let (mut times, mut vain) = (trust.times, 0);
        loop {
            match timeout(TICK * (1 << times.min(TIMES_DOUBLED)), changes.changed()).await {
                Ok(Ok(())) => times = 0,
                Ok(Err(_)) => return pending().await,
                Err(_) => times += 1,
            }
            // A slow one is given more time each time.
            if self.tries(device, limit * (2 + vain.min(TIMES_DOUBLED)) / 2).await {
                return format!("{} at {} gives something again", device.node, device.place);
            }
            vain += 1;
            if vain == RESET_AFTER {
                self.reset(name, device).await;
            }
        }
    }

    /// Which of the devices that are read give nothing within `limit`, now that nobody reads them.
    pub async fn mute(&self, source: &Source, limit: Duration) -> [bool; 2] {
        let is_mute = async |device: Option<&Device>| match device {
            Some(device) => !self.tries(device, limit).await,
            None => false,
        };
        let [camera, microphone] = source.read();
        tokio::join!(is_mute(camera), is_mute(microphone)).into()
    }
}

/// Whether `next` has another camera than is read `now`, or another microphone. A camera that cannot be asked while it is read is
/// no other one.
fn other(now: &Source, next: &Source) -> (bool, bool) {
    let is = |a: &Option<Device>, b: &Option<Device>| {
        let [a, b] = [a, b].map(|d| d.as_ref().map(|d| (&d.node, &d.place, d.args.is_empty())));
        a == b
    };
    let is_busy = now.read()[0].is_some() && next.faults.picture == Some(Fault::Mute);
    (!is_busy && !is(&now.camera, &next.camera), !is(&now.microphone, &next.microphone))
}

//! Sees, while a lesson is recorded from an input, that another way of reading it has become right: something was pulled out, or
//! what was missing is there again. A device that is plugged in and gives nothing is tried beside the slate that stands for it,
//! and at last switched off and on.

use std::future::pending;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

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

/// Of an input.
#[derive(Clone, Copy)]
enum Half {
    Picture,
    Sound,
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
        let gives = |half| self.gives((name, half), now, wish, changes.clone(), limit);
        let (why, doubt) = tokio::select! {
            change = self.replugged(name, now, wish, changes.clone()) => return change,
            why = self.signal(now) => (why, Doubt { picture: Trust::default(), sound }),
            why = gives(Half::Picture) => {
                (why, Doubt { picture: picture.regained(), sound })
            }
            why = gives(Half::Sound) => {
                (why, Doubt { picture, sound: sound.regained() })
            }
        };
        Change { why, doubt }
    }

    /// Something was plugged in or pulled out. What comes back again and again, because its cable or its power is too weak for a
    /// picture, is believed after twice the time: each time the film is turned over, sound is lost.
    async fn replugged(
        &self,
        name: &str,
        now: &Source,
        wish: &Wish,
        mut changes: watch::Receiver<u64>,
    ) -> Change {
        let hopeful = Wish { doubt: Doubt::default(), ..wish.clone() };
        let is_gone = [now.faults.picture, now.faults.sound].contains(&Some(Fault::Gone));
        // No message of the kernel's is so sure that a whole lesson may hang on it.
        let usual = if is_gone { LOOK } else { Duration::MAX };
        let (mut patience, mut since) = (usual, None);
        loop {
            if let Ok(Err(_)) = timeout(patience, changes.changed()).await {
                return pending().await;
            }
            patience = usual;
            let Ok(next) = self.choose(name, &hopeful).await else { continue };
            let Some((doubt, wait)) = turn(now, &next, wish) else {
                since = None;
                continue;
            };
            let waited = since.get_or_insert_with(Instant::now).elapsed();
            if waited >= wait {
                return Change { why: next.faults.words(), doubt };
            }
            patience = wait - waited;
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
        (name, half): (&str, Half),
        now: &Source,
        wish: &Wish,
        mut changes: watch::Receiver<u64>,
        limit: Duration,
    ) -> String {
        let (fault, device, trust) = match half {
            Half::Picture => (now.faults.picture, &now.camera, wish.doubt.picture),
            Half::Sound => (now.faults.sound, &now.microphone, wish.doubt.sound),
        };
        let device = device.as_ref().filter(|device| !device.args.is_empty());
        let (Some(Fault::Mute), Some(device)) = (fault, device) else { return pending().await };
        let (mut times, mut vain) = (trust.times, 0);
        loop {
            match timeout(pause(times), changes.changed()).await {
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
                self.reset(name, device, now, &wish.resets).await;
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

fn pause(times: u32) -> Duration {
    TICK * (1 << times.min(TIMES_DOUBLED))
}

/// What is in doubt when the film is turned over from `now` to `next`, and how long to wait before: no longer than for the half
/// that is trusted more. `None` when it is the same.
fn turn(now: &Source, next: &Source, wish: &Wish) -> Option<(Doubt, Duration)> {
    let (camera, microphone) = other(now, next);
    let half = |is_other: bool, next: &Option<Device>, place: &Option<String>, old: Trust| {
        let place = place.as_ref();
        match next.as_ref().map(|device| &device.place) {
            _ if !is_other => (old, None),
            None => (old.regained(), Some(Duration::ZERO)),
            came if came != place => (Trust::default(), Some(Duration::ZERO)),
            Some(_) if old.times == 0 => (old.returned(), Some(Duration::ZERO)),
            Some(_) => (old.returned(), Some(pause(old.times))),
        }
    };
    let ([camera_at, microphone_at], old) = (&wish.places, wish.doubt);
    let (picture, a) = half(camera, &next.camera, camera_at, old.picture);
    let (sound, b) = half(microphone, &next.microphone, microphone_at, old.sound);
    Some((Doubt { picture, sound }, a.into_iter().chain(b).min()?))
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

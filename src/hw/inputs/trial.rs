//! Reads a picture or some sound of a device beside a lesson, to see whether it gives any. One at a time: two who open a device
//! at once take each other for its fault, and a program that hangs in a driver is not followed by another one.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::info;

use super::source::Device;
use super::v4l2::{self, Signal};
use super::{Inputs, Source};

/// For a program that was killed to leave its device.
const EXIT: Duration = Duration::from_secs(1);
/// For what it said; whoever else writes there is not waited for.
const LISTEN: Duration = Duration::from_millis(100);
const WORDS: u64 = 4 << 10;
/// So often it is looked whether a device is free.
const TICK: Duration = Duration::from_millis(20);

/// Who is busy with a device, by its name of today.
#[derive(Clone, Debug, Default)]
pub struct Busy(Arc<Mutex<HashMap<String, Held>>>);

#[derive(Debug)]
struct Held {
    /// Of one that was lent, since it was asked back.
    since: Instant,
    /// Of one that is lent until somebody wants it: it is told here.
    lent: Option<Arc<Notify>>,
}

/// While it is held, nobody else has a turn.
#[derive(Debug)]
pub struct Turn(Busy, String);

impl Busy {
    /// Waits until nobody is busy with it; `None` when somebody has been for so long.
    pub async fn turn(&self, name: &str, patience: Duration) -> Option<Turn> {
        while let Some(since) = self.since(name) {
            if since.elapsed() >= patience {
                return None;
            }
            sleep(TICK).await;
        }
        Some(Turn(self.clone(), name.to_owned()))
    }

    /// Since when somebody has been; from now on we are, if nobody was.
    fn since(&self, name: &str) -> Option<Instant> {
        let (mut all, now) = (self.all(), Instant::now());
        let Some(held) = all.get_mut(name) else {
            all.insert(name.to_owned(), Held { since: now, lent: None });
            return None;
        };
        if let Some(lent) = held.lent.take() {
            held.since = now;
            lent.notify_one();
        }
        Some(held.since)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Devices that are read for as long as nobody else wants one of them.
#[derive(Debug, Default)]
pub struct Lent {
    turns: Vec<Turn>,
    back: Arc<Notify>,
}

impl Lent {
    /// Returns when they are to be left.
    pub async fn wanted(&self) {
        self.back.notified().await;
    }

    fn add(&mut self, turn: Turn) {
        if let Some(held) = turn.0.all().get_mut(&turn.1) {
            held.lent = Some(self.back.clone());
        }
        self.turns.push(turn);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.all().remove(&self.1);
    }
}

impl Inputs {
    /// Whether a device gives a picture, or some sound, within `limit`.
    pub(super) async fn tries(&self, device: &Device, limit: Duration) -> bool {
        let Ok(found) = self.finder.find().await else { return false };
        let node = &device.node;
        let Some(turn) = self.tried.turn(node, limit).await else {
            info!(node, "hangs in its driver: it is not tried again yet");
            return false;
        };
        // A camera's own H.264 is passed through: nobody waits for a picture that can be decoded, which may be seconds away.
        let (before, copy): (&[_], &[_]) = match device.args.iter().any(|arg| arg == "h264") {
            true => (&["-analyzeduration", "1"], &["-c", "copy", "-copyinkf:v"]),
            false => (&[], &[]),
        };
        let mut command = Command::new(&found.ffmpeg);
        command.args(["-hide_banner", "-nostdin", "-loglevel", "error"]).args(before);
        command.args(&device.args).args(copy).args(["-frames", "1", "-f", "null", "-"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        // Whoever does not want to know any more, drops this end.
        let (_wanted, unwanted) = oneshot::channel();
        let trial = tokio::spawn(trial(command, limit, unwanted, turn));
        let why = match timeout(limit + EXIT, trial).await {
            Ok(Ok(None)) => return true,
            Ok(Ok(Some(why))) => why,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it does not even end when it is killed".into(),
        };
        info!(node, place = device.place, why, "tried: it gives nothing");
        false
    }

    /// Waits until no trial holds what is to be read now; not for one that hangs. A digital input is told to give what comes in.
    pub async fn prepare(&self, source: &Source) {
        // Who hangs in the one hangs in the other.
        let until = Instant::now() + EXIT;
        for device in source.read().into_iter().flatten() {
            let _ = timeout_at(until, self.tried.turn(&device.node, Duration::MAX)).await;
            self.adopt(device).await;
        }
    }

    /// The same for whoever reads it beside all lessons. `None` when somebody hangs in a device.
    pub async fn borrow(&self, source: &Source) -> Option<Lent> {
        let mut lent = Lent::default();
        for device in source.read().into_iter().flatten() {
            lent.add(self.tried.turn(&device.node, EXIT).await?);
            self.adopt(device).await;
        }
        Some(lent)
    }

    async fn adopt(&self, device: &Device) {
        if let Signal::Mode { .. } = device.signal {
            v4l2::adopt(&self.root, &device.node, &self.asked).await;
        }
    }
}

/// Its turn is over when the program is: `None` when it was given something, else why not.
async fn trial(
    mut command: Command,
    limit: Duration,
    unwanted: oneshot::Receiver<()>,
    turn: Turn,
) -> Option<String> {
    let mut child = match command.kill_on_drop(true).spawn() {
        Ok(child) => child,
        Err(error) => return Some(error.to_string()),
    };
    let why = tokio::select! {
        status = child.wait() => match status {
            Ok(status) if status.success() => return None,
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        },
        () = sleep(limit) => format!("nothing within {limit:?}"),
        _ = unwanted => "not wanted any more".into(),
    };
    let _ = child.kill().await;
    drop(turn);
    let mut said = Vec::new();
    if let Some(log) = child.stderr {
        let _ = timeout(LISTEN, log.take(WORDS).read_to_end(&mut said)).await;
    }
    let said = String::from_utf8_lossy(&said);
    Some(said.lines().next_back().map_or(why, str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_at_a_time_is_at_a_device_and_nobody_waits_for_one_that_hangs() {
        let busy = Busy::default();
        let patience = Duration::from_secs(3);
        let first = busy.turn("video0", patience).await.unwrap();
        assert!(busy.turn("video1", patience).await.is_some(), "another device is free");
        let began = Instant::now();
        assert!(busy.turn("video0", patience).await.is_none());
        assert!(busy.turn("video0", patience).await.is_none());
        assert!(began.elapsed() < patience * 2, "it is waited for once");
        drop(first);
        assert!(busy.turn("video0", patience).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_lent_is_asked_back_and_given_time_for_it() {
        let (busy, patience) = (Busy::default(), Duration::from_secs(3));
        let mut lent = Lent::default();
        lent.add(busy.turn("video0", patience).await.unwrap());
        lent.add(busy.turn("card1", patience).await.unwrap());
        assert!(timeout(patience * 2, lent.wanted()).await.is_err(), "nobody wants them");
        let leave = async {
            lent.wanted().await;
            sleep(patience / 2).await;
            drop(lent);
        };
        let (turn, ()) = tokio::join!(busy.turn("card1", patience), leave);
        assert!(turn.is_some() && busy.turn("video0", Duration::ZERO).await.is_some());
    }
}

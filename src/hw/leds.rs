//! Lamps of the board: one is lit while a camera or microphone is open, one while something wants a technician.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tracing::warn;

use crate::domain::devices::Standing;
use crate::hw::board::{Led, LedRole};
use crate::model::recording::Track;

/// The recorder has closed everything by then when the box goes down.
const CLOSING: Duration = Duration::from_secs(6);

/// Others may write there too. What is dark is not written again: a box at rest is not woken.
const AGAIN: Duration = Duration::from_secs(5);

/// Those that are there, each with its folder.
pub struct Lamps(Vec<(LedRole, PathBuf)>);

impl Lamps {
    pub fn find(leds: &[Led], root: &Path) -> Self {
        let there = |led: &Led| Some((led.role, root.join("sys/class/leds").join(led.find(root)?)));
        Self(leds.iter().filter_map(there).collect())
    }

    /// Shows what is open and which lessons are in trouble until the box goes down.
    pub async fn run(
        self,
        mut devices: watch::Receiver<Standing>,
        mut troubles: watch::Receiver<Vec<Track>>,
        mut drain: watch::Receiver<bool>,
    ) {
        if self.0.is_empty() {
            return;
        }
        for (_, lamp) in &self.0 {
            // The kernel lets go of what it showed with it; some lamps have nothing of the kind.
            let _ = std::fs::write(lamp.join("trigger"), "none");
        }
        loop {
            let is_open = devices.borrow_and_update().any_open();
            let is_wrong = !troubles.borrow_and_update().is_empty();
            self.light(LedRole::Camera, is_open);
            self.light(LedRole::Alarm, is_wrong);
            tokio::select! {
                Ok(()) = devices.changed() => {}
                Ok(()) = troubles.changed() => {}
                () = sleep(AGAIN), if is_open || is_wrong => {}
                _ = drain.wait_for(|now| *now) => break,
            }
        }
        if timeout(CLOSING, devices.wait_for(|now| !now.any_open())).await.is_ok() {
            self.light(LedRole::Camera, false);
        }
    }

    fn light(&self, role: LedRole, is_lit: bool) {
        for (_, lamp) in self.0.iter().filter(|(of, _)| *of == role) {
            if let Err(error) = light(lamp, is_lit) {
                warn!(lamp = %lamp.display(), is_lit, %error, "a lamp is not as it should be");
            }
        }
    }
}

fn light(lamp: &Path, is_lit: bool) -> io::Result<()> {
    let most = std::fs::read_to_string(lamp.join("max_brightness"));
    let value = if is_lit { most.as_deref().map_or("1", str::trim) } else { "0" };
    std::fs::write(lamp.join("brightness"), value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::devices::Devices;
    use crate::hw::board::Board;

    /// A machine with both lamps of a Raspberry Pi.
    struct Machine(tempfile::TempDir);

    impl Machine {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            for lamp in ["ACT", "PWR"] {
                let lamp = root.path().join("sys/class/leds").join(lamp);
                std::fs::create_dir_all(&lamp).unwrap();
                for (file, text) in
                    [("trigger", "mmc0"), ("brightness", "7"), ("max_brightness", "255\n")]
                {
                    std::fs::write(lamp.join(file), text).unwrap();
                }
            }
            Self(root)
        }

        fn says(&self, file: &str) -> String {
            std::fs::read_to_string(self.0.path().join("sys/class/leds").join(file)).unwrap()
        }

        async fn until(&self, camera: &str, alarm: &str) {
            while (self.says("ACT/brightness").as_str(), self.says("PWR/brightness").as_str())
                != (camera, alarm)
            {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_lamp_is_lit_while_a_camera_is_open_and_one_while_a_lesson_is_in_trouble() {
        let machine = Machine::new();
        let lamps = Lamps::find(&Board::load("rpi4").unwrap().led, machine.0.path());
        let (devices, troubles) = (Devices::default(), watch::Sender::new(Vec::new()));
        let drain = watch::Sender::new(false);
        let (changes, alarms) = (devices.changes(), troubles.subscribe());
        let running = tokio::spawn(lamps.run(changes, alarms, drain.subscribe()));
        machine.until("0", "0").await;
        assert_eq!(machine.says("ACT/trigger"), "none");
        let open = devices.open("a");
        machine.until("255", "0").await;
        std::fs::write(machine.0.path().join("sys/class/leds/ACT/brightness"), "0").unwrap();
        machine.until("255", "0").await;
        troubles.send_replace(vec![Track::teacher(crate::model::RoomId(1))]);
        machine.until("255", "255").await;
        troubles.send_replace(Vec::new());
        machine.until("255", "0").await;
        drain.send_replace(true);
        drop(open);
        running.await.unwrap();
        machine.until("0", "0").await;
    }

    #[tokio::test]
    async fn a_board_without_lamps_has_nothing_to_do() {
        let root = tempfile::tempdir().unwrap();
        let lamps = Lamps::find(&Board::load("rpi4").unwrap().led, root.path());
        let (devices, drain) = (Devices::default(), watch::Sender::new(false));
        let troubles = watch::Sender::new(Vec::new());
        lamps.run(devices.changes(), troubles.subscribe(), drain.subscribe()).await;
    }
}

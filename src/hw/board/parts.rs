//! What a board has beside inputs: serial ports, lamps, a watchdog; each found by what stays the same from one start
//! to the next.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::hw::board::Board;
use crate::hw::inputs::sysfs;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Serial {
    pub role: SerialRole,
    /// Bus paths in the order in which they are looked for; `*` stands for anything.
    pub bus: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SerialRole {
    /// The technician's.
    Console,
    /// Camera heads that speak VISCA.
    Ptz,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Led {
    pub role: LedRole,
    /// Under /sys/class/leds; the first that is there.
    pub name: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LedRole {
    /// Lit while a camera is open.
    Camera,
    /// Something wants a technician.
    Alarm,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watchdog {
    /// What its driver calls it.
    pub identity: String,
    /// The longest time that it can be set to, where that was found out.
    #[serde(default)]
    pub limit_s: Option<u32>,
}

impl Board {
    /// What is there of its serial ports, lamps and watchdog, one sentence each.
    pub fn parts(&self, root: &Path) -> Vec<String> {
        let serial = self.serial.iter().map(|port| {
            let found = port.find(root);
            let places = || format!("not there ({})", port.bus.join(", "));
            format!("serial port for the {}: {}", port.role.word(), found.unwrap_or_else(places))
        });
        let leds = self.led.iter().map(|led| {
            let found = led.find(root).map(str::to_owned);
            let names = || format!("not there ({})", led.name.join(", "));
            format!("lamp for the {}: {}", led.role.word(), found.unwrap_or_else(names))
        });
        let watchdog = self.watchdog.iter().map(|watchdog| match watchdog.find(root) {
            Some(name) => format!("watchdog: {name}, {}", watchdog.identity),
            None => format!("watchdog: not there ({})", watchdog.identity),
        });
        serial.chain(leds).chain(watchdog).collect()
    }
}

impl SerialRole {
    const fn word(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Ptz => "camera heads",
        }
    }
}

impl LedRole {
    const fn word(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::Alarm => "alarm",
        }
    }
}

impl Serial {
    /// Name of the terminal under /dev. The number is of today only.
    pub fn find(&self, root: &Path) -> Option<String> {
        let folder = root.join("sys/class/tty");
        let place =
            |name: String| Some((sysfs::bus_path(&folder.join(&name).join("device"))?, name));
        let ports: Vec<_> = sysfs::names(&folder).into_iter().filter_map(place).collect();
        let at = |pattern: &String| ports.iter().find(|(bus, _)| sysfs::matches(pattern, bus));
        self.bus.iter().find_map(at).map(|(_, name)| name.clone())
    }
}

impl Led {
    pub fn find(&self, root: &Path) -> Option<&str> {
        let leds = root.join("sys/class/leds");
        self.name.iter().map(String::as_str).find(|name| leds.join(name).exists())
    }
}

impl Watchdog {
    /// Its name under /dev.
    pub fn find(&self, root: &Path) -> Option<String> {
        let folder = root.join("sys/class/watchdog");
        sysfs::names(&folder).into_iter().find(|name| {
            let identity = fs::read_to_string(folder.join(name).join("identity"));
            identity.is_ok_and(|identity| identity.trim() == self.identity)
        })
    }
}

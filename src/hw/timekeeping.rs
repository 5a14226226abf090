//! How well this machine keeps the time. Looks at files of the kernel and of systemd, and asks the kernel
//! whether it follows a time server; asks no clock what it shows.

use std::fs;
use std::path::Path;

use crate::model::Millis;
use crate::model::licence::Timekeeping;

/// A clock with a battery that shows a later time than `built` kept it. Read once, at start: afterwards
/// somebody may have set it.
pub fn has_kept_time(root: &Path, built: Millis) -> bool {
    let clocks = fs::read_dir(root.join("sys/class/rtc")).into_iter().flatten().flatten();
    let times = clocks.filter_map(|clock| {
        let text = fs::read_to_string(clock.path().join("since_epoch")).ok()?;
        text.trim().parse().ok().map(Millis::seconds)
    });
    times.max().is_some_and(|time| time >= built)
}

/// `follows` is the kernel's word. Cheap enough to be asked each second.
pub fn now(root: &Path, kept: bool, follows: bool) -> Timekeeping {
    // systemd-timesyncd touches it once a server was heard since power-on, and never takes it away.
    let heard = root.join("run/systemd/timesync/synchronized").exists();
    match heard {
        true if follows => Timekeeping::Synchronised,
        // Somebody set the clock since, or no server was heard for half a day.
        true => Timekeeping::Kept,
        false if kept => Timekeeping::Kept,
        false => Timekeeping::Lost,
    }
}

/// Whether the kernel's clock follows a server. It says no from the moment a hand sets the clock until the
/// next answer of a server. One that does not tell says no.
#[allow(unsafe_code)] // neither std nor rustix has this call
pub fn follows_a_server() -> bool {
    // SAFETY: `timex` is plain numbers, for which zeros are valid; with `modes` 0 the kernel only fills it.
    let (state, told) = unsafe {
        let mut told: libc::timex = std::mem::zeroed();
        (libc::adjtimex(&raw mut told), told)
    };
    state >= 0 && told.status & libc::STA_UNSYNC == 0
}

//! How well this machine kept the time while it was off. Looks at files of the kernel and of systemd;
//! asks no clock.

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

/// Cheap enough to be asked each second.
pub fn now(root: &Path, kept: bool) -> Timekeeping {
    // systemd-timesyncd touches it once a server was heard since power-on.
    if root.join("run/systemd/timesync/synchronized").exists() {
        return Timekeeping::Synchronised;
    }
    if kept { Timekeeping::Kept } else { Timekeeping::Lost }
}

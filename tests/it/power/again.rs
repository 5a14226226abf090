//! A box that comes back after a cut, and is cut again while it does.

use std::path::Path;

use super::disk::{Disk, Luck};
use super::facts::{self, Fact};
use super::random::Random;
use super::watched::copied;
use super::{comeback, films, log};
use crate::process::recording;

/// Lessons of the story that are recorded.
const ROOMS: [i64; 2] = [10_001, 10_002];
/// Each so many changes the power is cut again.
const EVERY: usize = 12;

/// Comes back on the disk `root`, and again on disks that second cuts leave; answers on how many.
///
/// # Panics
/// When something is lost, or a film has become shorter.
pub async fn check(root: &Path, facts: &[Fact]) -> usize {
    let (before, logged) = (root.with_extension("before"), root.with_extension("log"));
    copied(root, &before);
    let (library, root_name) = (log::library(), root.display().to_string());
    let (library, logged_name) = (library.display().to_string(), logged.display().to_string());
    let shim = [
        ("LD_PRELOAD", library.as_str()),
        ("SHIM_ROOT", root_name.as_str()),
        ("SHIM_LOG", logged_name.as_str()),
    ];
    comeback::check(&root.join("d"), facts, &shim).await;
    let (mut disk, mut random, mut disks) = (Disk::with(root, &before), Random(1), 0);
    let film = |root: &Path, room| {
        let film = std::fs::read(recording(&root.join("d"), room));
        film.map_or(0, |film| films::usable(&film))
    };
    let films = ROOMS.map(|room| film(&before, room));
    for (at, record) in log::read(&logged).iter().enumerate() {
        disk.take(record);
        if at % EVERY != 0 {
            continue;
        }
        for luck in [Luck::Nothing, Luck::Some] {
            let left = root.with_extension(format!("left{disks}"));
            disk.cut_power(luck, &mut random, &left);
            let place = format!("{}, cut again after {at} changes, {luck:?}", root.display());
            assert_eq!(facts::check(&left.join("d"), facts), Ok(()), "{place}");
            for (room, before) in ROOMS.into_iter().zip(films) {
                assert!(film(&left, room) >= before, "{place}: the film of {room} is shorter");
            }
            std::fs::remove_dir_all(left).unwrap();
            disks += 1;
        }
    }
    disks
}

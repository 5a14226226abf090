//! A disk like a box's on top of this machine's: virtual disks answer a sync from their host's memory. The box under load
//! gets a library of two names, `fsync` and `fdatasync`, built here: they do what they say, and take longer over it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Done;

const SOURCE: &str = include_str!("slow_disk/preload.rs");

/// How much longer a sync takes, in milliseconds: an eMMC needs that for one.
pub const MS: u32 = 3;

/// Builds the library in this folder and has the command load it.
pub fn under(command: &mut Command, folder: &Path) -> Done<()> {
    let (library, longer) = (build(folder)?, (MS * 1000).to_string());
    command.env("LD_PRELOAD", library).env("SLOW_DISK_US", longer);
    Ok(())
}

fn build(folder: &Path) -> Done<PathBuf> {
    let (source, library) = (folder.join("slow_disk.rs"), folder.join("libslow_disk.so"));
    std::fs::write(&source, SOURCE)?;
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition=2024", "--crate-type=cdylib", "-O", "-o"]).args([&library, &source]);
    let built = rustc.output().map_err(|e| format!("rustc: {e}"))?;
    if !built.status.success() {
        return Err(String::from_utf8_lossy(&built.stderr).into_owned().into());
    }
    Ok(library)
}

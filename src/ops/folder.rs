//! The data folder: one process owns it. Whoever holds `box.lock` may open what lies in it.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

/// The folder, owned. The lock ends with this value, or with the process.
#[derive(Debug)]
pub struct Folder {
    pub path: PathBuf,
    _lock: File,
}

#[derive(Debug)]
pub enum FolderError {
    /// Another process owns it.
    Taken,
    Io(io::Error),
}

impl std::fmt::Display for FolderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Taken => f.write_str("a running service owns this data folder"),
            Self::Io(e) => e.fmt(f),
        }
    }
}

impl Folder {
    /// Makes the folder (mode 0700) with its parts, and takes its lock.
    pub fn own(path: &Path) -> Result<Self, FolderError> {
        let make = || {
            DirBuilder::new().recursive(true).mode(0o700).create(path)?;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
            for part in ["recordings", "files", "license", "keys"] {
                DirBuilder::new().recursive(true).mode(0o700).create(path.join(part))?;
            }
            OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .mode(0o600)
                .open(path.join("box.lock"))
        };
        let lock = make().map_err(FolderError::Io)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(FolderError::Taken),
            Err(e) => Err(FolderError::Io(e.into())),
        }
    }

    /// Where a running service listens for the other subcommands.
    pub fn socket(path: &Path) -> PathBuf {
        path.join("box.sock")
    }
}

/// Bytes free where `path` lies.
pub fn free_bytes(path: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    stat.f_bavail.checked_mul(stat.f_frsize)
}

#[cfg(test)]
mod tests;

//! Small files that are whole or absent, also after a power cut.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::model::crash::{self, Point};
use crate::store;

/// Writes beside (mode 0600), syncs, renames over, syncs the folder.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = path.with_extension("part");
    let open = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part);
    let mut file = open?;
    file.write_all(bytes)?;
    file.sync_all()?;
    crash::point(Point::FileWritten);
    fs::rename(&part, path)?;
    crash::point(Point::FileRenamed);
    sync_folder(path)
}

/// Work for the disk, off the async threads.
///
/// # Errors
/// What the work says, or that it panicked.
pub async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    store::aside(work).await.map_err(io::Error::other)?
}

/// Makes a name that was just made or changed in `path`'s folder survive a power cut.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    #[cfg(test)]
    witness::note(folder);
    File::open(folder)?.sync_all()
}

/// No test can cut the power; it can ask which folders were synced, and how often.
#[cfg(test)]
pub(crate) mod witness {
    use std::collections::HashMap;
    use std::path::{Path, PathBuf};
    use std::sync::{Mutex, PoisonError};

    static SEEN: Mutex<Option<HashMap<PathBuf, usize>>> = Mutex::new(None);

    pub(super) fn note(folder: &Path) {
        let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
        *seen.get_or_insert_default().entry(folder.to_owned()).or_default() += 1;
    }

    pub(crate) fn syncs(folder: &Path) -> usize {
        let seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
        seen.as_ref().and_then(|seen| seen.get(folder)).copied().unwrap_or(0)
    }
}

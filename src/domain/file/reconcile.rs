//! Start-up: the folder of stored files against the rows that know them. Nothing that was ever answered as
//! stored is deleted here: when store and folder disagree, the store may be the one that is wrong.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{draft, slices};
use crate::domain::{Appliance, durable};
use crate::model::Fault;
use crate::model::crash::{self, Mutation, Point};
use crate::store::files;

/// What lies in the folder and belongs to nothing.
#[derive(Default)]
pub struct LeftOver {
    unfinished: Vec<PathBuf>,
    strays: Vec<PathBuf>,
}

impl LeftOver {
    /// Sets files that no row knows aside in `files/lost/`, where nobody looks again, and deletes uploads that never
    /// became whole. To be awaited after the store was checked: it is the witness.
    pub async fn clear(self) -> Result<(), Fault> {
        let Self { unfinished, strays } = self;
        if !strays.is_empty() {
            tracing::warn!(files = strays.len(), "files that no row knows are moved to files/lost");
        }
        if !unfinished.is_empty() {
            tracing::info!(files = unfinished.len(), "left-over uploads are removed");
        }
        let work = move || {
            unfinished.iter().try_for_each(fs::remove_file)?;
            strays.iter().try_for_each(|path| set_aside(path))
        };
        durable::aside(work).await.map_err(cleaning)
    }
}

fn cleaning(e: io::Error) -> Fault {
    Fault::internal("cleaning the stored files", e)
}

/// Finds it, and touches nothing. Rows are never removed. When the store knows no file, or fewer than half of those
/// that are there, it may be a new or an older one: then nothing is left over.
/// To be awaited before anything is served: a running upload has no row yet, so whatever has none now is
/// from before this start.
pub async fn reconcile(app: &Appliance) -> Result<LeftOver, Fault> {
    if crash::is(Mutation::NoFileReconcile) {
        return Ok(LeftOver::default());
    }
    let folder = app.folders.files.clone();
    let there = durable::aside(move || look(&folder)).await.map_err(cleaning)?;
    // Asked after the look: what was stored in between is not seen as left over.
    let known = app.db.read(|conn| Ok(files::names(conn)?)).await?;
    // A folder's row has no file.
    let known: HashSet<String> = known.into_iter().filter(|name| !name.is_empty()).collect();
    let (unfinished, whole): (Vec<_>, Vec<_>) =
        there.into_iter().partition(|path| is_unfinished(path));
    let count = whole.len();
    let mut strays = whole;
    strays.retain(|path| !known.contains(&draft::name_of(path)));
    if !strays.is_empty() && (known.is_empty() || strays.len() * 2 > count) {
        tracing::error!(
            files = count,
            unknown = strays.len(),
            rows = known.len(),
            "the store does not know most of the stored files; nothing is touched, restore a backup"
        );
        return Ok(LeftOver::default());
    }
    Ok(LeftOver { unfinished, strays })
}

/// Plain files only: `lost/` itself is passed over.
fn look(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::create_dir_all(folder)?;
    let plain = |entry: fs::DirEntry| Ok(entry.file_type()?.is_file().then(|| entry.path()));
    let found = fs::read_dir(folder)?.map(|entry| entry.and_then(plain));
    found.filter_map(Result::transpose).collect()
}

/// Names that only uploads on their way have; no row ever has one.
fn is_unfinished(path: &Path) -> bool {
    let name = draft::name_of(path);
    name.ends_with(draft::PART) || name.ends_with(slices::SUFFIX)
}

/// Moves the file to `lost/` beside it, under a name that is free there.
fn set_aside(path: &Path) -> io::Result<()> {
    let lost = path.with_file_name("lost");
    fs::create_dir_all(&lost)?;
    let name = draft::name_of(path);
    let mut to = lost.join(&name);
    for n in 2.. {
        if !to.try_exists()? {
            break;
        }
        to = lost.join(format!("{name}-{n}"));
    }
    fs::rename(path, &to)?;
    crash::point(Point::StraySetAside);
    durable::sync_folder(&to)?;
    durable::sync_folder(path)
}

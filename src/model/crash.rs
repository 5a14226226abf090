//! Named places at which a test ends the process as `kill -9` would, and steps that a test leaves out to see that
//! its suite notices. Only a debug build has them; nothing of it is in a release. `tests/it/kill.rs` visits each.

macro_rules! points {
    ($($(#[$about:meta])* $name:ident,)*) => {
        /// A place between two steps that a crash may part.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Point {
            $($(#[$about])* $name,)*
        }

        impl Point {
            pub const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

points! {
    /// A transaction is written and not committed.
    BeforeCommit,
    /// It is committed and nobody is answered.
    Committed,
    /// An older store was copied and not changed.
    MigrationCopied,
    InMigration,
    /// A small file is written beside its place.
    FileWritten,
    /// It is in its place, which may not last.
    FileRenamed,
    UploadPlaced,
    /// Its row is there, the file it replaces as well.
    UploadStored,
    FileLinked,
    StraySetAside,
    TakeMade,
    FilmAppended,
    FilmSynced,
    /// A torn tail is copied and not cut.
    TailKept,
    TailCut,
    LessonBegun,
    LessonEnded,
    /// The films' rows are there, nobody was told of them.
    TakesStored,
    FilmTold,
    PlaylistWritten,
    /// Playlist and index lie there, the lesson is no replay yet.
    IndexWritten,
    /// A recording's rows are gone, its files are there.
    RecordingForgotten,
    /// They are gone as well, which may not last.
    RecordingRemoved,
    /// A call was taken and is not noted as sent.
    CallSent,
    LicenceWritten,
    /// The newest time seen is in the store and not in its file.
    TimeInStore,
    /// The authority's key is there without its certificate.
    KeyMade,
    StoreCopied,
    BackupPacked,
    BackupRenamed,
    RestoreUnpacked,
    RestoreBegun,
    OldSetAside,
    NewInPlace,
    TimeKept,
    RecordingsRenamed,
}

/// What a durability test must notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    AnswerBeforeCommit,
    /// Torn tails of films are not cut.
    NoFilmReconcile,
    /// What uploads left behind is not cleared away.
    NoFileReconcile,
}

/// The process ends here when `ARCTOS_BOX_DIES_AT` says so: the point's name, and after a colon at which time it is
/// reached; without one, at the first.
#[cfg(debug_assertions)]
pub fn point(at: Point) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static ARMED: OnceLock<Option<(String, AtomicU32)>> = OnceLock::new();
    let read = || {
        let text = told("ARCTOS_BOX_DIES_AT")?;
        let (name, time) = text.split_once(':').unwrap_or((&text, "1"));
        Some((name.to_owned(), AtomicU32::new(time.parse().ok()?)))
    };
    let Some((name, left)) = ARMED.get_or_init(read) else { return };
    if *name == format!("{at:?}") && left.fetch_sub(1, Ordering::SeqCst) == 1 {
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

/// Whether `ARCTOS_BOX_MUTATION` names it.
#[cfg(debug_assertions)]
pub fn is(mutation: Mutation) -> bool {
    told("ARCTOS_BOX_MUTATION").is_some_and(|text| text == format!("{mutation:?}"))
}

#[cfg(debug_assertions)]
#[allow(clippy::disallowed_methods)] // no setting of the box: only a test sets it, and only in a debug build
fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(not(debug_assertions))]
pub const fn point(_: Point) {}

#[cfg(not(debug_assertions))]
pub const fn is(_: Mutation) -> bool {
    false
}

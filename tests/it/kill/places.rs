//! How each named place is reached. A new one has no way yet, and this does not compile.

use arctos_box::model::crash::Point;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The first start on an empty folder.
    Start,
    /// A start on the store of an older release.
    Upgrade,
    /// A start with a torn film, and with what uploads left behind.
    Torn,
    Stray,
    /// People register, make lessons, bind and upload.
    Write,
    Copy,
    /// The lesson that runs ends; another begins.
    Lesson,
    /// The same, recorded.
    Film,
    License,
    /// A start with a recording whose time is over.
    Retain,
    /// Subcommands, while no service runs.
    Backup,
    Restore,
}

/// The way, and the time at which the place is reached on it that matters.
pub fn way(point: Point) -> (Way, u32) {
    match point {
        Point::BeforeCommit => (Way::Write, 7),
        Point::Committed => (Way::Write, 8),
        Point::MigrationCopied | Point::InMigration => (Way::Upgrade, 1),
        Point::FileWritten | Point::FileRenamed | Point::KeyMade => (Way::Start, 1),
        // An upload that takes another's place.
        Point::UploadPlaced | Point::UploadStored => (Way::Write, 2),
        Point::FileLinked => (Way::Copy, 1),
        Point::StraySetAside => (Way::Stray, 1),
        Point::TakeMade => (Way::Film, 1),
        Point::FilmAppended => (Way::Film, 9),
        Point::FilmSynced => (Way::Film, 3),
        Point::TailKept | Point::TailCut => (Way::Torn, 1),
        Point::LessonBegun
        | Point::LessonEnded
        | Point::TakesStored
        | Point::FilmTold
        | Point::PlaylistWritten
        | Point::IndexWritten
        | Point::CallSent => (Way::Lesson, 1),
        Point::RecordingForgotten | Point::RecordingRemoved => (Way::Retain, 1),
        Point::LicenceWritten | Point::TimeInStore => (Way::License, 1),
        Point::StoreCopied | Point::BackupPacked | Point::BackupRenamed => (Way::Backup, 1),
        Point::RestoreUnpacked
        | Point::RestoreBegun
        | Point::OldSetAside
        | Point::NewInPlace
        | Point::TimeKept
        | Point::RecordingsRenamed => (Way::Restore, 1),
    }
}

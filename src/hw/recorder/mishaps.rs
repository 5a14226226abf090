//! The recorder when files, folders and the disk are not as they should be.

use std::os::unix::fs::{FileExt as _, symlink};
use std::time::Duration;

use tokio::time::timeout;

use super::world::{Alive, World, check_hash, decodes};
use super::*;
use crate::model::quality::Flaw;
use crate::model::recording::{Finished, GapWhy, RefusedWhy};
use crate::wire::fmp4::cut::Piece;
use crate::wire::fmp4::scan::{Scanner, Step};
use crate::wire::quality::{self, Summary};

/// A lesson that was recorded for a while when the box died.
async fn crashed() -> World {
    let mut world = World::new();
    world.start().await;
    world.segment().await;
    world.crash().await;
    world
}

fn numbers(takes: &[Finished]) -> Vec<u32> {
    takes.iter().map(|finished| finished.take.number).collect()
}

fn told(world: &World, question: impl Fn(&Note) -> bool) -> usize {
    world.heard.iter().filter(|note| question(note)).count()
}

pub fn pieces(film: &[u8]) -> Vec<Piece> {
    let mut scanner = Scanner::new(film.len() as u64);
    while let Step::Read { offset, len } = scanner.step() {
        scanner.feed(&film[usize::try_from(offset).unwrap()..][..len]);
    }
    scanner.found().unwrap().pieces
}

#[tokio::test]
async fn a_new_lesson_never_touches_a_folder_that_is_not_empty() {
    let mut world = World::new();
    std::fs::create_dir(world.job().dir()).unwrap();
    std::fs::write(world.file("1.mp4"), b"somebody's").unwrap();
    world.start().await;
    assert_eq!(world.opened().await.number, 1);
    assert_eq!(numbers(&world.stop().await), [1]);
    decodes(&world.file("1.mp4"));
    let folders = std::fs::read_dir(world.dir.path()).unwrap().map(|entry| entry.unwrap().path());
    let aside = |path: &std::path::PathBuf| path.display().to_string().contains("lesson.before-");
    let kept: Vec<_> = folders.filter(aside).collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(std::fs::read(kept[0].join("1.mp4")).unwrap(), b"somebody's");
}

#[tokio::test]
async fn what_was_refused_is_tried_again_at_once_when_something_is_plugged_in() {
    let mut world = World::with(Some("test -e $DIR/plugged || exit 1\nexec $REAL \"$@\""));
    world.setup.retry_every = Millis::seconds(3600);
    world.start().await;
    assert!(matches!(world.refused().await, RefusedWhy::NoEncoder(_)));
    std::fs::write(world.dir.path().join("plugged"), "").unwrap();
    world.setup.inputs.hotplug.tell();
    assert_eq!(world.opened().await.number, 1);
    assert_eq!(numbers(&world.stop().await), [1]);
}

#[tokio::test]
async fn what_is_switched_off_is_a_slate_in_the_same_film_and_nothing_is_open_until_it_is_on_again()
{
    let mut world = World::new();
    let devices = world.setup.devices.clone();
    let shut = |is_shut: bool| devices.shut(if is_shut { vec!["sim".into()] } else { vec![] });
    // A lesson may begin with it.
    shut(true);
    world.start().await;
    assert_eq!(world.opened().await.number, 1);
    world.segment().await;
    assert!(!devices.now().any_open());
    shut(false);
    assert_eq!(world.gap().await.0, GapWhy::Shut);
    for _ in 0..3 {
        world.segment().await;
    }
    let encoder = world.encoder().await;
    assert!(devices.now().is_open("sim"));
    shut(true);
    assert_eq!(world.gap().await.0, GapWhy::Shut);
    assert!(!devices.now().any_open() && rustix::process::test_kill_process(encoder).is_err());
    for _ in 0..2 {
        world.segment().await;
    }
    shut(false);
    while !world.segment().await.gap {}
    world.segment().await;
    assert!(devices.now().is_open("sim"));
    let takes = world.stop().await;
    assert_eq!(numbers(&takes), [1]);
    assert!(!devices.now().any_open());
    decodes(&world.file("1.mp4"));
    let ledger = std::fs::read(world.file(quality::FILE)).unwrap();
    let summary = Summary::of(&ledger, None).unwrap();
    let off = summary.stretches.iter().filter(|(flaw, _)| *flaw == Flaw::Off);
    assert_eq!(off.count(), 2, "{summary:?}");
    let spoilt =
        told(&world, |note| matches!(note, Note::Flaw { flaw, .. } if *flaw != Flaw::NoPicture));
    assert_eq!(spoilt, 0, "{:?}", world.heard);
}

#[tokio::test]
async fn what_fails_after_the_switch_is_trouble_and_what_is_switched_off_in_trouble_is_none() {
    let script =
        "case \"$*\" in *testsrc2*pipe:1) test -e $DIR/broken && exit 1;; esac\nexec $REAL \"$@\"";
    let mut world = World::with(Some(script));
    let (devices, broken) = (world.setup.devices.clone(), world.dir.path().join("broken"));
    world.start().await;
    world.segment().await;
    devices.shut(vec!["sim".into()]);
    assert_eq!(world.gap().await.0, GapWhy::Shut);
    std::fs::write(&broken, "").unwrap();
    devices.shut(Vec::new());
    while !matches!(world.gap().await.0, GapWhy::EncoderDied(_)) {}
    devices.shut(vec!["sim".into()]);
    // It ends with the slate's first picture.
    assert!(matches!(world.gap().await.0, GapWhy::EncoderDied(_)));
    std::fs::remove_file(&broken).unwrap();
    devices.shut(Vec::new());
    assert_eq!(world.gap().await.0, GapWhy::Shut);
    world.segment().await;
    assert_eq!(numbers(&world.stop().await), [1]);
}

#[tokio::test]
async fn a_lesson_that_ends_while_its_room_is_switched_off_ends() {
    let mut world = World::new();
    let devices = world.setup.devices.clone();
    world.start().await;
    world.segment().await;
    devices.shut(vec!["sim".into()]);
    assert_eq!(world.gap().await.0, GapWhy::Shut);
    assert_eq!(numbers(&world.stop().await), [1]);
}

#[tokio::test]
async fn a_lesson_that_goes_on_may_use_the_reserve() {
    let mut world = crashed().await;
    world.setup.reserve_bytes = u64::MAX;
    world.resume().await;
    assert_eq!(world.gap().await.0, GapWhy::BoxDown);
    assert_eq!(numbers(&world.stop().await), [1]);
    assert_eq!(told(&world, |note| matches!(note, Note::Refused { .. })), 0);
}

#[tokio::test]
async fn a_lesson_that_goes_on_needs_the_floor() {
    let mut world = crashed().await;
    world.setup.floor_bytes = u64::MAX;
    world.resume().await;
    assert!(matches!(world.refused().await, RefusedWhy::DiskReserve { needed: u64::MAX, .. }));
    assert_eq!(numbers(&world.stop().await), [1]);
}

#[tokio::test]
async fn files_that_cannot_be_read_are_lost_and_never_an_empty_end() {
    let mut world = crashed().await;
    // Cannot even be looked at: it is its own target.
    symlink("2.mp4", world.file("2.mp4")).unwrap();
    for _ in 0..2 {
        world.order(Order::Finish(world.job())).await;
        assert!(world.lost().await.contains("2.mp4: "));
    }
    assert_eq!(told(&world, |note| matches!(note, Note::Ended { .. })), 0);
    std::fs::remove_file(world.file("2.mp4")).unwrap();
    // Whoever asks while the last try is still ending is answered by that one: the domain asks each minute.
    world.pause(200).await;
    assert_eq!(numbers(&world.stop().await), [1]);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named_and_the_lesson_goes_on_in_a_new_one() {
    let mut world = crashed().await;
    symlink("2.mp4", world.file("2.mp4")).unwrap();
    world.resume().await;
    assert!(world.lost().await.contains("2.mp4: "));
    assert_eq!(world.opened().await.number, 1);
    assert_eq!(world.opened().await.number, 3);
    world.segment().await;
    world.order(Order::Finish(world.job())).await;
    assert!(world.lost().await.contains("2.mp4: "));
    std::fs::remove_file(world.file("2.mp4")).unwrap();
    world.pause(200).await;
    assert_eq!(numbers(&world.stop().await), [1, 3]);
}

#[tokio::test]
async fn a_damaged_file_is_kept_and_the_lesson_goes_on_in_a_new_one() {
    let mut world = World::new();
    world.start().await;
    world.segment().await;
    world.segment().await;
    world.crash().await;
    let path = world.file("1.mp4");
    // Some two seconds before its end: good film lies before it and behind it, and it is read again.
    let pieces = pieces(&std::fs::read(&path).unwrap());
    let struck = pieces[pieces.len() - 10];
    let at = struck.offset + struck.len - 100;
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&[0; 64], at).unwrap();
    let damaged = std::fs::read(&path).unwrap();
    world.resume().await;
    assert!(world.opened().await.bytes < at);
    assert_eq!(world.opened().await.number, 2);
    assert_eq!(numbers(&world.stop().await), [1, 2]);
    assert!(std::fs::read(&path).unwrap() == damaged);
}

#[tokio::test]
async fn a_refused_recording_is_tried_again_and_told_once() {
    let mut world = World::new();
    std::fs::write(world.job().dir(), b"no folder").unwrap();
    world.start().await;
    assert!(matches!(world.refused().await, RefusedWhy::Folder(_)));
    world.pause(500).await;
    std::fs::remove_file(world.job().dir()).unwrap();
    world.opened().await;
    let (why, _) = world.gap().await;
    assert!(matches!(why, GapWhy::Refused(RefusedWhy::Folder(_))));
    assert_eq!(numbers(&world.stop().await), [1]);
    assert_eq!(told(&world, |note| matches!(note, Note::Refused { .. })), 1);
}

#[tokio::test]
async fn a_refused_lesson_ends_with_nothing_and_without_a_gap() {
    let mut world = World::new();
    world.setup.reserve_bytes = u64::MAX;
    world.start().await;
    world.refused().await;
    world.pause(350).await;
    assert!(world.stop().await.is_empty());
    assert_eq!(world.heard.len(), 2);
}

/// The first run of the encoder is another picture and ends after two seconds; the second needs a new file.
const TWO_FILES: &str = "case \"$*\" in *pipe:1) if ! test -e $DIR/ran; then touch $DIR/ran; timeout -s TERM 2 $REAL $(echo \"$*\" | sed 's/-filter_complex .* -map .a./-map 0:v:0 -map 1:a:0/; s/320x180/160x90/'); exit 0; fi;; esac\nexec $REAL \"$@\"";

#[tokio::test]
async fn after_a_write_error_the_lesson_goes_on_in_a_new_take() {
    let mut world = World::with(Some(TWO_FILES));
    world.start().await;
    assert_eq!(world.opened().await.number, 1);
    // A name that is taken already cannot be opened for writing.
    std::fs::write(world.file("2.mp4"), b"").unwrap();
    assert!(world.lost().await.contains("exists"));
    let before = std::fs::read(world.file("1.mp4")).unwrap();
    assert_eq!(world.opened().await.number, 1);
    assert_eq!(world.opened().await.number, 3);
    world.segment().await;
    let takes = world.stop().await;
    assert_eq!(numbers(&takes), [1, 3]);
    assert_eq!(told(&world, |note| matches!(note, Note::Lost(_))), 1);
    assert!(std::fs::read(world.file("1.mp4")).unwrap() == before);
    for finished in &takes {
        check_hash(&world, finished);
        decodes(&world.file(&finished.take.name));
    }
}

#[tokio::test]
async fn a_disk_that_stays_full_is_told_once() {
    let mut world = World::new();
    world.setup.floor_bytes = u64::MAX;
    world.start().await;
    world.lost().await;
    world.pause(500).await;
    assert_eq!(numbers(&world.stop().await), [1]);
    let away = |note: &Note| matches!(note, Note::Lost(_) | Note::Refused { .. });
    assert_eq!(told(&world, away), 1);
}

#[tokio::test]
async fn an_encoder_that_hangs_at_its_start_is_noticed_within_five_seconds() {
    let script = "case \"$*\" in *pipe:1) if ! test -e $DIR/ran; then touch $DIR/ran; exec sleep 30; fi; touch $DIR/again;; esac\nexec $REAL \"$@\"";
    let mut world = World::with(Some(script));
    world.start().await;
    assert_eq!(world.gap().await.0, GapWhy::Stalled);
    let at = |name: &str| world.dir.path().join(name).metadata().unwrap().modified().unwrap();
    let noticed = at("again").duration_since(at("ran")).unwrap();
    assert!(noticed <= Duration::from_secs(5), "{noticed:?}");
    world.stop().await;
}

#[tokio::test]
async fn reading_a_long_file_does_not_hold_up_the_end_of_the_box() {
    let mut world = crashed().await;
    // Minutes of reading, and no disk.
    let file = std::fs::OpenOptions::new().write(true).open(world.file("1.mp4")).unwrap();
    file.set_len(1 << 40).unwrap();
    world.order(Order::Finish(world.job())).await;
    world.pause(300).await;
    let Alive { drain, task, mut notes, orders } = world.alive.take().unwrap();
    drain.send_replace(true);
    timeout(Duration::from_secs(3), task).await.unwrap().unwrap();
    assert_eq!(notes.recv().await, None);
    drop(orders);
}

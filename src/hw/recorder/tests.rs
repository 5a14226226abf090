//! The recorder with a real ffmpeg on a small generated picture.

use std::time::Duration;

use rustix::process::{Signal, kill_process};
use tokio::time::timeout;

use super::world::{Alive, World, check_hash, decodes, plays};
use super::*;
use crate::model::quality::{Flaw, Second};
use crate::model::recording::{GapWhy, Job, RefusedWhy};
use crate::wire::playlist;
use crate::wire::quality::{self, Summary, Verdict};

#[tokio::test]
async fn a_lesson_becomes_one_file_that_is_served_while_it_grows() {
    let mut world = World::new();
    world.start().await;
    let take = world.opened().await;
    assert_eq!((take.number, take.width, take.codecs.as_str()), (1, 320, "avc1.64000c,mp4a.40.2"));
    let first = world.segment().await;
    assert!(first.key && first.gap && first.offset == take.init_len);
    assert!(std::fs::metadata(world.file("1.mp4")).unwrap().len() >= first.offset + first.len);
    world.pause(700).await;
    let lesson = world.clock.now() - world.zero;
    let takes = world.stop().await;
    assert_eq!(takes.len(), 1);
    check_hash(&world, &takes[0]);
    let seconds = decodes(&world.file("1.mp4"));
    let want = std::time::Duration::from_millis(u64::try_from(lesson.0).unwrap()).as_secs_f64();
    assert!((seconds - want).abs() < 1.0, "{seconds} of {want}");
    assert!(world.heard.iter().all(|note| !matches!(note, Note::Gap { .. })));
}

#[tokio::test]
async fn an_encoder_that_is_killed_is_a_short_gap_in_the_same_file() {
    let mut world = World::new();
    world.start().await;
    world.segment().await;
    kill_process(world.encoder().await, Signal::KILL).unwrap();
    let (why, long) = world.gap().await;
    assert!(matches!(why, GapWhy::EncoderDied(said) if said.contains('9')));
    assert!(long <= Millis(3000), "{long:?}");
    world.pause(1000).await;
    let takes = world.stop().await;
    assert_eq!(takes.len(), 1);
    check_hash(&world, &takes[0]);
    assert_eq!(takes[0].take.segments.iter().filter(|segment| segment.gap).count(), 2);
    decodes(&world.file("1.mp4"));
    let playlist = world.file("all.m3u8");
    std::fs::write(&playlist, playlist::media(&[takes[0].take.clone()], |take| take.name.clone()))
        .unwrap();
    plays(&playlist);
}

#[tokio::test]
async fn an_encoder_that_hangs_is_noticed_within_five_seconds() {
    let mut world = World::new();
    world.start().await;
    world.segment().await;
    kill_process(world.encoder().await, Signal::STOP).unwrap();
    let (why, long) = world.gap().await;
    assert_eq!(why, GapWhy::Stalled);
    assert!(long <= Millis(6000), "{long:?}");
    let takes = world.stop().await;
    check_hash(&world, &takes[0]);
    decodes(&world.file("1.mp4"));
}

#[tokio::test]
async fn after_a_crash_of_the_box_the_torn_tail_is_cut_and_the_lesson_goes_on() {
    let mut world = World::new();
    world.start().await;
    world.segment().await;
    let crashed = world.clock.now();
    world.crash().await;
    let mut bytes = std::fs::read(world.file("1.mp4")).unwrap();
    bytes.extend(vec![0; 9000]);
    std::fs::write(world.file("1.mp4"), &bytes).unwrap();
    world.resume().await;
    let found = world.opened().await;
    assert!(found.bytes < bytes.len() as u64 && !found.segments.is_empty());
    let seen = world.zero + Millis(i64::try_from(found.span_us / 1000).unwrap());
    // Of this, only what was encoded and not yet in the file is lost: half a second at fifteen pictures a second.
    assert!(crashed - seen <= Millis(1000), "{:?}", crashed - seen);
    let (why, long) = world.gap().await;
    assert_eq!(why, GapWhy::BoxDown);
    assert!(long <= Millis(3000), "{long:?}");
    let takes = world.stop().await;
    assert_eq!(takes.len(), 1);
    check_hash(&world, &takes[0]);
    assert!(takes[0].take.segments.starts_with(&found.segments));
    decodes(&world.file("1.mp4"));
}

#[tokio::test]
async fn a_lesson_that_ended_while_the_box_was_down_is_closed_from_its_file() {
    let mut world = World::new();
    world.start().await;
    world.segment().await;
    world.crash().await;
    world.order(Order::Finish(world.job())).await;
    let takes = world.ended().await;
    check_hash(&world, &takes[0]);
    decodes(&world.file("1.mp4"));
}

#[tokio::test]
async fn a_drain_closes_the_file_cleanly_and_the_next_start_goes_on_in_it() {
    let mut world = World::new();
    world.start().await;
    world.segment().await;
    let Alive { drain, task, mut notes, orders } = world.alive.take().unwrap();
    drain.send_replace(true);
    timeout(Duration::from_secs(5), task).await.unwrap().unwrap();
    while let Some((_, note)) = notes.recv().await {
        assert!(!matches!(note, Note::Ended { .. }));
    }
    drop(orders);
    let before = std::fs::read(world.file("1.mp4")).unwrap();
    world.resume().await;
    assert_eq!(world.opened().await.bytes, before.len() as u64);
    world.gap().await;
    let takes = world.stop().await;
    check_hash(&world, &takes[0]);
    assert!(std::fs::read(world.file("1.mp4")).unwrap().starts_with(&before));
    decodes(&world.file("1.mp4"));
}

#[tokio::test]
async fn a_disk_below_its_reserve_refuses_and_ends_with_nothing() {
    let mut world = World::new();
    world.setup.reserve_bytes = u64::MAX;
    world.start().await;
    assert!(matches!(world.refused().await, RefusedWhy::DiskReserve { needed: u64::MAX, .. }));
    assert!(world.stop().await.is_empty());
}

#[tokio::test]
async fn a_disk_that_fills_up_ends_the_recording_and_keeps_what_there_is() {
    let mut world = World::new();
    world.setup.floor_bytes = u64::MAX;
    world.start().await;
    world.lost().await;
    let takes = world.stop().await;
    assert_eq!(takes.len(), 1);
    check_hash(&world, &takes[0]);
    decodes(&world.file("1.mp4"));
}

#[tokio::test]
async fn a_classroom_without_an_input_is_refused() {
    let mut world = World::new();
    let job = Job { source: "hdmi9".into(), ..world.job() };
    world.order(Order::Start(job)).await;
    assert_eq!(world.refused().await, RefusedWhy::NoInput("hdmi9".into()));
}

/// Answers questions like ffmpeg; its first run does what the test wants.
const FIRST_RUN: &str = "case \"$*\" in *pipe:1) if ! test -e $DIR/ran; then touch $DIR/ran; FIRST; fi;; esac\nexec $REAL \"$@\"";

#[tokio::test]
async fn an_encoder_that_talks_nonsense_is_started_again() {
    let mut world =
        World::with(Some(&FIRST_RUN.replace("FIRST", "echo this is no picture; exec sleep 30")));
    world.start().await;
    assert!(matches!(world.gap().await.0, GapWhy::Garbage(_)));
    world.segment().await;
    let takes = world.stop().await;
    assert_eq!(takes.len(), 1);
    decodes(&world.file("1.mp4"));
}

#[tokio::test]
async fn an_encoder_with_other_parameters_begins_a_second_file() {
    let first = "timeout -s TERM 2 $REAL $(echo \"$*\" | sed 's/-filter_complex .* -map .a./-map 0:v:0 -map 1:a:0/; s/320x180/160x90/'); exit 0";
    let mut world = World::with(Some(&FIRST_RUN.replace("FIRST", first)));
    world.start().await;
    assert_eq!(world.opened().await.width, 160);
    assert_eq!(world.opened().await.width, 320);
    world.segment().await;
    let takes = world.stop().await;
    assert_eq!(takes.iter().map(|finished| finished.take.number).collect::<Vec<_>>(), [1, 2]);
    for finished in &takes {
        check_hash(&world, finished);
        decodes(&world.file(&finished.take.name));
    }
}

#[tokio::test]
async fn an_encoder_that_never_gives_a_picture_ends_with_no_takes() {
    let mut world = World::with(Some(
        "case \"$*\" in *pipe:1) echo out of luck >&2; exit 3;; esac\nexec $REAL \"$@\"",
    ));
    world.start().await;
    world.gap().await;
    world.pause(1500).await;
    assert!(world.stop().await.is_empty());
    // One gap, told again at the end with the same beginning.
    let began = |note: &Note| match note {
        Note::Gap { why: GapWhy::EncoderDied(said), from, .. } if said.contains("out of luck") => {
            Some(*from)
        }
        _ => None,
    };
    let mut gaps: Vec<_> = world.heard.iter().filter_map(began).collect();
    gaps.dedup();
    assert_eq!(gaps.len(), 1);
}

#[tokio::test]
async fn a_black_picture_and_silence_are_told_of_while_they_last_and_stand_in_the_ledger() {
    let mut world = World::made(None, |arg| {
        if arg.starts_with("testsrc2") {
            arg.push_str(",drawbox=t=fill:color=black:enable='between(t,3,8)'");
        } else if arg.starts_with("sine") {
            arg.push_str(",volume=0:enable='between(t,3,8)'");
        }
    });
    world.start().await;
    let mut told = Vec::new();
    while told.len() < 4 {
        // A machine that builds something else meanwhile may owe a picture for a while.
        let next = world.hear(|note| match note {
            Note::Flaw { flaw: flaw @ (Flaw::Black | Flaw::Silent), is_over, .. } => {
                Some((*flaw, *is_over))
            }
            _ => None,
        });
        told.push(next.await);
    }
    told[..2].sort_unstable();
    told[2..].sort_unstable();
    let (black, silent) = (Flaw::Black, Flaw::Silent);
    assert_eq!(told, [(black, false), (silent, false), (black, true), (silent, true)]);
    let takes = world.stop().await;
    let ledger = std::fs::read(world.file(quality::FILE)).unwrap();
    let summary = Summary::of(&ledger, None).unwrap();
    assert_ne!(summary.verdict, Verdict::Good);
    let spans =
        |flaw| summary.stretches.iter().filter(move |(f, _)| *f == flaw).map(|(_, s)| s.len());
    assert!(spans(black).all(|seconds| (3..=6).contains(&seconds)), "{summary:?}");
    assert!(spans(silent).all(|seconds| (3..=6).contains(&seconds)), "{summary:?}");
    let kept = takes[0].take.pictures;
    let rows = ledger.split(|byte| *byte == b'\n').filter_map(quality::second);
    assert_eq!(rows.map(|row| u64::from(row.kept)).sum::<u64>(), kept);
}

/// Behind the encoder, each second picture is left out for a while.
const DROPS: &str = "case \"$*\" in *pipe:1)
for arg; do
  shift
  case $arg in pipe:1) set -- \"$@\" -bsf:v 'noise=drop=between(pts*tb\\,2\\,6)*mod(n\\,2)';; esac
  set -- \"$@\" \"$arg\"
done;; esac
exec $REAL \"$@\"";

#[tokio::test]
async fn an_encoder_that_leaves_pictures_out_is_told_of_while_it_does() {
    let mut world = World::with(Some(DROPS));
    world.start().await;
    for wanted in [false, true] {
        let told = world.hear(|note| match note {
            Note::Flaw { flaw: Flaw::Lost, is_over, .. } => Some(*is_over),
            _ => None,
        });
        assert_eq!(told.await, wanted);
    }
    let takes = world.stop().await;
    let ledger = std::fs::read(world.file(quality::FILE)).unwrap();
    let rows: Vec<_> = ledger.split(|byte| *byte == b'\n').filter_map(quality::second).collect();
    let sum = |count: fn(&Second) -> u32| rows.iter().map(count).map(u64::from).sum::<u64>();
    assert_eq!(sum(|row| row.kept), takes[0].take.pictures);
    // Each one is put down to its own second, give or take one.
    let is_near = |row: &&Second| row.taken.unwrap_or(0).abs_diff(row.kept) <= 1;
    let lost = rows.iter().filter(|row| row.has(Flaw::Lost)).count();
    let good = rows.iter().filter(|row| !row.has(Flaw::Lost));
    assert!(
        (3..=5).contains(&lost) && good.clone().filter(is_near).count() + 2 >= good.count(),
        "{rows:?}"
    );
    let lost = sum(|row| row.taken.unwrap_or(0)) - sum(|row| row.kept);
    assert!((28..=34).contains(&lost), "{lost} of {rows:?}");
    assert_eq!(Summary::of(&ledger, None).unwrap().lost_pictures, lost);
}

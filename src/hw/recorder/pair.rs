//! Two pictures of one lesson, each with an ffmpeg of its own: the same clock, and no fault of one touches the other.

use std::path::Path;
use std::process::Command;

use rustix::process::{Signal as Sign, kill_process};

use super::world::{World, check_hash, plays, said};
use super::*;
use crate::hw::board::Input;
use crate::hw::inputs::{Plugs, Signal};
use crate::model::Hand;
use crate::model::quality::{Flaw, Second};
use crate::model::recording::{Finished, GapWhy, Job, RefusedWhy, Take, View};
use crate::wire::quality;

/// A lesson whose slides are a second simulated camera: the clock in its picture can be read.
struct Pair(World);

impl Pair {
    fn new() -> Self {
        let mut world = World::new();
        let inputs = &world.setup.inputs;
        let mut board = inputs.board.clone();
        let mut slides: Input = board.input[0].clone();
        slides.name = "second".into();
        for arg in &mut slides.args {
            *arg = arg.replace("testsrc2=", &format!("testsrc2=duration={}:", mark(&world)));
        }
        slides.become_slides();
        board.input.push(slides);
        let (finder, wanted) = (inputs.finder.clone(), inputs.wanted);
        let inputs = Inputs::new(board, finder, wanted, "/".into(), false);
        world.setup.inputs = Arc::new(inputs);
        Self(world)
    }

    fn slides(&self) -> Job {
        Job { view: View::Slides, source: "second".into(), ..self.0.job() }
    }

    async fn start(&mut self) {
        self.0.start().await;
        self.0.order(Order::Start(self.slides())).await;
    }

    async fn slides_segment(&mut self) {
        let closed = |note: &Note| matches!(note, Note::SegmentClosed { .. }).then_some(());
        self.0.hear_of(View::Slides, closed).await;
    }

    /// Ends both; what was recorded of the teacher, and of the slides.
    async fn stop(&mut self) -> [Vec<Finished>; 2] {
        self.0.order(Order::Finish(self.0.job())).await;
        self.0.order(Order::Finish(self.slides())).await;
        let (mut both, ended) = ([None, None], |note: &Note| match note {
            Note::Ended { takes } => Some(takes.clone()),
            _ => None,
        });
        let heard = |notes: &[Note]| notes.iter().find_map(ended);
        while both.iter().any(Option::is_none) {
            both = [heard(&self.0.heard), heard(&self.0.slides)];
            if both[0].is_none() {
                self.0.ended().await;
            } else if both[1].is_none() {
                self.0.hear_of(View::Slides, ended).await;
            }
        }
        both.map(Option::unwrap)
    }
}

const BOTH: [&str; 2] = ["1.mp4", "slides/1.mp4"];

/// Long enough for a test, and no other world has it.
fn mark(world: &World) -> i64 {
    100_000 + world.room.0
}

fn slides_mark(world: &World) -> String {
    format!("duration={}", mark(world))
}

/// Times of the film's pictures in milliseconds, each with what the clock in its squares says.
fn clocks(file: &Path) -> Vec<(f64, f64)> {
    let (width, squares) = (160, 16);
    let filter = format!("format=gray,crop={width}:1:0:1");
    let raw = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(file)
        .args(["-vf", &filter, "-fps_mode", "passthrough", "-f", "rawvideo", "-"])
        .output()
        .unwrap();
    let entries = ["-v", "error", "-select_streams", "v", "-show_entries"];
    let entries = [&entries[..], &["frame=best_effort_timestamp_time", "-of", "csv=p=0"]].concat();
    let (told, _) = said("ffprobe", &entries, file);
    // Beside a picture it may tell of more, on lines without a time.
    let times = told.lines().filter_map(|line| line.trim_end_matches(',').parse::<f64>().ok());
    let times = times.map(|seconds| seconds * 1e3);
    let light = |row: &[u8], square: usize| row[(2 * square + 1) * width / 2 / squares];
    let clock = |row: &[u8]| {
        let is_clock = light(row, 0) > 170 && light(row, squares - 1) < 85;
        let bits = (1..squares - 1).filter(|square| light(row, *square) > 127);
        is_clock.then(|| f64::from(bits.map(|square| 4 << (square - 1)).sum::<u32>()))
    };
    let rows = raw.stdout.chunks_exact(width).map(clock);
    times.zip(rows).filter_map(|(at, clock)| Some((at, clock?))).collect()
}

/// How far the clock in the picture is ahead of the film's time: the middle one of the last pictures.
fn ahead(file: &Path, last: usize) -> f64 {
    let round = 65_536.0;
    let clocks = clocks(file).into_iter().rev().take(last);
    let mut all: Vec<f64> = clocks.map(|(at, clock)| (clock - at).rem_euclid(round)).collect();
    assert!(all.len() > 20, "{}: {} clocks can be read", file.display(), all.len());
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// How far the same moment is apart in the last pictures of the two films, in milliseconds.
fn apart(pair: &Pair, [own, other]: [&str; 2], last: usize) -> f64 {
    let ms = (ahead(&pair.0.file(own), last) - ahead(&pair.0.file(other), last)).abs();
    println!("the same moment is {ms} ms apart in {own} and {other}");
    ms
}

/// A clock that goes as the machine's does, and can be set.
fn settable() -> (Clock, Hand) {
    let (real, (clock, hand)) = (Clock::system(), Clock::manual(Millis::days(20_000)));
    let (moved, mut until) = (hand.clone(), Millis(0));
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            let now = real.steady();
            moved.advance(now - until);
            until = now;
        }
    });
    (clock, hand)
}

/// One film from its beginning to its end, and nothing was said against it.
fn is_whole(notes: &[Note], takes: &[Finished]) {
    assert_eq!(takes.len(), 1, "one file");
    assert_eq!(takes[0].take.segments.iter().filter(|segment| segment.gap).count(), 1, "no gap");
    // A busy machine may owe the first pictures for some seconds: a flaw, and not of the other's making.
    let wrong =
        |note: &&Note| matches!(note, Note::Gap { .. } | Note::Refused { .. } | Note::Lost(_));
    assert_eq!(notes.iter().find(wrong), None);
}

#[tokio::test]
async fn both_pictures_of_a_lesson_have_one_clock_and_only_one_has_sound() {
    let mut pair = Pair::new();
    pair.start().await;
    for _ in 0..2 {
        pair.0.segment().await;
    }
    pair.slides_segment().await;
    let [teacher, slides] = pair.stop().await;
    is_whole(&pair.0.heard, &teacher);
    is_whole(&pair.0.slides, &slides);
    check_hash(&pair.0, &teacher[0]);
    let Take { codecs, width, .. } = &slides[0].take;
    assert_eq!((codecs.as_str(), *width), ("avc1.64000c", 320), "a picture alone");
    plays(&pair.0.file("slides/1.mp4"));
    assert!(apart(&pair, BOTH, usize::MAX) < 400.0);
    let [theirs, ours] = [&slides, &teacher].map(|takes| takes[0].take.pictures);
    assert!(theirs <= ours + 20, "no more pictures than of the teacher: {theirs}, {ours}");
}

#[tokio::test]
async fn an_encoder_that_dies_is_a_gap_of_its_own_picture_alone() {
    let mut pair = Pair::new();
    pair.start().await;
    pair.0.segment().await;
    pair.slides_segment().await;
    let slides = pair.0.encoder_with(&slides_mark(&pair.0)).await;
    kill_process(slides, Sign::KILL).unwrap();
    let why = pair.0.hear_of(View::Slides, |note| match note {
        Note::Gap { why, .. } => Some(why.clone()),
        _ => None,
    });
    assert!(matches!(why.await, GapWhy::EncoderDied(_)));
    pair.slides_segment().await;
    let [teacher, slides] = pair.stop().await;
    is_whole(&pair.0.heard, &teacher);
    assert_eq!(slides.len(), 1, "the same file goes on");
    assert_eq!(slides[0].take.segments.iter().filter(|segment| segment.gap).count(), 2);
    plays(&pair.0.file("slides/1.mp4"));
}

#[tokio::test]
async fn a_picture_that_is_refused_leaves_the_other_alone() {
    let refused = |note: &Note| match note {
        Note::Refused { why } => Some(why.clone()),
        _ => None,
    };
    let mut pair = Pair::new();
    pair.0.start().await;
    pair.0.order(Order::Start(Job { source: "none".into(), ..pair.slides() })).await;
    let why = pair.0.hear_of(View::Slides, refused).await;
    assert!(matches!(why, RefusedWhy::NoInput(_)));
    pair.0.segment().await;
    let [teacher, slides] = pair.stop().await;
    is_whole(&pair.0.heard, &teacher);
    assert_eq!(slides, []);

    let mut pair = Pair::new();
    pair.0.source = "none".into();
    pair.start().await;
    pair.0.hear(refused).await;
    pair.slides_segment().await;
    let [teacher, slides] = pair.stop().await;
    is_whole(&pair.0.slides, &slides);
    assert_eq!(teacher, []);
}

#[tokio::test]
async fn slides_are_refused_where_the_disk_has_room_for_one_picture_only() {
    let mut pair = Pair::new();
    let disk = rustix::fs::statvfs(pair.0.dir.path()).unwrap();
    pair.0.setup.reserve_bytes = disk.f_bavail * disk.f_frsize / 3 * 2;
    pair.start().await;
    let why = pair.0.hear_of(View::Slides, |note| match note {
        Note::Refused { why } => Some(why.clone()),
        _ => None,
    });
    assert!(matches!(why.await, RefusedWhy::DiskReserve { .. }));
    pair.0.segment().await;
    let [teacher, _] = pair.stop().await;
    is_whole(&pair.0.heard, &teacher);
}

#[tokio::test]
async fn after_a_crash_both_go_on_in_their_files() {
    let mut pair = Pair::new();
    pair.start().await;
    pair.0.segment().await;
    pair.slides_segment().await;
    pair.0.crash().await;
    pair.0.resume().await;
    pair.0.order(Order::Resume(pair.slides())).await;
    pair.0.gap().await;
    pair.slides_segment().await;
    for takes in pair.stop().await {
        assert_eq!(takes.len(), 1);
        assert_eq!(takes[0].take.segments.iter().filter(|segment| segment.gap).count(), 2);
    }
    BOTH.iter().for_each(|name| plays(&pair.0.file(name)));
}

#[tokio::test]
async fn a_box_that_lost_the_time_goes_on_with_both_on_one_clock() {
    let (mut pair, (clock, hand)) = (Pair::new(), settable());
    pair.0.clock = clock;
    pair.start().await;
    pair.0.segment().await;
    pair.slides_segment().await;
    pair.0.crash().await;
    hand.set_wall(Millis::seconds(-3600));
    pair.0.resume().await;
    // Who plugs it in late.
    pair.0.pause(3000).await;
    pair.0.order(Order::Resume(pair.slides())).await;
    for _ in 0..2 {
        pair.slides_segment().await;
    }
    assert!(pair.stop().await.iter().all(|takes| takes.len() == 1));
    assert!(apart(&pair, BOTH, 30) < 400.0);
}

#[tokio::test]
async fn a_picture_that_comes_after_the_clock_was_set_is_on_the_clock_of_the_other() {
    let (mut pair, (clock, hand)) = (Pair::new(), settable());
    pair.0.clock = clock;
    pair.0.start().await;
    pair.0.segment().await;
    hand.set_wall(Millis::seconds(20));
    pair.0.order(Order::Start(pair.slides())).await;
    for _ in 0..2 {
        pair.slides_segment().await;
    }
    pair.stop().await;
    assert!(apart(&pair, BOTH, 30) < 400.0);
}

#[tokio::test]
async fn a_folder_of_another_lesson_is_moved_aside_once_for_both() {
    let mut pair = Pair::new();
    let old = pair.0.file("slides/1.mp4");
    std::fs::create_dir_all(old.parent().unwrap()).unwrap();
    std::fs::write(&old, "old").unwrap();
    pair.start().await;
    pair.0.segment().await;
    pair.slides_segment().await;
    let both = pair.stop().await;
    assert!(both.iter().all(|takes| takes.len() == 1 && takes[0].take.number == 1));
    let names = std::fs::read_dir(pair.0.dir.path()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.contains(".before-")).count(), 1);
}

#[tokio::test]
async fn slides_whose_cable_is_pulled_are_a_slate_in_one_film_and_the_teacher_is_recorded_untouched()
 {
    let (mut pair, plugs) = (Pair::new(), Plugs::new());
    let mut inputs = plugs.inputs("", pair.0.setup.inputs.wanted);
    let board = &mut Arc::get_mut(&mut inputs).unwrap().board;
    board.input[0].become_slides();
    board.input.push(pair.0.setup.inputs.board.input[0].clone());
    pair.0.setup.inputs = inputs;
    pair.0.setup.stall = Millis::seconds(60);
    let job = |pair: &Pair| Job { source: "camera".into(), ..pair.slides() };
    let turned = |reason: &'static str| {
        move |note: &Note| match note {
            Note::Gap { why: GapWhy::Input(why), .. } => why.contains(reason).then_some(()),
            _ => None,
        }
    };
    plugs.microphone();
    plugs.camera(Signal::Present);
    pair.0.start().await;
    pair.0.order(Order::Start(job(&pair))).await;
    pair.slides_segment().await;
    plugs.pull("camera");
    pair.0.setup.inputs.hotplug.tell();
    pair.0.hear_of(View::Slides, turned("no camera")).await;
    pair.slides_segment().await;
    plugs.camera(Signal::Present);
    pair.0.setup.inputs.hotplug.tell();
    pair.0.hear_of(View::Slides, turned("are there")).await;
    pair.slides_segment().await;
    let [teacher, slides] = pair.stop().await;
    is_whole(&pair.0.heard, &teacher);
    assert_eq!((slides.len(), slides[0].take.codecs.as_str()), (1, "avc1.64000c"));
    plays(&pair.0.file("slides/1.mp4"));
    let text = std::fs::read_to_string(pair.0.file("slides/quality.jsonl")).unwrap();
    let rows: Vec<Second> =
        text.lines().filter_map(|row| quality::second(row.as_bytes())).collect();
    assert!(rows.iter().any(|row| row.slate) && rows.iter().any(|row| !row.slate), "{text}");
    assert!(rows.iter().all(|row| !row.has(Flaw::NoSound) && !row.has(Flaw::Silent)), "{text}");
}

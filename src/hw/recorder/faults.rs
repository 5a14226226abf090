//! The recorder when devices go, come, freeze and lose their signal: each is a state of the lesson, and all of it one film.

use std::time::Duration;

use rustix::process::{Pid, Signal as Sign, kill_process, test_kill_process};

use super::mishaps::pieces;
use super::world::{World, check_hash, decodes};
use crate::domain::monitor::Monitors;
use crate::hw::inputs::{Plugs, Signal, Wish};
use crate::hw::monitor::Looker;
use crate::hw::recorder::Picture;
use crate::model::Millis;
use crate::model::quality::{Flaw, Second};
use crate::model::recording::{Finished, GapWhy, Note};
use crate::wire::quality;

/// A lesson from a camera and a microphone that tests plug in and out.
struct Class {
    plugs: Plugs,
    world: World,
}

impl Class {
    fn new(extra: &str) -> Self {
        let mut world = World::new();
        let plugs = Plugs::new();
        world.setup.inputs = plugs.inputs(extra, world.setup.inputs.wanted);
        world.source = "camera".into();
        // A machine that builds something else meanwhile is slow, and no device is to blame for that.
        world.setup.stall = Millis::seconds(60);
        Self { plugs, world }
    }

    /// Both are plugged in, and it is recorded.
    async fn whole() -> Self {
        Self::new("").begin().await
    }

    /// The same, where something is going to freeze.
    async fn freezing() -> Self {
        let mut class = Self::new("");
        class.world.setup.stall = Millis::seconds(8);
        class.world.setup.opening = Millis::seconds(16);
        class.begin().await
    }

    async fn begin(mut self) -> Self {
        self.start().await;
        self.world.segment().await;
        self
    }

    async fn start(&mut self) {
        self.plugs.camera(Signal::Present);
        self.plugs.microphone();
        self.world.start().await;
    }

    /// Waits for the alarm that this is wrong, or for its end; not if that was the last that was heard of it.
    async fn flawed(&mut self, what: Flaw, has_ended: bool) {
        let told = |note: &Note| match note {
            Note::Flaw { flaw, is_over, .. } => {
                (*flaw == what && *is_over == has_ended).then_some(())
            }
            _ => None,
        };
        let of_it = |note: &&Note| matches!(note, Note::Flaw { flaw, .. } if *flaw == what);
        if self.world.heard.iter().rfind(of_it).and_then(told).is_none() {
            self.world.hear(told).await;
        }
    }

    fn tell(&self) {
        self.world.setup.inputs.hotplug.tell();
    }

    /// Waits until it is read in another way for this reason.
    async fn turned(&mut self, reason: &str) {
        while !matches!(self.world.gap().await.0, GapWhy::Input(why) if why.contains(reason)) {}
        self.world.segment().await;
    }

    /// Waits until what is read for this reason goes on.
    async fn lasts(&mut self, reason: &str) {
        let (mut is_it, mut segments) = (false, 0);
        let told = |note: &Note| {
            match note {
                Note::Gap { why, .. } => {
                    is_it = matches!(why, GapWhy::Input(why) if why.contains(reason));
                    segments = 0;
                }
                Note::SegmentClosed { .. } => segments += u32::from(is_it),
                _ => {}
            }
            (segments > 4).then_some(())
        };
        self.world.hear(told).await;
    }

    /// Ends the lesson; gives its one film, and its ledger.
    async fn end(mut self) -> (Finished, Vec<Second>) {
        self.world.segment().await;
        let mut takes = self.world.stop().await;
        assert_eq!(takes.len(), 1, "{takes:?}");
        check_hash(&self.world, &takes[0]);
        decodes(&self.world.file("1.mp4"));
        let ledger = std::fs::read(self.world.file(quality::FILE)).unwrap();
        let rows = ledger.split(|byte| *byte == b'\n').filter_map(quality::second);
        (takes.remove(0), rows.collect())
    }
}

fn count(rows: &[Second], flaw: Flaw) -> usize {
    rows.iter().filter(|row| row.has(flaw)).count()
}

/// Something was heard in it.
fn sounds(row: &&Second) -> bool {
    row.level.is_some_and(|(peak, _)| peak > -40.0)
}

#[tokio::test]
async fn a_camera_that_is_pulled_out_is_a_slate_with_the_sound_going_on_until_it_is_back() {
    let mut class = Class::whole().await;
    class.plugs.pull("camera");
    class.tell();
    class.turned("no camera").await;
    class.plugs.camera(Signal::Present);
    class.tell();
    class.turned("picture and sound are there").await;
    let (take, rows) = class.end().await;
    assert!(take.take.segments.len() >= 4);
    assert!(count(&rows, Flaw::Slate) >= 1 && !rows.last().unwrap().slate, "{rows:?}");
    assert_eq!(count(&rows, Flaw::Broken), 0, "nothing is plugged in");
    let slates = rows.iter().filter(|row| row.slate);
    assert!(slates.clone().any(|row| sounds(&row)), "{rows:?}");
}

#[tokio::test]
async fn a_camera_that_is_plugged_in_beside_the_one_that_is_recorded_changes_nothing() {
    let mut class = Class::whole().await;
    class.plugs.camera_at(0, "video1", Signal::Present);
    class.tell();
    class.world.segment().await;
    class.world.segment().await;
    // Nor does it when the encoder is started again.
    class.plugs.pull("microphone");
    class.tell();
    class.turned("no microphone").await;
    class.world.segment().await;
    let gaps = class.world.heard.iter().filter(|note| matches!(note, Note::Gap { .. }));
    assert_eq!(gaps.count(), 1, "{:?}", class.world.heard);
}

#[tokio::test]
async fn a_lesson_without_a_camera_begins_with_a_slate_and_the_camera_that_comes_goes_on_in_its_file()
 {
    let mut class = Class::new("");
    class.plugs.microphone();
    class.world.start().await;
    class.world.segment().await;
    class.plugs.camera(Signal::Present);
    class.tell();
    class.turned("picture and sound are there").await;
    let (take, rows) = class.end().await;
    // The first run decides what is encoded.
    assert_eq!((take.take.width, take.take.height), (320, 180));
    assert!(rows.iter().any(|row| row.slate) && rows.iter().filter(sounds).count() > 2);
}

#[tokio::test]
async fn a_microphone_that_is_pulled_out_is_silence_under_the_live_picture() {
    let mut class = Class::whole().await;
    class.plugs.pull("microphone");
    class.tell();
    class.turned("no microphone").await;
    class.world.segment().await;
    class.plugs.microphone();
    class.tell();
    class.turned("picture and sound are there").await;
    let (_, rows) = class.end().await;
    assert_eq!(count(&rows, Flaw::Slate), 0);
    assert!(count(&rows, Flaw::Silent) >= 1 && rows.iter().rev().take(4).any(|row| sounds(&row)));
}

#[tokio::test]
async fn h264_of_the_camera_is_recorded_as_it_is_and_its_slate_is_another_file() {
    let mut class = Class::new("");
    class.plugs.format = ("H264", "h264");
    class.start().await;
    class.world.segment().await;
    let report = class.world.setup.inputs.report(|_| false).await;
    assert_eq!(report.inputs[0].chosen.as_ref().unwrap().encoder, "copy");
    class.plugs.pull("camera");
    class.tell();
    class.turned("no camera").await;
    class.plugs.camera(Signal::Present);
    class.tell();
    class.turned("picture and sound are there").await;
    class.world.segment().await;
    let takes = class.world.stop().await;
    // The camera's is baseline, what is encoded here is high.
    let codecs: Vec<&str> = takes.iter().map(|one| &one.take.codecs[..7]).collect();
    assert_eq!(codecs, ["avc1.42", "avc1.64", "avc1.42"], "{takes:?}");
    for finished in &takes {
        check_hash(&class.world, finished);
        let film = class.world.file(&finished.take.name);
        decodes(&film);
        // Sound may come before it.
        let all = pieces(&std::fs::read(film).unwrap());
        let first = all.iter().find(|piece| piece.pictures > 0).unwrap();
        assert!(first.key, "{first:?}");
    }
}

#[tokio::test]
async fn a_camera_that_freezes_is_a_slate_and_tried_beside_it_until_it_gives_pictures() {
    let mut class = Class::freezing().await;
    class.plugs.freeze("camera");
    class.flawed(Flaw::Slate, false).await;
    class.plugs.thaw("camera");
    class.turned("video0 at usb-0000:01:00.0-1 gives something again").await;
    let (_, rows) = class.end().await;
    assert!(count(&rows, Flaw::Slate) >= 1 && !rows.last().unwrap().slate);
    assert!(count(&rows, Flaw::Broken) >= 1, "{rows:?}");
}

#[tokio::test]
async fn a_microphone_that_freezes_does_not_take_the_picture_with_it() {
    let mut class = Class::freezing().await;
    class.plugs.freeze("microphone");
    class.flawed(Flaw::Silent, false).await;
    class.plugs.thaw("microphone");
    class.turned("card1 at usb-0000:01:00.0-2 gives something again").await;
    let (_, rows) = class.end().await;
    assert!(count(&rows, Flaw::Silent) >= 1 && rows.iter().rev().take(4).any(|row| sounds(&row)));
}

#[tokio::test]
async fn an_input_without_a_signal_is_a_slate_until_there_is_one_and_another_one_is_read_anew() {
    let mut class = Class::new("");
    class.plugs.camera(Signal::Absent);
    class.plugs.microphone();
    class.world.start().await;
    class.world.segment().await;
    for (signal, told) in [
        (Signal::Mode { width: 320, height: 180, rate_milli: 15_000 }, "320x180 comes in"),
        (Signal::Mode { width: 160, height: 90, rate_milli: 15_000 }, "160x90 comes in"),
        (Signal::Unusable, "cannot be used"),
    ] {
        class.plugs.camera(signal);
        class.turned(told).await;
    }
    let (_, rows) = class.end().await;
    assert!(rows.last().unwrap().slate && rows.iter().any(|row| !row.slate && row.kept > 0));
}

#[tokio::test]
async fn a_camera_that_refuses_is_a_slate_then_switched_off_and_on_and_one_that_answers_is_in_the_picture()
 {
    // No other test has a camera there: its lines of the log are these.
    let place = "usb-0000:01:00.0-7";
    Plugs::log();
    let mut class = Class::new("");
    class.plugs.camera_at(7, "video0", Signal::Present);
    class.plugs.microphone();
    let (mut port, mut told) = (class.plugs.listen(7), String::new());
    class.world.start().await;
    while !told.contains('1') {
        class.world.segment().await;
        told += &port.told();
    }
    assert_eq!(told, "01", "off, then on");
    std::fs::write(class.plugs.path("camera"), "").unwrap();
    class.tell();
    class.turned("gives something again").await;
    assert_eq!(port.told(), "", "once");
    // Each rung of the ladder is in the log, in its order.
    let room = format!("room={} ", class.world.room);
    let log = Plugs::log();
    let all = |word: &str, of: &str| -> Vec<usize> {
        let is_it = |n: &usize| log[*n].contains(word) && log[*n].contains(of);
        (0..log.len()).filter(is_it).collect()
    };
    let reopened = all("the encoder is started again", &room)[0];
    let slate = all("the camera gives no picture: a slate instead", &room)[0];
    let switched = all("it was switched off and on", place);
    let tried = all("tried: it gives nothing", place);
    let beside = tried.iter().filter(|at| (slate..switched[0]).contains(at));
    assert!(reopened < slate && beside.count() == 3 && switched.len() == 1, "{log:#?}");
    let (_, rows) = class.end().await;
    assert!(count(&rows, Flaw::Slate) >= 1 && !rows.last().unwrap().slate);
}

#[tokio::test]
async fn ffmpegs_word_that_a_camera_is_gone_is_enough_and_a_node_that_is_only_just_going_is_no_camera()
 {
    let word = r#"case "$*" in
  *"-frames 1"*) ;;
  *DIR/camera*) (while test -e DIR/camera; do sleep 0.2; done; echo "/dev/video0: No such device" >&2) &;;
esac"#;
    let mut class = Class::new(word).begin().await;
    let node = class.plugs.path("sys/class/video4linux/video0");
    let kept = std::fs::read_link(&node).unwrap();
    class.plugs.pull("camera");
    // Still in sysfs, while opening it says that there is nothing.
    std::os::unix::fs::symlink(kept, &node).unwrap();
    std::fs::remove_file(class.plugs.path("dev/video0")).unwrap();
    class.turned("/dev/video0: No such device").await;
    class.plugs.camera(Signal::Present);
    // Whichever sees it first: who asks the node again, or who looks for what is gone.
    class.turned("").await;
    let (_, rows) = class.end().await;
    assert!(count(&rows, Flaw::Slate) >= 1 && !rows.last().unwrap().slate);
}

#[tokio::test]
async fn a_camera_that_passes_each_trial_and_breaks_off_in_each_run_is_not_believed() {
    let breaks = r#"case "$*" in
  *"-frames 1"*) ;;
  *DIR/camera*) test -e DIR/well || { (sleep 0.2; echo "/dev/video0: Protocol error" >&2) & };;
esac"#;
    let mut class = Class::new(breaks);
    class.start().await;
    class.flawed(Flaw::Slate, false).await;
    std::fs::write(class.plugs.path("well"), "").unwrap();
    class.lasts("gives something again").await;
    let (_, rows) = class.end().await;
    assert!(!rows.last().unwrap().slate && rows.iter().any(|row| !row.slate && row.kept > 0));
}

#[tokio::test]
async fn a_camera_that_takes_long_to_refuse_was_not_well_meanwhile() {
    let refuses = r#"case "$*" in
  *"-frames 1"*) exit 1;;
  *DIR/camera*) sleep 4.5; echo "/dev/video0: Connection timed out" >&2; exit 1;;
esac"#;
    let mut class = Class::new(refuses);
    class.start().await;
    class.flawed(Flaw::Slate, false).await;
    class.world.segment().await;
    let (_, rows) = class.end().await;
    assert!(count(&rows, Flaw::Slate) >= 1);
}

#[tokio::test]
async fn a_box_that_comes_back_without_its_camera_goes_on_in_the_same_file() {
    let mut class = Class::whole().await;
    class.world.crash().await;
    class.plugs.pull("camera");
    class.world.resume().await;
    class.world.segment().await;
    let (take, rows) = class.end().await;
    assert_eq!((take.take.width, take.take.height), (320, 180));
    assert!(rows.last().unwrap().slate && rows.iter().any(|row| !row.slate));
}

#[tokio::test]
async fn one_lessons_camera_is_not_touched_by_anothers() {
    let (mut one, mut other) = (Class::whole().await, Class::whole().await);
    one.plugs.pull("camera");
    one.tell();
    one.turned("no camera").await;
    other.world.segment().await;
    assert!(!other.world.heard.iter().any(|note| matches!(note, Note::Gap { .. })));
    let (_, rows) = other.end().await;
    assert_eq!(count(&rows, Flaw::Slate), 0);
    one.end().await;
}

/// Plays an encoder in hardware, which does this whenever it is to write a film.
fn hard(class: &mut Class, does: &str) {
    let extra = format!(
        r#"case "$hard $*" in
  *-encoders) echo " V..... h264_hard";;
  "hard "*pipe:1*) echo >>DIR/runs; {does};;
esac"#
    );
    let mut encoder = class.plugs.encoders[0].clone();
    encoder.name = "h264_hard".into();
    // Its film has another init part.
    encoder.args.iter_mut().filter(|arg| *arg == "high").for_each(|arg| *arg = "main".into());
    class.plugs.encoders.insert(0, encoder);
    class.world.setup.inputs = class.plugs.inputs(&extra, class.world.setup.inputs.wanted);
}

/// How often that was begun.
fn runs(class: &Class) -> usize {
    std::fs::read(class.plugs.path("runs")).unwrap_or_default().len()
}

#[tokio::test]
async fn an_encoder_that_fails_with_nothing_to_read_gives_way_to_the_boards_next_one_for_good() {
    let mut class = Class::new("");
    let does = r#"case $(wc -l <DIR/runs) in 1) exec sleep 600;; 2) echo "no such film"; exec sleep 600;; *) exit 7;; esac"#;
    hard(&mut class, does);
    (class.world.setup.stall, class.world.setup.opening) = (Millis::seconds(2), Millis::seconds(3));
    class.world.start().await;
    class.world.segment().await;
    assert!(runs(&class) >= 3);
    let found = class.world.setup.inputs.finder.find().await.unwrap();
    let [hard, next] = &found.why[..] else { panic!("{found:?}") };
    let wrong = " times in a row in a lesson, no device was to blame: EncoderDied";
    assert!(hard.starts_with("h264_hard: failed ") && hard.contains(wrong), "{hard}");
    assert!(hard.contains("exit status: 7"), "{hard}");
    assert_eq!(next, "libx264: encodes here");
    // Later lessons begin with the other one.
    let inputs = class.world.setup.inputs.clone();
    let (_, rows) = class.end().await;
    assert!(rows.iter().any(|row| row.slate));
    let source = inputs.choose("camera", &Wish::default()).await.unwrap();
    assert_eq!(source.encoder.unwrap().name, "libx264");
}

#[tokio::test]
async fn an_encoder_that_fails_while_its_devices_pass_their_trials_gives_way_and_another_film_goes_on()
 {
    let mut class = Class::new("");
    hard(
        &mut class,
        "(while ! test -e DIR/bad; do sleep 0.1; done; kill $$) & test ! -e DIR/bad || exit 7",
    );
    let mut class = class.begin().await;
    assert_eq!(runs(&class), 1);
    std::fs::write(class.plugs.path("bad"), "").unwrap();
    while class.world.opened().await.number == 1 {}
    // The first was well; two are not asked about, and for one a device might be to blame.
    assert!(runs(&class) > 5);
    class.world.segment().await;
    let takes = class.world.stop().await;
    assert_eq!(takes.len(), 2);
    for take in &takes {
        check_hash(&class.world, take);
        decodes(&class.world.file(&take.take.name));
    }
    assert!(!class.world.setup.inputs.finder.find().await.unwrap().why[0].contains("encodes"));
}

#[tokio::test]
async fn an_encoder_that_is_killed_a_few_times_at_once_stays() {
    let mut class = Class::new("");
    hard(&mut class, "test $(wc -l <DIR/runs) -gt 3 || exit 137");
    class.world.start().await;
    class.world.segment().await;
    assert_eq!(runs(&class), 4);
    let found = class.world.setup.inputs.finder.find().await.unwrap();
    assert_eq!((found.encoder.name.as_str(), found.why.len()), ("h264_hard", 1));
    class.end().await;
}

#[tokio::test]
async fn an_encoder_that_fails_at_the_slate_of_what_is_switched_off_gives_way_too() {
    let mut class = Class::new("");
    hard(&mut class, "exit 7");
    class.world.setup.devices.shut(vec!["camera".into()]);
    class.world.start().await;
    class.world.segment().await;
    let inputs = &class.world.setup.inputs;
    assert_eq!(inputs.finder.find().await.unwrap().encoder.name, "libx264");
    class.end().await;
}

#[tokio::test]
async fn when_no_encoder_does_better_the_first_one_is_taken_back() {
    let fails = r#"case "$*" in *pipe:1*) test -e DIR/mended || exit 7;; esac"#;
    let mut class = Class::new("");
    hard(&mut class, "");
    class.world.setup.inputs = class.plugs.inputs(
        &format!(r#"case "$hard $*" in *-encoders) echo " V..... h264_hard";; esac; {fails}"#),
        class.world.setup.inputs.wanted,
    );
    let inputs = class.world.setup.inputs.clone();
    let taken = async |name: &str| {
        let until = async {
            while inputs.finder.find().await.unwrap().encoder.name != name {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(240), until).await.unwrap();
    };
    class.world.start().await;
    taken("h264_hard").await;
    taken("libx264").await;
    taken("h264_hard").await;
    std::fs::write(class.plugs.path("mended"), "").unwrap();
    class.world.segment().await;
    class.end().await;
    assert_eq!(inputs.finder.find().await.unwrap().encoder.name, "h264_hard");
}

#[tokio::test]
async fn an_encoder_that_was_timed_beside_a_lesson_is_timed_again_when_the_last_one_is_over() {
    let slow = r#"case "$*" in
  *-benchmark*=640x360*) ! test -e DIR/busy || { echo rtime=0.9s >&2; exit; };;
esac
case "$*" in *-benchmark*) echo rtime=0.1s >&2; exit;; esac"#;
    let mut class = Class::new("");
    let wanted = Picture { width: 640, height: 360, ..class.world.setup.inputs.wanted };
    class.world.setup.inputs = class.plugs.inputs(slow, wanted);
    let inputs = class.world.setup.inputs.clone();
    let width = async || inputs.choose("camera", &Wish::default()).await.unwrap().picture.width;
    std::fs::write(class.plugs.path("busy"), "").unwrap();
    class.world.start().await;
    class.world.segment().await;
    assert_eq!(width().await, 480);
    std::fs::remove_file(class.plugs.path("busy")).unwrap();
    assert_eq!(width().await, 480, "a lesson is on");
    assert_eq!(class.world.stop().await.len(), 1);
    while width().await == 480 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(width().await, 640);
}

/// As with V4L2, one at a time is given pictures; who looks says so.
const ALONE: &str = r#"case "$*" in *DIR/camera.*)
  exec 9>DIR/lock
  flock -n 9 || { echo >DIR/refused; echo "/dev/video0: Device or resource busy" >&2; exit 16; }
  case "$*" in *mpjpeg*) echo >DIR/looks;; esac;;
esac"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_that_is_looked_at_is_left_to_a_lesson_and_opened_again_after_it() {
    let mut class = Class::new(ALONE);
    class.world.setup.monitors = Monitors::of([("camera", "")].into_iter());
    let setup = class.world.setup.clone();
    let (clock, patience) = (class.world.clock.clone(), Duration::from_secs(60));
    let looker = Looker::new(setup.inputs.clone(), setup.devices.clone(), clock, patience);
    let input = setup.monitors.get("camera").unwrap().clone();
    class.plugs.camera(Signal::Present);
    class.plugs.microphone();
    let looking = tokio::spawn(async move { looker.run(&input, true).await });
    let looks = class.plugs.path("looks");
    let until_looked_at = async || {
        while !looks.exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        std::fs::remove_file(&looks).unwrap();
    };
    until_looked_at().await;
    class.world.start().await;
    class.world.segment().await;
    assert!(!looks.exists(), "nobody looks beside a lesson");
    let refused = class.plugs.path("refused");
    class.world.segment().await;
    assert_eq!(class.world.stop().await.len(), 1);
    assert!(!refused.exists(), "it was not opened twice");
    assert!(!class.world.heard.iter().any(|note| matches!(note, Note::Gap { .. })));
    until_looked_at().await;
    looking.abort();
}

/// Who looks cannot be killed with its group: it is in another one.
const STUCK: &str = r#"case "$*" in *mpjpeg*)
  echo $$ >>DIR/looks
  exec perl -e 'setpgrp(0, getpgrp(getppid())); sleep 600';;
esac"#;

#[tokio::test(flavor = "multi_thread")]
async fn who_looks_and_cannot_be_killed_is_not_followed_by_another_one_and_no_lesson_waits_for_it()
{
    let mut class = Class::new(STUCK);
    class.world.setup.monitors = Monitors::of([("camera", "")].into_iter());
    let setup = class.world.setup.clone();
    let (clock, patience) = (class.world.clock.clone(), Duration::from_secs(1));
    let looker = Looker::new(setup.inputs.clone(), setup.devices.clone(), clock, patience);
    let input = setup.monitors.get("camera").unwrap().clone();
    class.plugs.camera(Signal::Present);
    class.plugs.microphone();
    let looking = tokio::spawn(async move { looker.run(&input, true).await });
    let file = class.plugs.path("looks");
    let looks = || std::fs::read_to_string(&file).unwrap_or_default();
    let until_looks = async |count| {
        while looks().lines().count() < count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Pid::from_raw(looks().lines().last().unwrap().parse().unwrap()).unwrap()
    };
    let hangs = until_looks(1).await;
    // Time for several.
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert_eq!(looks().lines().count(), 1);
    assert!(setup.devices.now().is_open("camera"), "it still has it");
    class.world.start().await;
    class.world.segment().await;
    assert_eq!(class.world.stop().await.len(), 1);
    kill_process(hangs, Sign::KILL).unwrap();
    let other = until_looks(2).await;
    looking.abort();
    let _ = kill_process(other, Sign::KILL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_that_is_not_there_is_looked_at_and_not_said_to_be_open() {
    let mut class = Class::new(r#"case "$*" in *mpjpeg*) echo >>DIR/looks;; esac"#);
    class.world.setup.monitors = Monitors::of([("camera", "")].into_iter());
    let setup = class.world.setup.clone();
    let (clock, patience) = (class.world.clock.clone(), Duration::from_secs(60));
    let looker = Looker::new(setup.inputs.clone(), setup.devices.clone(), clock, patience);
    let input = setup.monitors.get("camera").unwrap().clone();
    let looking = tokio::spawn(async move { looker.run(&input, true).await });
    let looks = async || {
        while !class.plugs.path("looks").exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        std::fs::remove_file(class.plugs.path("looks")).unwrap();
    };
    looks().await;
    assert!(!setup.devices.now().is_open("camera"), "a slate is no camera");
    class.plugs.camera(Signal::Present);
    class.tell();
    looks().await;
    assert!(setup.devices.now().is_open("camera"));
    looking.abort();
}

#[tokio::test]
async fn a_camera_that_is_switched_off_is_a_slate_in_its_film_without_an_alarm_and_comes_back_at_once()
 {
    let mut class = Class::whole().await;
    let devices = class.world.setup.devices.clone();
    devices.shut(vec!["camera".into()]);
    assert_eq!(class.world.gap().await.0, GapWhy::Shut);
    assert!(!devices.now().any_open());
    // Pulled out and put back, it is nobody's business.
    class.plugs.pull("microphone");
    class.tell();
    class.plugs.microphone();
    class.tell();
    class.world.segment().await;
    class.world.segment().await;
    devices.shut(Vec::new());
    assert_eq!(class.world.gap().await.0, GapWhy::Shut);
    class.world.segment().await;
    let told = |note: &&Note| matches!(note, Note::Flaw { flaw: Flaw::Slate | Flaw::Silent, .. });
    assert_eq!(class.world.heard.iter().find(told), None);
    let (_, rows) = class.end().await;
    assert!(count(&rows, Flaw::Off) >= 1 && !rows.last().unwrap().off, "{rows:?}");
}

#[tokio::test]
async fn a_camera_that_is_switched_off_while_it_is_made_ready_is_not_opened() {
    let mut class = Class::new("");
    let tried = Plugs::tried(&class.world.setup.inputs).await;
    let devices = class.world.setup.devices.clone();
    class.start().await;
    let mut changes = devices.changes();
    changes.wait_for(|now| now.is_open("camera")).await.unwrap();
    devices.shut(vec!["camera".into()]);
    class.world.segment().await;
    assert!(!devices.now().any_open() && !class.plugs.was_read());
    drop(tried);
    devices.shut(Vec::new());
    while !class.plugs.was_read() {
        class.world.segment().await;
    }
    let (_, rows) = class.end().await;
    let first = rows.iter().find(|row| row.kept > 0).unwrap();
    assert!(first.off && !rows.last().unwrap().off, "{rows:?}");
}

#[tokio::test]
async fn a_camera_that_is_tried_after_it_broke_off_is_still_said_to_be_open() {
    let mut class = Class::freezing().await;
    let devices = class.world.setup.devices.clone();
    let tried = Plugs::tried(&class.world.setup.inputs).await;
    let mark = format!("{}/camera.", class.plugs.path("").display());
    let encoder = class.world.encoder_with(&mark).await;
    class.plugs.freeze("camera");
    while test_kill_process(encoder).is_ok() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The trial waits for us.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(devices.now().is_open("camera"));
    drop(tried);
    class.flawed(Flaw::Slate, false).await;
    class.end().await;
}

#[tokio::test]
async fn a_camera_that_was_mended_while_it_was_switched_off_is_in_the_picture_at_once() {
    let mut class = Class::freezing().await;
    let devices = class.world.setup.devices.clone();
    class.plugs.freeze("camera");
    class.flawed(Flaw::Slate, false).await;
    devices.shut(vec!["camera".into()]);
    while class.world.gap().await.0 != GapWhy::Shut {}
    class.plugs.thaw("camera");
    class.world.segment().await;
    devices.shut(Vec::new());
    while class.world.gap().await.0 != GapWhy::Shut {}
    class.world.segment().await;
    let (_, rows) = class.end().await;
    let on = rows.iter().rposition(|row| row.off).unwrap() + 1;
    assert!(!rows[on..].iter().any(|row| row.slate), "{rows:?}");
}

//! What `inputs` promises, on trees of files as real machines have them and on answers as real drivers give them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use super::choice::{deal, mode};
use super::v4l2::{Format, Signal, Size};
use super::*;
use crate::hw::board::Input;
use crate::hw::encoder::Found;

/// A tree in the making.
struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn link(&self, path: &str, to: &str) {
        let (path, to) = (self.root().join(path), self.root().join(to));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::create_dir_all(&to).unwrap();
        symlink(to, path).unwrap();
    }

    /// A video node of a driver at a device's folder.
    fn video(&self, node: &str, device: &str, (driver, name, index): (&str, &str, u32)) {
        let own = format!("{device}/video4linux/{node}");
        self.file(&format!("{own}/name"), &format!("{name}\n"));
        self.file(&format!("{own}/index"), &format!("{index}\n"));
        self.link(&format!("{own}/device"), device);
        if !self.root().join(device).join("driver").exists() {
            self.link(&format!("{device}/driver"), &format!("sys/bus/usb/drivers/{driver}"));
        }
        self.link(&format!("sys/class/video4linux/{node}"), &own);
    }

    fn card(&self, number: u32, id: &str, device: &str) {
        self.file(&format!("proc/asound/card{number}/id"), &format!("{id}\n"));
        self.link(&format!("sys/class/sound/card{number}/device"), device);
    }

    fn subsystem(&self, device: &str, name: &str) {
        self.link(&format!("{device}/subsystem"), &format!("sys/bus/{name}"));
    }
}

/// As `udevadm` shows it of a Raspberry Pi 4 with a camera in the port 1.4 and a microphone in 1.2.
const PI: &str = "sys/devices/platform/scb/fd500000.pcie/pci0000:00/0000:00:00.0/0000:01:00.0";

fn pi() -> Tree {
    let tree = Tree::new();
    let camera = format!("{PI}/usb1/1-1/1-1.4/1-1.4:1.0");
    tree.video("video0", &camera, ("uvcvideo", "HD Pro Webcam C920", 0));
    tree.video("video1", &camera, ("uvcvideo", "HD Pro Webcam C920", 1));
    let codec = "sys/devices/platform/soc/fe00b840.mailbox/bcm2835-codec";
    tree.subsystem(codec, "platform");
    tree.video("video10", codec, ("bcm2835-codec", "bcm2835-codec-decode", 0));
    let hdmi = "sys/devices/platform/soc/fef00700.hdmi";
    tree.subsystem(hdmi, "platform");
    tree.card(0, "vc4hdmi0", hdmi);
    tree.card(1, "C920", &format!("{PI}/usb1/1-1/1-1.4/1-1.4:1.2"));
    tree.card(2, "Mic", &format!("{PI}/usb1/1-1/1-1.2/1-1.2:1.0"));
    tree.file(
        "proc/asound/pcm",
        "00-00: MAI PCM i2s-hifi-0 : MAI PCM i2s-hifi-0 : playback 1\n\
         01-00: USB Audio : USB Audio : capture 1\n\
         02-00: USB Audio : USB Audio : playback 1 : capture 1\n",
    );
    tree
}

async fn look(root: &Path) -> Devices {
    let cameras = v4l2::cameras(root, None, &Busy::default()).await;
    Devices { cameras, cards: alsa::cards(root) }
}

#[tokio::test]
async fn a_camera_and_its_microphone_have_one_place_whatever_their_numbers_are() {
    let Devices { cameras, cards } = look(pi().root()).await;
    let buses: Vec<_> =
        cameras.iter().map(|c| (c.bus.as_str(), c.index, c.node.as_str())).collect();
    assert_eq!(
        buses,
        [
            ("platform:bcm2835-codec", 0, "video10"),
            ("usb-0000:01:00.0-1.4", 0, "video0"),
            ("usb-0000:01:00.0-1.4", 1, "video1"),
        ]
    );
    assert_eq!(
        (cameras[1].driver.as_str(), cameras[1].name.as_str()),
        ("uvcvideo", "HD Pro Webcam C920")
    );
    assert!(
        cameras
            .iter()
            .all(|c| c.trouble.as_deref() == Some("not asked: the hardware is simulated"))
    );
    let cards: Vec<_> = cards.iter().map(|c| (c.bus.as_str(), c.number, c.id.as_str())).collect();
    assert_eq!(cards, [("usb-0000:01:00.0-1.2", 2, "Mic"), ("usb-0000:01:00.0-1.4", 1, "C920")]);
    // In another kernel's order the controller comes second.
    let here = Tree::new();
    let other = "sys/devices/x/0000:01:00.0/usb2/2-1/2-1.4/2-1.4:1.0";
    here.file(&format!("{other}/uevent"), "");
    let other = sysfs::bus_path(&here.root().join(other));
    assert_eq!(other.as_deref(), Some("usb-0000:01:00.0-1.4"));
}

#[tokio::test]
async fn an_empty_machine_and_one_of_nonsense_have_no_inputs() {
    let empty = look(Path::new("/nowhere")).await;
    assert!(empty.cameras.is_empty() && empty.cards.is_empty());
    let tree = Tree::new();
    tree.file("sys/class/video4linux/video0/index", "many");
    tree.file("sys/class/video4linux/v4l-subdev0/index", "0");
    tree.file("proc/asound/pcm", "99-00: a : capture 1\nnonsense\n01-xx: a : capture 1\n");
    let Devices { cameras, cards } = look(tree.root()).await;
    assert_eq!((cameras.len(), cameras[0].bus.as_str(), cards.len()), (1, "video0", 0));
}

#[tokio::test]
async fn a_node_that_cannot_be_asked_says_why() {
    let tree = pi();
    let cameras = v4l2::cameras(tree.root(), Some(v4l2::tell), &Busy::default()).await;
    assert!(cameras.iter().all(|c| c.trouble.as_ref().unwrap().contains("No such file")));
    let busy = Busy::default();
    let hangs = busy.turn("video0", Duration::ZERO).await;
    let cameras = v4l2::cameras(tree.root(), Some(v4l2::tell), &busy).await;
    let told = cameras.iter().find(|c| c.node == "video0").unwrap();
    assert_eq!(told.trouble.as_deref(), Some("its driver does not answer"));
    // Who asks while somebody else does is answered behind him, and those that answered may be asked again.
    let look = v4l2::cameras(tree.root(), Some(v4l2::tell), &busy);
    let (cameras, ()) = tokio::join!(look, async { drop(hangs) });
    assert!(cameras.iter().all(|c| c.trouble.as_ref().unwrap().contains("No such file")));
}

#[test]
fn patterns_stand_for_anything_where_their_stars_are() {
    for (pattern, text, is) in [
        ("usb-*", "usb-0000:01:00.0-1.4", true),
        ("usb-*-1.4", "usb-0000:01:00.0-1.4", true),
        ("usb-*-1.2", "usb-0000:01:00.0-1.4", false),
        ("*01*1.4", "usb-0000:01:00.0-1.4", true),
        ("*", "", true),
        ("a", "a", true),
        ("a", "ab", false),
        ("a*a", "a", false),
        ("a*b*a", "aba", true),
        ("", "a", false),
    ] {
        assert_eq!(sysfs::matches(pattern, text), is, "{pattern} {text}");
    }
}

#[test]
fn two_patterns_overlap_where_one_place_is_as_both_say() {
    for (one, other, is) in [
        ("usb-*", "usb-0000:01:00.0-1.4", true),
        ("usb-*", "platform:fe201000.serial", false),
        ("usb-*-1.4", "usb-0000:01:00.0-*", true),
        ("usb-*-1.4", "usb-*-1.2", false),
        ("usb-1*", "usb-2*", false),
        ("usb-1", "usb-1", true),
        ("usb-1", "usb-1.2", false),
        ("*", "", true),
    ] {
        assert_eq!(sysfs::overlap(one, other), is, "{one} {other}");
        assert_eq!(sysfs::overlap(other, one), is, "{other} {one}");
    }
}

fn size(width: u32, height: u32, rates: &[u32]) -> Size {
    let rates_milli = rates.iter().map(|rate| rate * 1000).collect();
    Size { least: (width, height), most: (width, height), rates_milli }
}

fn camera(bus: &str, formats: &[(&str, &[Size])]) -> Camera {
    Camera {
        bus: bus.into(),
        place: bus.into(),
        index: 0,
        node: format!("video{}", bus.len()),
        name: "camera".into(),
        driver: "uvcvideo".into(),
        planar: false,
        formats: formats
            .iter()
            .map(|(fourcc, sizes)| Format { fourcc: (*fourcc).into(), sizes: sizes.to_vec() })
            .collect(),
        signal: Signal::Present,
        trouble: None,
    }
}

const WANTED: Picture = Picture { width: 1280, height: 720, rate: 30, kbit: 2500 };

/// Format, size, rate and whether it is passed through.
fn chosen(camera: &Camera) -> (&'static str, u32, u32, u32, bool) {
    let mode = mode(camera, WANTED).unwrap();
    (mode.format, mode.width, mode.height, mode.rate_milli / 1000, mode.through)
}

#[test]
fn h264_of_the_camera_is_passed_through_and_else_the_most_picture_is_taken() {
    let raw = [size(640, 480, &[30]), size(1280, 720, &[10]), size(1920, 1080, &[5])];
    let jpeg = [size(640, 480, &[30]), size(1280, 720, &[60, 30]), size(1920, 1080, &[30])];
    let uvc = camera("usb-a-1", &[("YUYV", &raw), ("MJPG", &jpeg)]);
    assert_eq!(chosen(&uvc), ("mjpeg", 1280, 720, 30, false));
    let own = camera("usb-a-1", &[("YUYV", &raw), ("MJPG", &jpeg), ("H264", &jpeg)]);
    assert_eq!(chosen(&own), ("h264", 1280, 720, 30, true));
    // Raw only: the larger one, though slower. Too large only: the smaller of them.
    assert_eq!(chosen(&camera("usb-a-1", &[("YUYV", &raw)])), ("yuyv422", 1280, 720, 10, false));
    let large = [size(3840, 2160, &[30]), size(1920, 1080, &[30])];
    assert_eq!(chosen(&camera("usb-a-1", &[("MJPG", &large)])), ("mjpeg", 1920, 1080, 30, false));
    // Inside the board raw pictures are free.
    let same = [size(1280, 720, &[30])];
    let inside = camera("platform:vivid-000", &[("MJPG", &same), ("YUYV", &same), ("NV12", &same)]);
    assert_eq!(chosen(&inside), ("nv12", 1280, 720, 30, false));
}

#[test]
fn a_digital_input_gives_what_comes_in_and_a_scaler_what_is_wanted() {
    let mut hdmi = camera("platform:fdee0000.hdmi_receiver", &[("NV12", &[])]);
    hdmi.signal = Signal::Mode { width: 1920, height: 1080, rate_milli: 50_000 };
    assert_eq!(chosen(&hdmi), ("nv12", 1920, 1080, 50, false));
    let any = Size { least: (16, 16), most: (4096, 2160), rates_milli: vec![] };
    assert_eq!(
        chosen(&camera("PCI:0000:03:00.0", &[("YUYV", &[any])])),
        ("yuyv422", 1280, 720, 0, false)
    );
}

#[test]
fn what_cannot_be_read_says_so() {
    let odd = camera("usb-a-1", &[("Z16 ", &[])]);
    assert!(mode(&odd, WANTED).unwrap_err().contains("Z16"));
    let mut gone = camera("usb-a-1", &[]);
    gone.trouble = Some("its driver does not answer".into());
    assert_eq!(mode(&gone, WANTED).unwrap_err(), "its driver does not answer");
}

/// An input at these places.
fn input(name: &str, picture: &[&str], sound: &[&str]) -> Input {
    let place = |bus: &[&str]| {
        let bus: Vec<String> = bus.iter().map(ToString::to_string).collect();
        (!bus.is_empty()).then(|| crate::hw::board::Place { bus, ..Default::default() })
    };
    Input { name: name.into(), picture: place(picture), sound: place(sound), ..Input::default() }
}

fn card(bus: &str, number: u32, id: &str) -> Card {
    Card { bus: bus.into(), number, id: id.into(), devices: vec![(0, "USB Audio".into())] }
}

#[test]
fn what_classrooms_own_is_dealt_before_what_nobody_asked_for() {
    let cameras = [camera("usb-a-1", &[]), camera("usb-a-1.2", &[])];
    let mut inputs = [input("any", &["usb-*"], &[]), input("port", &["usb-a-1"], &[])];
    let told = |inputs: &[Input]| -> Vec<Option<String>> {
        deal(inputs, &cameras, &[], ("", &[None, None]))
            .iter()
            .map(|d| Some(d.camera?.bus.clone()))
            .collect()
    };
    let bus = |bus: &str| Some(bus.to_owned());
    assert_eq!(told(&inputs), [bus("usb-a-1.2"), bus("usb-a-1")]);
    inputs[0].owned = true;
    assert_eq!(told(&inputs), [bus("usb-a-1"), None]);
    inputs[1].owned = true;
    assert_eq!(told(&inputs), [bus("usb-a-1.2"), bus("usb-a-1")]);
}

#[test]
fn a_device_belongs_to_one_input_and_whole_paths_come_before_patterns() {
    let cameras =
        [camera("platform:vivid-000", &[]), camera("usb-a-1", &[]), camera("usb-a-1.2", &[])];
    let cards = [card("usb-a-1.2", 1, "C920"), card("usb-b-1", 2, "Mic")];
    let inputs = [
        input("any", &["usb-*"], &["same", "usb-*"]),
        input("next", &["usb-*"], &["same", "usb-*"]),
        input("fixed", &["usb-a-1"], &["card:Mic"]),
        input("gone", &["usb-z-9"], &["same"]),
    ];
    let dealt = deal(&inputs, &cameras, &cards, ("", &[None, None]));
    let told: Vec<_> = dealt
        .iter()
        .map(|d| (d.camera.map(|c| c.bus.as_str()), d.card.map(|c| c.id.as_str())))
        .collect();
    assert_eq!(
        told,
        [
            (Some("usb-a-1.2"), Some("C920")),
            (None, None),
            (Some("usb-a-1"), Some("Mic")),
            (None, None)
        ]
    );
}

#[test]
fn an_input_that_is_read_keeps_its_devices_while_they_are_there() {
    let cameras = [camera("usb-a-1.1", &[]), camera("usb-a-1.4", &[])];
    let cards = [card("usb-a-1.1", 1, "Headset"), card("usb-a-1.3", 2, "Mic")];
    let inputs = [input("first", &["usb-*"], &["usb-*"]), input("read", &["usb-*"], &["usb-*"])];
    let told = |cameras: &[Camera], name, places: [Option<&str>; 2]| -> Vec<_> {
        let places = places.map(|at| at.map(str::to_owned));
        let dealt = deal(&inputs, cameras, &cards, (name, &places));
        let place = |d: &choice::Dealt| Some((d.camera?.place.clone(), d.card?.bus.clone()));
        dealt.iter().map(place).collect()
    };
    let at = |camera: &str, card: &str| Some((camera.to_owned(), card.to_owned()));
    let (low, high) = (at("usb-a-1.1", "usb-a-1.1"), at("usb-a-1.4", "usb-a-1.3"));
    let own = [Some("usb-a-1.4"), Some("usb-a-1.3")];
    assert_eq!(told(&cameras, "first", own), [high.clone(), low.clone()]);
    assert_eq!(told(&cameras, "read", own), [low.clone(), high]);
    // What is gone is no longer kept.
    assert_eq!(told(&cameras[..1], "first", [own[0], None]), [low, None]);
}

/// What ffmpeg is told for an input with these devices.
fn told(input: &Input, camera: Option<&Camera>, card: Option<&Card>) -> Source {
    told_of(input, camera, card, &Wish::default())
}

fn told_of(input: &Input, camera: Option<&Camera>, card: Option<&Card>, wish: &Wish) -> Source {
    let found = Found {
        ffmpeg: "/usr/bin/ffmpeg".into(),
        version: "5".into(),
        encoder: Board::load("sim").unwrap().encoder[2].clone(),
        why: vec!["libx264: encodes here".into()],
    };
    let dealt = choice::Dealt { input, camera, card };
    let mode = camera.map(|camera| mode(camera, WANTED).unwrap());
    let small = Picture { width: 640, height: 360, kbit: 625, ..WANTED };
    let why = ["too slow above".to_owned()];
    let mode = mode.as_ref();
    source::of(&dealt, &source::Plan { mode, picture: small, why: &why, fault: None, wish }, &found)
}

#[test]
fn what_is_told_to_ffmpeg_names_todays_numbers_and_the_picture_that_the_encoder_keeps_up_with() {
    let webcam = camera("usb-a-1", &[("MJPG", &[size(1280, 720, &[30])])]);
    let input = input("camera", &["usb-*"], &["same"]);
    let made = told(&input, Some(&webcam), Some(&card("usb-a-1", 3, "C920")));
    let args = made.args.join(" ");
    assert!(args.contains(
        "-f v4l2 -ts abs -input_format mjpeg -video_size 1280x720 -framerate 30000/1000"
    ));
    assert!(args.contains("-i /dev/video7") && args.contains("-isync 0 -i plughw:3,0"), "{args}");
    assert_eq!((made.picture.width, made.picture.height, made.picture.rate), (640, 360, 30));
    assert!(made.filters[0].starts_with("scale={width}:{height}"));
    assert_eq!(made.encoder.unwrap().name, "libx264");
    // Its own H.264 is left alone; without a card there is silence, without a camera a black picture.
    let own = camera("usb-a-1", &[("H264", &[size(1920, 1080, &[30])])]);
    let made = told(&input, Some(&own), None);
    assert_eq!((made.encoder, made.filters.len(), made.picture.width), (None, 0, 1920));
    assert!(
        made.args
            .join(" ")
            .ends_with("-re -f lavfi -i anullsrc=sample_rate=48000:channel_layout=stereo")
    );
    let made = told(&input, None, Some(&card("usb-a-1", 3, "C920")));
    assert!(made.args.join(" ").contains("color=black") && !made.args.contains(&"-isync".into()));
}

#[test]
fn a_lesson_that_is_gone_on_with_keeps_its_size_and_has_the_cameras_rate() {
    let input = input("camera", &["usb-*"], &["same"]);
    let wish = Wish {
        picture: Some(Picture { width: 320, height: 180, rate: 0, kbit: 1 }),
        ..Wish::default()
    };
    let slow = camera("usb-a-1", &[("MJPG", &[size(1280, 720, &[15])])]);
    let made = told_of(&input, Some(&slow), None, &wish).picture;
    assert_eq!(made, Picture { width: 320, height: 180, rate: 15, kbit: 625 });
    // Without one it is what is wanted, and never none.
    assert_eq!(told_of(&input, None, None, &wish).picture, Picture { rate: 30, ..made });
}

#[test]
fn ffmpegs_words_tell_which_device_has_ended() {
    let webcam = camera("usb-a-1", &[("MJPG", &[size(1280, 720, &[30])])]);
    let input = input("camera", &["usb-*"], &["same"]);
    let names = told(&input, Some(&webcam), Some(&card("usb-a-1", 3, "C920"))).names();
    for (line, ended) in [
        ("/dev/video7: No such device", [true, false]),
        ("plughw:3,0: Input/output error", [false, true]),
        ("[in#0/video4linux2,v4l2 @ 0x55d] Error during demuxing: No such device", [true, false]),
        ("[in#1/alsa @ 0x55d] Error during demuxing: Input/output error", [false, true]),
        ("/dev/video70: No such device", [false, false]),
        (
            "[video4linux2,v4l2 @ 0x55d] Dequeued v4l2 buffer contains corrupted data",
            [false, false],
        ),
        ("[alsa @ 0x55d] ALSA buffer xrun.", [false, false]),
        ("", [false, false]),
    ] {
        assert_eq!(names.ended(line), ended, "{line}");
    }
    let only = told(&input, None, Some(&card("usb-a-1", 3, "C920"))).names();
    assert_eq!(only.ended("/dev/video7: No such device"), [false, false]);
}

#[tokio::test]
async fn a_real_ffmpeg_is_timed_and_the_report_says_what_was_chosen() {
    let mut board = Board::load("sim").unwrap();
    board.encoder.retain(|encoder| encoder.name == "libx264");
    board.input.push(input("camera", &["usb-*"], &["same"]));
    let finder = Arc::new(Finder::new(None, "/usr/bin:/bin".into(), board.clone()));
    let wanted = Picture { width: 320, height: 180, rate: 5, kbit: 200 };
    let tree = pi();
    let inputs = Inputs::new(board, finder, wanted, tree.root().into(), false);
    let paced = inputs.pace().await.unwrap();
    assert_eq!((paced.picture, paced.why[0].contains("libx264")), (wanted, true), "{paced:?}");
    let report = inputs.report(|_| false).await;
    assert_eq!((report.inputs[0].ok, report.inputs[2].ok), (true, false));
    assert_eq!((report.other_cameras.len(), report.other_cards.len()), (2, 1));
    let text = report.text();
    assert!(text.contains("BAD  camera") && text.contains("simulated"), "{text}");
    let again: Report = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
    assert_eq!(again.text(), text);
    // A camera that may not be asked is a slate, of which the report says nothing.
    let source = inputs.choose("camera", &Wish::default()).await.unwrap();
    assert_eq!(source.faults.picture, Some(Fault::Mute));
    assert!(source.args.join(" ").contains("drawbox") && source.encoder.is_some());
    let error = inputs.choose("elsewhere", &Wish::default()).await.unwrap_err();
    assert_eq!(error.part, "input");
}

/// Encodes a little of nothing with each encoder, and in good time with none but libx264 at this width.
fn dawdles(width: &str) -> String {
    format!(
        r#"case "$*" in
  *-encoders) for name in h264_rkmpp h264_v4l2m2m libx264; do echo " V..... $name"; done; exit;;
  *-benchmark*"-c:v h264_v4l2m2m "*) echo "no buffer comes back" >&2; exit 1;;
  *-benchmark*"size={width}x"*"-c:v libx264 "*) echo "rtime=0.400s" >&2; exit;;
  *-benchmark*) echo "rtime=0.900s" >&2; exit;;
  *"-c:v h264_"*) exit;;
esac"#
    )
}

#[tokio::test]
async fn an_encoder_that_keeps_up_with_no_size_gives_way_to_the_next_one_and_inputs_says_why() {
    let mut plugs = Plugs::new();
    plugs.encoders = Board::load("sim").unwrap().encoder;
    plugs.camera(Signal::Present);
    let slow = "is too slow at 320x180, 30 a second: 900 ms for a second";
    let inputs = plugs.inputs(&dawdles("960"), WANTED);
    assert_eq!(inputs.finder.find().await.unwrap().encoder.name, "h264_rkmpp");
    let report = inputs.report(|_| false).await;
    let chosen = report.inputs[0].chosen.as_ref().unwrap();
    assert_eq!((chosen.encoder.as_str(), chosen.width), ("libx264", 320));
    assert_eq!(
        report.inputs[0].why[2..],
        [
            "libx264 is too slow at 1280x720, 30 a second: 900 ms for a second".to_owned(),
            "libx264 keeps up at 960x540, 30 a second: 400 ms for a second".into(),
            format!("h264_rkmpp: keeps up with no size, at last: h264_rkmpp {slow}"),
            "h264_v4l2m2m: keeps up with no size, at last: h264_v4l2m2m at 320x180: \
             no buffer comes back"
                .into(),
            "libx264: encodes here".into(),
        ]
    );
    assert_eq!(inputs.finder.find().await.unwrap().encoder.name, "libx264");
    assert_eq!(inputs.pace().await.unwrap().picture.width, 960);
    // Of the last one the smallest picture is taken.
    let inputs = plugs.inputs(&dawdles("no"), WANTED);
    let paced = inputs.pace().await.unwrap();
    assert_eq!((&*paced.found.encoder.name, paced.picture.width), ("libx264", 320));
    assert_eq!(paced.why[4], format!("libx264 {slow}"));
    assert!(paced.why[5].contains("the smallest picture is taken"), "{paced:?}");
}

/// The next encoder takes its time to be tried.
const LINGERS: &str = r#"case "$*" in
  *-encoders) for name in h264_rkmpp libx264; do echo " V..... $name"; done; exit;;
  *-benchmark*) echo "rtime=0.100s" >&2; exit;;
  *"-c:v libx264 "*) echo >DIR/begun; while ! test -e DIR/go; do sleep 0.05; done; exit;;
  *"-c:v h264_rkmpp "*) exit;;
esac"#;

#[tokio::test]
async fn nobody_waits_for_an_encoder_that_is_looked_for_while_there_is_one() {
    let mut plugs = Plugs::new();
    plugs.encoders = Board::load("sim").unwrap().encoder;
    let inputs = plugs.inputs(LINGERS, WANTED);
    let old = inputs.pace().await.unwrap().found.encoder.clone();
    let (begun, go) = (plugs.path("begun"), plugs.path("go"));
    let meanwhile = async {
        while !begun.exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let paced = tokio::time::timeout(Duration::from_secs(60), inputs.pace()).await;
        std::fs::write(&go, "").unwrap();
        paced.expect("it is known").unwrap().found.encoder.name.clone()
    };
    let (is_replaced, name) = tokio::join!(inputs.replace(&old, "it smokes"), meanwhile);
    assert_eq!((is_replaced, &*name), (true, "h264_rkmpp"));
    let paced = inputs.pace().await.unwrap();
    assert_eq!(paced.found.encoder.name, "libx264");
    assert!(paced.found.why.contains(&"h264_rkmpp: it smokes".into()), "{paced:?}");
    assert!(inputs.replace(&old, "it smokes").await, "somebody has seen it before");
    inputs.prove(&old);
    assert!(!inputs.replace(&paced.found.encoder, "it is the last").await);
    assert_eq!(inputs.finder.find().await.unwrap().encoder, old, "nobody was well with the other");
    assert!(inputs.replace(&old, "it smokes").await);
    inputs.prove(&paced.found.encoder);
    assert!(!inputs.replace(&paced.found.encoder, "it is the last").await);
    assert_eq!(inputs.finder.find().await.unwrap().encoder.name, "libx264");
}

#[tokio::test]
async fn who_waits_for_another_to_try_the_encoder_takes_what_that_one_took() {
    let mut plugs = Plugs::new();
    plugs.encoders = Board::load("sim").unwrap().encoder;
    let counts =
        format!("case \"$*\" in *-benchmark*) echo >>DIR/tries;; esac\n{}", dawdles("960"));
    let inputs = plugs.inputs(&counts, WANTED);
    let (one, other) = tokio::join!(inputs.pace(), inputs.pace());
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!((&*one.found.encoder.name, one.picture.width), ("libx264", 960));
    assert!(Arc::ptr_eq(&one, &other));
    let tries = || std::fs::read(plugs.path("tries")).unwrap().len();
    assert_eq!(tries(), 5 + 5 + 2, "each encoder once");
    // A size that it kept up with is not given up for a worse one.
    std::fs::write(plugs.path("ffmpeg"), "#!/bin/sh\nexit 1").unwrap();
    inputs.settle().await;
    assert!(Arc::ptr_eq(&one, &inputs.pace().await.unwrap()));
}

/// A lesson with a camera and a microphone, whose camera has been pulled out.
async fn pulled() -> (Plugs, Arc<Inputs>, Wish, Source) {
    let plugs = Plugs::new();
    let inputs = plugs.inputs("", WANTED);
    plugs.camera(Signal::Present);
    plugs.microphone();
    let mut wish = Wish { sound: true, ..Wish::default() };
    let whole = inputs.choose("camera", &wish).await.unwrap();
    wish.places = whole.read().map(|device| Some(device.unwrap().place.clone()));
    plugs.pull("camera");
    let slate = inputs.choose("camera", &wish).await.unwrap();
    (plugs, inputs, wish, slate)
}

#[tokio::test]
async fn a_camera_that_drops_off_whenever_it_is_read_is_read_less_often_and_one_that_was_well_at_once()
 {
    let (plugs, inputs, mut wish, slate) = pulled().await;
    tokio::time::pause();
    let waited = async |wish: &Wish| {
        let began = tokio::time::Instant::now();
        let changes = inputs.hotplug.changes();
        inputs.hotplug.tell();
        let changed = inputs.changed("camera", &slate, wish, changes, Duration::from_secs(1));
        let change = changed.await;
        assert_eq!(change.why, "picture and sound are there");
        (began.elapsed().as_secs(), change.doubt)
    };
    let mut all = Vec::new();
    for _ in 0..8 {
        plugs.camera(Signal::Present);
        let (seconds, doubt) = waited(&wish).await;
        all.push(seconds);
        wish.doubt = doubt;
        plugs.pull("camera");
    }
    assert_eq!(all, [0, 1, 2, 4, 8, 16, 32, 32]);
    assert!(!wish.doubt.picture.is_lost && wish.doubt.sound == Doubt::default().sound);
    // Another one in another port, and one that was well for a while.
    plugs.camera_at(3, "video0", Signal::Present);
    assert_eq!(waited(&wish).await, (0, Doubt::default()));
    plugs.camera(Signal::Present);
    wish.settle(Faults::default());
    assert_eq!(waited(&wish).await.0, 0);
}

#[tokio::test]
async fn a_camera_that_goes_again_while_it_is_waited_for_is_waited_for_anew() {
    let (plugs, inputs, mut wish, slate) = pulled().await;
    tokio::time::pause();
    wish.doubt.picture.times = 3;
    plugs.camera(Signal::Present);
    let began = tokio::time::Instant::now();
    let changes = inputs.hotplug.changes();
    inputs.hotplug.tell();
    let changed = inputs.changed("camera", &slate, &wish, changes, Duration::from_secs(1));
    let comes_and_goes = async {
        let step = Duration::from_secs(3);
        tokio::time::sleep(step).await;
        plugs.pull("camera");
        inputs.hotplug.tell();
        tokio::time::sleep(step).await;
        plugs.camera(Signal::Present);
        inputs.hotplug.tell();
    };
    let (change, ()) = tokio::join!(changed, comes_and_goes);
    assert_eq!((change.doubt.picture.times, began.elapsed().as_secs()), (4, 3 + 3 + 4));
}

#[tokio::test]
async fn a_port_is_switched_once_for_a_fault_and_not_while_its_other_half_is_read() {
    let (plugs, inputs, mut wish, _) = pulled().await;
    plugs.camera(Signal::Present);
    wish.doubt.picture.is_lost = true;
    let slate = inputs.choose("camera", &wish).await.unwrap();
    let camera = slate.camera.clone().unwrap();
    let reset = async |now: &Source| {
        std::fs::write(plugs.path("sys/devices/0000:01:00.0/usb1/1-1/authorized"), "").unwrap();
        inputs.reset("camera", &camera, now, &wish.resets).await;
        plugs.port()
    };
    let mut webcam = slate.clone();
    webcam.microphone.as_mut().unwrap().place.clone_from(&camera.place);
    assert_eq!(reset(&webcam).await, "");
    assert_eq!((reset(&slate).await, reset(&slate).await), ("1".into(), String::new()));
    let settle = |faults| wish.clone().settle(faults);
    settle(slate.faults);
    assert_eq!(reset(&slate).await, "");
    settle(Faults::default());
    assert_eq!(reset(&slate).await, "1");
}

#[tokio::test]
async fn a_port_that_cannot_be_switched_needs_a_hand_and_the_log_says_so() {
    Plugs::log();
    let plugs = Plugs::new();
    let inputs = plugs.inputs("", WANTED);
    // As of no other test.
    plugs.camera_at(8, "video0", Signal::Present);
    fs::create_dir(plugs.path("sys/devices/0000:01:00.0/usb1/1-8/authorized")).unwrap();
    let mut wish = Wish::default();
    wish.doubt.picture.is_lost = true;
    let slate = inputs.choose("camera", &wish).await.unwrap();
    let camera = slate.camera.clone().unwrap();
    inputs.reset("camera", &camera, &slate, &wish.resets).await;
    let log = Plugs::log();
    let said = log.iter().find(|line| line.contains("usb-0000:01:00.0-8")).unwrap();
    assert!(said.contains("cannot be reset: it needs a hand"), "{said}");
    assert!(said.contains("WARN"), "{said}");
}

#[tokio::test]
async fn a_camera_whose_own_h264_begins_between_two_whole_pictures_passes_its_trial() {
    let (plugs, inputs, _, slate) = pulled().await;
    // The next whole picture is ten minutes away.
    let feed = "-v error -nostdin -re -f lavfi -i testsrc2=size=320x180:rate=15 -c:v libx264 -tune zerolatency -g 9000 \
                -flags +global_header -bsf:v noise=drop=eq(n\\,0),dump_extra=freq=all -f h264 -y";
    let (pipe, null) = (plugs.path("pipe"), std::process::Stdio::null);
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut feeder = std::process::Command::new("/usr/bin/ffmpeg");
    feeder.args(feed.split_whitespace()).arg(&pipe).stderr(null());
    let mut feeder = feeder.spawn().unwrap();
    let args = ["-f", "h264", "-i", pipe.to_str().unwrap()].map(str::to_owned).to_vec();
    let device = source::Device { args, ..slate.microphone.unwrap() };
    assert!(inputs.tries(&device, Duration::from_secs(60)).await);
    feeder.wait().unwrap();
}

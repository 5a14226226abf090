//! What `board` promises.

use super::*;

#[test]
fn every_built_in_board_loads_under_its_own_name() {
    let folder = std::fs::read_dir("board").unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        folder.filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    files.sort();
    let names: Vec<_> =
        files.iter().map(|path| path.file_stem().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, carried().into_iter().map(|(name, _)| name).collect::<Vec<_>>());
    for name in names {
        assert_eq!(Board::load(name).unwrap().name, name);
    }
}

#[test]
fn a_board_is_found_under_its_former_name() {
    assert_eq!(Board::load("generic").unwrap(), Board::load("generic-usb").unwrap());
}

/// A machine whose device tree and DMI say this.
fn machine(compatible: &str, product: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in
        [("proc/device-tree/compatible", compatible), ("sys/class/dmi/id/product_name", product)]
    {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    root
}

#[test]
fn a_machine_is_recognised_by_the_first_of_its_names_that_a_board_knows() {
    for (compatible, board) in [
        ("raspberrypi,4-model-b\0brcm,bcm2711\0", "rpi4"),
        ("raspberrypi,5-model-b\0brcm,bcm2712\0", "rpi5"),
        ("radxa,rock-5b\0rockchip,rk3588\0", "rock-5b"),
        ("linux,dummy-virt\0", "qemu-virt"),
        ("acme,toaster\0rockchip,rk3588\0", "sim"),
        ("", "sim"),
    ] {
        assert_eq!(Board::detect(machine(compatible, "").path()).name, board, "{compatible}");
    }
    assert_eq!(Board::detect(Path::new("/nowhere")).name, "sim");
    let first = machine("linux,dummy-virt\0raspberrypi,4-model-b\0", "ROCK 5B\n");
    assert_eq!(Board::detect(first.path()).name, "qemu-virt");
    // Without a device tree the DMI speaks.
    let known = recognise::Recognise { compatible: vec![], product: vec!["ROCK 5B".into()] };
    let rank = |product| recognise::Machine::read(machine("", product).path()).rank(&known);
    assert_eq!((rank("ROCK 5B\n"), rank("ROCK 5B+\n"), rank("")), (Some(0), None, None));
}

#[test]
fn ports_lamps_and_watchdog_are_found_whatever_their_numbers_are() {
    let root = tempfile::tempdir().unwrap();
    let make = |path: &str| std::fs::create_dir_all(root.path().join(path)).unwrap();
    let link = |path: &str, to: &str| {
        make(std::path::Path::new(path).parent().unwrap().to_str().unwrap());
        make(to);
        std::os::unix::fs::symlink(root.path().join(to), root.path().join(path)).unwrap();
    };
    // As kernels since 6.6 have it, with two folders between a port and its chip.
    let chip = "sys/devices/platform/soc/fe215040.serial";
    link(&format!("{chip}/subsystem"), "sys/bus/platform");
    link("sys/class/tty/ttyS7/device", &format!("{chip}/fe215040.serial:0/fe215040.serial:0.0"));
    let usb = "sys/devices/pci0000:00/0000:01:00.0/usb1/1-1/1-1.4/1-1.4:1.0/ttyUSB3";
    link("sys/class/tty/ttyUSB3/device", usb);
    make("sys/class/tty/console");
    make("sys/class/leds/ACT");
    make("sys/class/watchdog/watchdog1");
    let identity = root.path().join("sys/class/watchdog/watchdog1/identity");
    std::fs::write(identity, "Broadcom BCM2835 Watchdog timer\n").unwrap();
    assert_eq!(
        Board::load("rpi4").unwrap().parts(root.path()),
        [
            "serial port for the console: ttyS7",
            "serial port for the camera heads: ttyUSB3",
            "lamp for the camera: ACT",
            "lamp for the alarm: not there (PWR, led1)",
            "watchdog: watchdog1, Broadcom BCM2835 Watchdog timer",
        ]
    );
}

#[test]
fn the_service_may_write_the_lamps_of_every_board() {
    let unit = include_str!("../../../systemd/arctos-box.service");
    for name in Board::all().flat_map(|board| board.led).flat_map(|led| led.name) {
        let path = format!("-/sys/class/leds/{name}");
        assert!(unit.split_whitespace().any(|w| w.trim_start_matches("ReadWritePaths=") == path));
    }
}

#[test]
fn an_input_is_generated_or_a_device_at_a_bus_path_and_nothing_between() {
    let sim = include_str!("../../../board/sim.toml");
    let text = |input: &str| {
        let (before, rest) = sim.split_once("[[input]]").unwrap();
        let (_, after) = rest.split_once("# How a machine").unwrap();
        format!("{before}[[input]]\nname = \"a\"\n{input}\n# How a machine{after}")
    };
    for good in [
        r#"picture = { bus = ["usb-*"] }"#,
        r#"sound = { bus = ["card:Loopback"], device = 1 }"#,
        "args = [\"-i\", \"x\"]\nvideo = \"0:v:0\"\naudio = \"0:a:0\"",
    ] {
        assert!(Board::parse(&text(good)).is_ok(), "{good}");
    }
    for (bad, why) in [
        ("", "neither"),
        (r#"picture = { bus = ["/dev/video0"] }"#, "no bus path"),
        (r#"picture = { bus = [] }"#, "without a bus path"),
        ("picture = { bus = [\"a\"] }\nvideo = \"0:v:0\"", "belong to args"),
        ("picture = { bus = [\"a\"] }\nargs = [\"x\"]", "one of the two"),
        ("args = [\"x\"]", "needs video"),
        (r#"picture = { bus = ["a"], gain = 1 }"#, "gain"),
    ] {
        let said = Board::parse(&text(bad)).unwrap_err();
        assert!(said.contains(why), "{bad}: {said}");
    }
}

#[test]
fn a_key_that_nobody_reads_is_refused() {
    let text = format!("colour = 'red'\n{}", carried()[0].1);
    assert!(Board::parse(&text).unwrap_err().contains("colour"));
}

#[test]
fn a_board_that_is_not_there_is_named_with_those_that_are() {
    let error = Board::load("toaster").unwrap_err().to_string();
    assert!(error.contains("toaster") && error.contains("sim"), "{error}");
}

/// A board file with this input.
fn with_input(args: &[&str], filter: &str) -> Board {
    let mut board = Board::load("sim").unwrap();
    board.built_in = false;
    board.input[0].args = args.iter().map(ToString::to_string).collect();
    board.input[0].filter = Some(filter.into());
    board
}

#[test]
fn simulated_hardware_plays_what_is_generated_and_opens_nothing() {
    let generated = ["-re", "-f", "lavfi", "-i", "testsrc2", "-f", "lavfi", "-i", "sine"];
    assert!(Board::load("sim").unwrap().only_generates().is_ok());
    assert!(with_input(&generated, "drawtext=text=hello").only_generates().is_ok());
    for args in [
        &["-f", "v4l2", "-i", "/dev/video0"][..],
        &["-f", "alsa", "-i", "default"],
        &["-i", "/dev/video0"],
        &["-i", "film.mp4"],
        &["-f", "lavfi", "-i", "movie=/dev/video0:f=v4l2"],
        &["-f", "lavfi", "-i", "amovie=hw\\:0:f=alsa"],
        &["-f", "lavfi", "-i", "testsrc2", "-i", "/tmp/camera"],
        &["-f", "lavfi", "-graph_file", "graph.txt", "-i", ""],
        &["-f", "lavfi", "-/filter", "f.txt", "-i", "testsrc2"],
        &["-f", "s16le", "-i", "/dev/ttyS0"],
        &["-f"],
        &["-f", "lavfi", "-i"],
    ] {
        let refused = with_input(args, "null").only_generates().unwrap_err().to_string();
        assert!(refused.contains("input sim") && refused.contains("lavfi"), "{args:?}: {refused}");
    }
    assert!(with_input(&generated, "movie=x[m];[in][m]overlay").only_generates().is_err());
    for args in [&["-f", "v4l2", "/dev/video1"][..], &["-i", "x"], &["-filter_complex_script", "x"]]
    {
        let mut board = with_input(&generated, "null");
        board.encoder[0].args = args.iter().map(ToString::to_string).collect();
        assert!(board.only_generates().is_err(), "{args:?}");
    }
    assert!(Board::load("generic").unwrap().only_generates().is_err());
}

//! `[[camera]]` as somebody writes it: what is wrong is told with the camera's name, before the box starts.

use crate::process::say;

#[test]
fn what_is_wrong_with_a_camera_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("box.toml");
    let check = |camera: &str, board: &str| {
        std::fs::write(&file, camera).unwrap();
        let file = file.to_str().unwrap();
        say(&dir.path().join("d"), &["config", "--check", "--config", file, "--board", board])
    };
    let net = |more: &str| format!("[[camera]]\nname = \"a\"\nudp = \"10.0.0.7\"\n{more}\n");
    let wire = |more: &str| format!("[[camera]]\nname = \"a\"\nline = \"usb-1\"\n{more}\n");
    let second = |more: &str| wire(&format!("[[camera]]\nname = \"b\"\nline = \"usb-1\"\n{more}"));
    for (camera, word) in [
        (net("model = \"evi-d71\""), "evi-d70"),
        (net("classroom = \"attic\""), "no classroom attic"),
        (net("start = 16"), "has 16 from 0"),
        (net("model = \"cisco-precisionhd\"\nidle = 0"), "has 0 from 0"),
        (net("address = 2"), "udp"),
        (net("line = \"usb-1\""), "udp"),
        (net("colour = 1"), "colour"),
        ("[[camera]]\nname = \"a\"\nudp = \"camera.local\"".into(), "is no address"),
        (net("") + &net(""), "used twice"),
        (wire("address = 8"), "1 to 7"),
        (wire("baud = 300"), "baud"),
        (second(""), "a has its place and address"),
        (second("address = 2\nbaud = 38400"), "may be that of a"),
        (wire("[[camera]]\nname = \"b\"\naddress = 2"), "may be that of a"),
        ("[[camera]]\nname = \"a\"\nline = \"/dev/ttyUSB0\"".into(), "no bus path"),
    ] {
        let said = check(&camera, "rpi4");
        assert_eq!(said.code, Some(78), "{camera}: {said:?}");
        assert!(said.err.contains(word) && said.err.contains("[[camera]]"), "{camera}: {said:?}");
    }
    // A Raspberry Pi takes any adapter; the other has no port in its file, the third opens none.
    let bare = "[[camera]]\nname = \"a\"\n";
    let good = [net("start = 15"), net("[[camera]]\nname = \"b\"\nudp = \"10.0.0.8:5678\"")];
    for camera in good.iter().map(String::as_str).chain([bare, &second("address = 2")]) {
        let said = check(camera, "rpi4");
        assert_eq!(said.code, Some(0), "{camera}: {said:?}");
    }
    for (board, word) in [("generic-usb", "names no port"), ("sim", "simulated")] {
        let said = check(bare, board);
        assert_eq!(said.code, Some(78), "{said:?}");
        assert!(said.err.contains(word), "{said:?}");
    }
}

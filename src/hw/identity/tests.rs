//! What `identity` promises, on trees of files like those of real machines.

use std::fs;
use std::os::unix::fs::symlink;

use super::*;

/// Files under a root; a `\0` at an end is what device trees have.
fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

const ARM: &[(&str, &str)] = &[
    ("proc/device-tree/serial-number", "10000000abcdef01\0"),
    ("proc/device-tree/model", "Arctos One\0"),
    ("sys/block/mmcblk0/device/type", "MMC\n"),
    ("sys/block/mmcblk0/device/cid", "150100424a544434520700000000a1b2\n"),
    ("sys/block/mmcblk1/device/type", "SD\n"),
    ("sys/block/mmcblk1/device/cid", "1b534d30303030301000000000c3d4e5\n"),
    ("sys/class/net/eth0/address", "d8:3a:dd:01:02:03\n"),
    ("sys/class/net/eth0/addr_assign_type", "0\n"),
    ("sys/class/net/lo/address", "00:00:00:00:00:00\n"),
    ("sys/class/net/lo/addr_assign_type", "0\n"),
    ("sys/class/net/veth1/address", "aa:bb:cc:dd:ee:ff\n"),
    ("sys/class/net/veth1/addr_assign_type", "1\n"),
];

fn kinds(identity: &Identity) -> Vec<MarkKind> {
    identity.marks.found.iter().map(|mark| mark.kind).collect()
}

#[test]
fn a_machine_is_known_by_processor_card_address_and_model_and_only_their_hashes_leave() {
    let root = tree(ARM);
    let board = Board::load("generic").unwrap();
    let identity = read(&board, root.path());
    use MarkKind::{Emmc, Mac, Model, Soc};
    assert_eq!(kinds(&identity), [Soc, Emmc, Mac, Model]);
    assert!(identity.simulated, "another root is no machine");
    let told = format!("{identity:?}");
    assert!(!told.contains("abcdef01") && !told.contains("3a:dd"), "{told}");
    assert_eq!(identity.marks.minimum(), Some(60));
    // The same machine, read again, with a line's end where there was none.
    fs::write(root.path().join("proc/device-tree/model"), "arctos one\n").unwrap();
    assert_eq!(read(&board, root.path()), identity);
}

#[test]
fn a_pc_is_known_by_its_dmi_uuid() {
    let root = tree(&[
        ("sys/class/dmi/id/product_uuid", "4C4C4544-0042-3510-8054-B7C04F4A4D32\n"),
        ("sys/class/dmi/id/product_name", "OptiPlex 7090\n"),
        ("sys/class/net/eno1/address", "e4:54:e8:01:02:03\n"),
    ]);
    let identity = read(&Board::load("generic").unwrap(), root.path());
    assert_eq!(kinds(&identity), [MarkKind::Dmi, MarkKind::Mac, MarkKind::Model]);
    // With another network card it is the same one: 60 of 80.
    assert_eq!(identity.marks.minimum(), Some(48));
}

#[test]
fn fillers_and_what_is_carried_about_are_no_marks() {
    let root = tree(&[
        ("sys/class/dmi/id/product_uuid", "03000200-0400-0500-0006-000700080009\n"),
        ("sys/class/dmi/id/board_serial", "To be filled by O.E.M.\n"),
        ("sys/class/dmi/id/product_name", "\n"),
        ("proc/device-tree/serial-number", "0000000000000000\0"),
        ("sys/devices/usb1/1-1/keep", ""),
        ("sys/class/net/usb0/address", "00:e0:4c:01:02:03\n"),
    ]);
    symlink(
        root.path().join("sys/devices/usb1/1-1"),
        root.path().join("sys/class/net/usb0/device"),
    )
    .unwrap();
    let identity = read(&Board::load("generic").unwrap(), root.path());
    assert_eq!(identity.marks.found, []);
    assert_eq!(identity.marks.minimum(), None);
}

#[test]
fn a_network_card_and_a_model_alone_are_not_enough_to_be_licensed() {
    let root = tree(&ARM[1..2].iter().chain(&ARM[6..8]).copied().collect::<Vec<_>>());
    let identity = read(&Board::load("generic").unwrap(), root.path());
    assert_eq!(kinds(&identity), [MarkKind::Mac, MarkKind::Model]);
    assert_eq!(identity.marks.minimum(), None);
}

#[test]
fn fuses_that_can_be_read_are_an_alternative_to_the_serial_number() {
    let fuses = "sys/bus/nvmem/devices/rockchip-otp0/nvmem";
    let root = tree(&[ARM, &[(fuses, "\u{1}\u{2}RK3588")]].concat());
    let board = Board::load("generic").unwrap();
    let both = read(&board, root.path()).marks;
    assert_eq!(both.found.iter().filter(|mark| mark.kind == MarkKind::Soc).count(), 2);
    assert_eq!(both.minimum(), Some(60), "a kind counts once");
    fs::remove_file(root.path().join(fuses)).unwrap();
    let one = read(&board, root.path()).marks;
    assert!(one.found.iter().all(|mark| both.has(mark)));
}

#[test]
fn the_board_sim_is_the_same_everywhere_and_nobody() {
    let identity = read(&Board::load("sim").unwrap(), Path::new("/"));
    assert_eq!((identity.simulated, identity.demonstration), (true, true));
    assert_eq!(identity.hash(), None);
    assert_eq!(identity.marks.minimum(), Some(60));
    assert_eq!(kinds(&identity).len(), 4);
}

#[test]
fn a_board_file_says_neither_who_the_machine_is_nor_what_a_mark_weighs() {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    let text = include_str!("../../../board/sim.toml").replace("weight = 20", "weight = 2000");
    fs::write(file.path(), text.replace("simulated = true", "simulated = false")).unwrap();
    let board = Board::load(file.path().to_str().unwrap()).unwrap();
    let identity = read(&board, Path::new("/"));
    assert_eq!((identity.simulated, identity.demonstration), (true, false));
    assert_eq!(identity.marks, read(&Board::load("sim").unwrap(), Path::new("/")).marks);
}

#[test]
fn a_real_machine_has_the_name_of_its_heaviest_mark() {
    let marks = read(&Board::load("generic").unwrap(), tree(ARM).path()).marks;
    let soc = marks.found[0].hash.clone();
    let real = Identity { marks, simulated: false, demonstration: false };
    assert_eq!(real.hash(), Some(soc.as_str()));
}

//! What `recover` promises.

use super::*;
use crate::wire::fmp4::samples::{self, Plan};

/// A folder with one take of so many fragments; where each of them ends.
fn take(fragments: u64) -> (tempfile::TempDir, PathBuf, Vec<usize>) {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = samples::init();
    trailer::seal(&mut bytes, Millis(0), false);
    let mut ends = vec![bytes.len()];
    for n in 0..fragments {
        let (start, key, payload) = (n * 3072, n % 5 == 0, 5000);
        let mut part = samples::fragment(&Plan { start, key, payload, ..Plan::default() });
        trailer::seal(&mut part, Millis(i64::try_from(n).unwrap() * 200), n == 0);
        bytes.extend(part);
        ends.push(bytes.len());
    }
    let path = dir.path().join("1.mp4");
    std::fs::write(&path, bytes).unwrap();
    (dir, path, ends)
}

#[test]
fn good_film_behind_a_damaged_part_is_never_cut() {
    for hit in [3, 8, 11] {
        let (dir, path, ends) = take(12);
        let mut bytes = std::fs::read(&path).unwrap();
        // The box's kind, a byte of the picture, a byte of the seal.
        for at in [ends[hit - 1] + 5, ends[hit - 1] + 3000, ends[hit] - 20] {
            let good = bytes[at];
            bytes[at] ^= 0x55;
            std::fs::write(&path, &bytes).unwrap();
            let shelf = reconcile(dir.path()).unwrap();
            assert_eq!(shelf.files[0].take.bytes, ends[hit - 1] as u64, "{hit} {at}");
            assert!(!shelf.files[0].open);
            assert!(std::fs::read(&path).unwrap() == bytes);
            bytes[at] = good;
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}

#[test]
fn a_torn_tail_is_cut_and_kept_beside() {
    let (dir, path, ends) = take(6);
    let whole = std::fs::read(&path).unwrap();
    for (name, torn) in [("1.tail", ends[6] - 1), ("1.2.tail", ends[6] - 2000)] {
        std::fs::write(&path, &whole[..torn]).unwrap();
        assert!(reconcile(dir.path()).unwrap().files[0].open);
        assert!(std::fs::read(&path).unwrap() == whole[..ends[5]]);
        assert!(std::fs::read(dir.path().join(name)).unwrap() == whole[ends[5]..torn]);
    }
    let mut zeros = whole[..ends[5]].to_vec();
    zeros.resize(ends[6], 0);
    std::fs::write(&path, &zeros).unwrap();
    assert!(reconcile(dir.path()).unwrap().files[0].open);
    assert!(std::fs::read(&path).unwrap() == whole[..ends[5]]);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 3);
}

#[test]
fn more_than_a_tail_is_left_alone() {
    let (dir, path, ends) = take(6);
    let size = ends[6] as u64 + TORN_MAX + 1;
    OpenOptions::new().write(true).open(&path).unwrap().set_len(size).unwrap();
    let shelf = reconcile(dir.path()).unwrap();
    assert!(!shelf.files[0].open);
    assert_eq!(std::fs::metadata(&path).unwrap().len(), size);
}

#[test]
fn hashing_ends_when_the_box_does() {
    let (dir, _, _) = take(6);
    let files = || reconcile(dir.path()).unwrap().files;
    assert_eq!(finished(files(), &AtomicBool::new(true)).unwrap(), None);
    assert_eq!(finished(files(), &AtomicBool::new(false)).unwrap().unwrap().len(), 1);
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_its_number_stays_taken() {
    let (dir, _, _) = take(6);
    std::fs::create_dir(dir.path().join("2.mp4")).unwrap();
    let shelf = reconcile(dir.path()).unwrap();
    assert_eq!((shelf.files.len(), shelf.last_number, shelf.unread.len()), (1, 2, 1));
    assert!(shelf.unread[0].starts_with("2.mp4: "));
    std::fs::remove_file(dir.path().join("1.mp4")).unwrap();
    assert!(finished(shelf.files, &AtomicBool::new(false)).is_err());
}

#[test]
fn only_names_that_we_give_are_takes() {
    let names = ["1.mp4", "12.mp4", "0.mp4", "01.mp4", "a.mp4", "1.mp4.bak", "-1.mp4", "+1.mp4"];
    let numbers: Vec<u32> = names.iter().filter_map(|name| number(name)).collect();
    assert_eq!(numbers, [1, 12]);
}

#[test]
fn a_folder_that_is_not_there_holds_nothing() {
    let dir = tempfile::tempdir().unwrap();
    assert!(reconcile(&dir.path().join("none")).unwrap().files.is_empty());
}

#[test]
fn a_file_without_a_whole_beginning_is_left_alone_and_its_number_stays_taken() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("3.mp4"), b"\0\0\0\x10ftypiso5").unwrap();
    let shelf = reconcile(dir.path()).unwrap();
    assert!(shelf.files.is_empty());
    assert_eq!(shelf.last_number, 3);
    assert_eq!(std::fs::read(dir.path().join("3.mp4")).unwrap().len(), 12);
}

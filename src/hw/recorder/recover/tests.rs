//! What `recover` promises.

use super::*;

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

//! What `secrets` promises.

use std::os::unix::fs::PermissionsExt;

use super::*;

#[test]
fn secrets_are_made_once_and_only_the_owner_can_read_them() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("keys")).unwrap();
    let (first, name) = load_or_make(dir.path(), &Entropy::system()).unwrap();
    let (again, same) = load_or_make(dir.path(), &Entropy::system()).unwrap();
    assert_eq!((json(&first), &name), (json(&again), &same));
    let mode = std::fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(name.starts_with("arctos-") && name.len() == 11);
}

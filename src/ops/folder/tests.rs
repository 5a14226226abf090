//! What `folder` promises.

use super::*;

#[test]
fn a_folder_has_one_owner_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data");
    let first = Folder::own(&path).unwrap();
    assert!(matches!(Folder::own(&path), Err(FolderError::Taken)));
    drop(first);
    assert!(Folder::own(&path).is_ok());
}

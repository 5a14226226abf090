//! What `tape` promises.

use super::*;
use crate::model::RoomId;

fn care(floor_bytes: u64) -> (Care, tokio::sync::mpsc::Receiver<(RoomId, Note)>) {
    let (queue, notes) = tokio::sync::mpsc::channel(8);
    let outbox = Outbox::new(RoomId(1), queue);
    (Care { sync_every: Millis(50), floor_bytes, clock: Clock::system(), outbox }, notes)
}

#[tokio::test]
async fn a_note_is_sent_after_the_bytes_before_it_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("1.mp4");
    let (care, mut notes) = care(0);
    let tape = Tape::start(path.clone(), From::New, care).unwrap();
    for n in 0..20u8 {
        tape.append(vec![n; 1000]).await;
        tape.tell(Note::Lost(n.to_string())).await;
        notes.recv().await.unwrap();
        assert!(std::fs::metadata(&path).unwrap().len() >= u64::from(n + 1) * 1000);
    }
    let closed = tape.close().await.unwrap();
    let all = std::fs::read(&path).unwrap();
    let want = hex(ring::digest::digest(&SHA256, &all).as_ref());
    assert_eq!(closed.sha256, Some(want));
}

#[tokio::test]
async fn a_full_disk_is_reported_and_nothing_more_is_written() {
    let (care, _notes) = care(0);
    let tape = Tape::start("/dev/full".into(), From::Resumed(0), care).unwrap();
    let mut trouble = tape.trouble();
    tape.append(vec![1; 100]).await;
    let why = trouble.wait_for(Option::is_some).await.unwrap().clone().unwrap();
    assert!(why.contains("No space left"), "{why}");
    assert!(tape.close().await.is_err());
}

#[tokio::test]
async fn the_last_of_the_disk_is_left_to_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let (care, _notes) = care(u64::MAX);
    let tape = Tape::start(dir.path().join("1.mp4"), From::New, care).unwrap();
    let mut trouble = tape.trouble();
    tape.append(vec![1; 100]).await;
    assert!(trouble.wait_for(Option::is_some).await.is_ok());
    assert_eq!(std::fs::metadata(dir.path().join("1.mp4")).unwrap().len(), 100);
}

#[tokio::test]
async fn a_file_that_is_already_there_is_never_written_over() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("1.mp4"), b"kept").unwrap();
    let (care, _notes) = care(0);
    let tape = Tape::start(dir.path().join("1.mp4"), From::New, care).unwrap();
    tape.append(vec![1; 100]).await;
    assert!(tape.close().await.is_err());
    assert_eq!(std::fs::read(dir.path().join("1.mp4")).unwrap(), b"kept");
}

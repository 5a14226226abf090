//! What `outbox` promises.

use super::*;
use crate::model::RoomId;

#[tokio::test]
async fn a_full_queue_is_noticed_once_and_never_waited_for() {
    let (queue, mut waiting) = mpsc::channel(1);
    let outbox = Outbox::new(Track::teacher(RoomId(1)), queue);
    outbox.tell(Note::Lost("a".into()));
    assert!(!outbox.missed());
    outbox.tell(Note::Lost("b".into()));
    assert!(outbox.missed() && !outbox.missed());
    assert_eq!(waiting.recv().await, Some((Track::teacher(RoomId(1)), Note::Lost("a".into()))));
}

//! What `reel` promises to those who watch; the rest is seen in the recorder's own tests.

use std::sync::Mutex;
use std::sync::mpsc;

use super::*;
use crate::hw::recorder::ledger::Ledger;
use crate::hw::recorder::outbox::Outbox;
use crate::model::live::Show;
use crate::model::{Clock, RoomId};
use crate::wire::fmp4::samples::{self, Plan};
use crate::wire::fmp4::trailer::SEAL_LEN;

#[tokio::test]
async fn parts_are_shown_while_the_disk_hangs_and_are_the_bytes_of_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let (free, hangs) = mpsc::channel::<()>();
    let hangs = Mutex::new(hangs);
    let (queue, _notes) = tokio::sync::mpsc::channel(64);
    let shown = Arc::new(Mutex::new(Vec::new()));
    let seen = shown.clone();
    let clock = Clock::system();
    let care = Care {
        sync_every: Millis(0),
        // Until the other end is dropped.
        sync: Arc::new(move |_| {
            let _ = hangs.lock().unwrap().recv();
            Ok(())
        }),
        floor_bytes: 0,
        clock: clock.clone(),
        outbox: Outbox::new(RoomId(1), queue),
        screen: Show::new(move |_, shown| seen.lock().unwrap().push(shown)).of(RoomId(1)),
        part_us: 220_000,
    };
    let before = Before::Away(None);
    let zero = clock.now();
    let ledger = Ledger::open(dir.path().into(), zero, (clock.clone(), None), care.outbox.clone());
    let parts = (care, ledger.pen());
    let reel = Reel::open(dir.path().into(), zero, parts, Shelf::default(), before).await;
    let mut reel = reel.unwrap();
    reel.take(Part::Init(samples::init()), clock.moment()).await.unwrap();
    for n in 0..30 {
        let plan = Plan { start: n * 3072, key: n % 5 == 0, ..Plan::default() };
        reel.take(Part::Fragment(samples::fragment(&plan)), clock.moment()).await.unwrap();
        assert!(matches!(shown.lock().unwrap().last(), Some(Shown::Part(_))), "part {n}");
    }
    drop(free);
    reel.close().await.unwrap();
    let (file, shown) = (std::fs::read(dir.path().join("1.mp4")).unwrap(), shown.lock().unwrap());
    let mut end = samples::init().len() + SEAL_LEN;
    let mut cuts = 0;
    for shown in shown.iter() {
        match shown {
            Shown::Cut { segment, .. } => {
                assert_eq!(usize::try_from(segment.offset + segment.len).unwrap(), end);
                cuts += 1;
            }
            Shown::Part(part) => {
                assert_eq!(usize::try_from(part.offset).unwrap(), end);
                assert_eq!(part.bytes, &file[end..end + part.bytes.len()]);
                end += part.bytes.len();
            }
        }
    }
    assert_eq!((end, cuts), (file.len(), 3));
}

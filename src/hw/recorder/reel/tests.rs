//! What `reel` promises to those who watch; the rest is seen in the recorder's own tests.

use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc;

use super::*;
use crate::hw::recorder::ledger::Ledger;
use crate::hw::recorder::outbox::Outbox;
use crate::model::live::Show;
use crate::model::recording::Track;
use crate::model::{Clock, RoomId};
use crate::wire::fmp4::samples::{self, Plan};
use crate::wire::fmp4::trailer::SEAL_LEN;

/// A reel in `dir`, whose files are synced by `sync`, and what it shows.
async fn reel(
    dir: &Path,
    clock: &Clock,
    sync: impl Fn(&std::fs::File) -> std::io::Result<()> + Send + Sync + 'static,
) -> (Reel, Arc<Mutex<Vec<Shown>>>) {
    let (queue, _notes) = tokio::sync::mpsc::channel(64);
    let shown = Arc::new(Mutex::new(Vec::new()));
    let seen = shown.clone();
    let care = Care {
        sync_every: Millis(0),
        sync: Arc::new(sync),
        floor_bytes: 0,
        clock: clock.clone(),
        outbox: Outbox::new(Track::teacher(RoomId(1)), queue),
        screen: Show::new(move |_, shown| seen.lock().unwrap().push(shown))
            .of(Track::teacher(RoomId(1))),
        part_us: 220_000,
    };
    let zero = clock.now();
    let ledger = Ledger::open(dir.into(), zero, (clock.clone(), None), care.outbox.clone());
    let parts = (care, ledger.pen());
    let before = Before::Away(None);
    let times = (zero, (clock.steady(), Millis(0)));
    let reel = Reel::open(dir.into(), times, parts, Shelf::default(), before).await;
    (reel.unwrap(), shown)
}

/// A fifth of a second at `start` ticks of 1/15360 s.
fn part(start: u64, key: bool) -> Part {
    Part::Fragment(samples::fragment(&Plan { start, key, ..Plan::default() }))
}

#[tokio::test]
async fn a_run_whose_time_was_set_forward_is_refused_and_the_next_one_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let (clock, hand) = Clock::manual(Millis::days(20_000));
    let (mut reel, shown) = reel(dir.path(), &clock, |_| Ok(())).await;
    for start in [0, 3072] {
        if start == 0 {
            reel.take(Part::Init(samples::init()), clock.moment()).await.unwrap();
        }
        hand.advance(Millis(200));
        reel.take(part(start, start == 0), clock.moment()).await.unwrap();
    }
    hand.advance(Millis(200));
    let hour = 3600 * 15_360;
    let jump = reel.take(part(6144 + hour, true), clock.moment()).await;
    assert!(matches!(jump, Err(Trouble::Part(Fmp4Error::Value(_)))), "{jump:?}");
    hand.advance(Millis(800));
    reel.take(Part::Init(samples::init()), clock.moment()).await.unwrap();
    reel.take(part(0, true), clock.moment()).await.unwrap();
    let shown = shown.lock().unwrap();
    let starts = shown.iter().filter_map(|shown| match shown {
        Shown::Part(part) => Some(part.start_us),
        Shown::Cut { .. } => None,
    });
    assert_eq!(starts.collect::<Vec<_>>(), [0, 200_000, 1_200_000]);
}

#[tokio::test]
async fn parts_are_shown_while_the_disk_hangs_and_are_the_bytes_of_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let (free, hangs) = mpsc::channel::<()>();
    let hangs = Mutex::new(hangs);
    let clock = Clock::system();
    // Until the other end is dropped.
    let sync = move |_: &_| {
        let _ = hangs.lock().unwrap().recv();
        Ok(())
    };
    let (mut reel, shown) = reel(dir.path(), &clock, sync).await;
    reel.take(Part::Init(samples::init()), clock.moment()).await.unwrap();
    for n in 0..30 {
        reel.take(part(n * 3072, n % 5 == 0), clock.moment()).await.unwrap();
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

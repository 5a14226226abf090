//! What `tape` promises.

use super::*;
use crate::model::RoomId;
use crate::model::recording::Track;

fn care(floor_bytes: u64) -> (Care, tokio::sync::mpsc::Receiver<(Track, Note)>) {
    let (queue, notes) = tokio::sync::mpsc::channel(8);
    let outbox = Outbox::new(Track::teacher(RoomId(1)), queue);
    (
        Care {
            sync_every: Millis(50),
            sync: Arc::new(File::sync_data),
            floor_bytes,
            clock: Clock::system(),
            outbox,
            screen: crate::model::live::Show::nobody().of(Track::teacher(RoomId(1))),
            part_us: 220_000,
        },
        notes,
    )
}

#[tokio::test]
async fn a_note_is_sent_after_the_bytes_before_it_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("1.mp4");
    let (care, mut notes) = care(0);
    let tape = Tape::start(path.clone(), From::New, care).unwrap();
    for n in 0..20u8 {
        tape.append(vec![n; 1000].into()).await;
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
    tape.append(vec![1; 100].into()).await;
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
    tape.append(vec![1; 100].into()).await;
    assert!(trouble.wait_for(Option::is_some).await.is_ok());
    assert_eq!(std::fs::metadata(dir.path().join("1.mp4")).unwrap().len(), 100);
}

#[tokio::test]
async fn a_file_that_is_already_there_is_never_written_over() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("1.mp4"), b"kept").unwrap();
    let (care, _notes) = care(0);
    let tape = Tape::start(dir.path().join("1.mp4"), From::New, care).unwrap();
    tape.append(vec![1; 100].into()).await;
    assert!(tape.close().await.is_err());
    assert_eq!(std::fs::read(dir.path().join("1.mp4")).unwrap(), b"kept");
}

/// A roll without its thread: the test gives it work and moves its clock.
struct Bench {
    roll: Roll,
    hand: crate::model::Hand,
    clock: Clock,
    /// Since when a byte is in the file that no sync has made safe.
    unsafe_since: Arc<std::sync::Mutex<Option<Millis>>>,
    syncs: Arc<std::sync::atomic::AtomicU32>,
    _dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (clock, hand) = Clock::manual(Millis(0));
        let (unsafe_since, syncs) = (Arc::default(), Arc::default());
        let (since, count): (Arc<std::sync::Mutex<_>>, Arc<std::sync::atomic::AtomicU32>) =
            (Arc::clone(&unsafe_since), Arc::clone(&syncs));
        let (mut care, _notes) = care(0);
        care.sync_every = Millis(300);
        care.clock = clock.clone();
        care.sync = Arc::new(move |file: &File| {
            *since.lock().unwrap() = None;
            count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            file.sync_data()
        });
        let mut roll = Roll::new(dir.path().join("1.mp4"), From::New, care, watch::channel(None).0);
        roll.open(From::New);
        Self { roll, hand, clock, unsafe_since, syncs, _dir: dir }
    }

    /// Time goes on for as long as the roll waits; a part comes at `next`, if any does.
    fn turn(&mut self, next: Option<Millis>) {
        let (clock, hand, since) = (&self.clock, &self.hand, &self.unsafe_since);
        let bounded = || {
            let oldest = *since.lock().unwrap();
            let age = oldest.map_or(Millis(0), |oldest| clock.steady() - oldest);
            assert!(age <= Millis(500), "unsynced for {age:?}");
        };
        let more = self.roll.turn(|due| {
            let now = clock.steady();
            let part = next.map(|at| (at - now).max(Millis(0)));
            // With nothing due and nothing to come, a second passes in which a forgotten byte shows.
            let wait = part.into_iter().chain(due).min().unwrap_or(Millis(1000));
            hand.advance(wait);
            bounded();
            if part != Some(wait) {
                return Err(RecvTimeoutError::Timeout);
            }
            since.lock().unwrap().get_or_insert(clock.steady());
            Ok(Work::Append(vec![7; 100].into()))
        });
        assert!(more);
        bounded();
    }
}

#[test]
fn no_byte_waits_longer_than_half_a_second_for_the_disk() {
    for every in [1, 40, 200, 299, 300, 301, 450] {
        let mut bench = Bench::new();
        while bench.clock.steady() < Millis(10_000) {
            let now = bench.clock.steady().0;
            bench.turn(Some(Millis((now / every + 1) * every)));
        }
        // The stream pauses.
        bench.turn(None);
        bench.turn(None);
        assert_eq!(*bench.unsafe_since.lock().unwrap(), None);
        let syncs = bench.syncs.load(std::sync::atomic::Ordering::SeqCst);
        assert!((15..=40).contains(&syncs), "{syncs} syncs, a part each {every} ms");
    }
}

#[test]
fn a_file_that_got_no_byte_is_not_left_behind() {
    let mut bench = Bench::new();
    let path = bench.roll.path.clone();
    assert!(path.exists());
    bench.roll.fail("write", "no");
    assert!(!path.exists());
}

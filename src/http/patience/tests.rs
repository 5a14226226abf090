use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::*;

fn pair() -> (Patient<DuplexStream>, DuplexStream, Arc<Phase>) {
    let (near, far) = tokio::io::duplex(16);
    let phase = Arc::new(Phase::default());
    let mut patient = Patient::new(near, phase.clone());
    patient.serve(Bytes::new());
    (patient, far, phase)
}

/// Seconds until a read is given up, while `far` is left alone.
async fn given_up_after(patient: &mut Patient<DuplexStream>) -> u64 {
    let since = Instant::now();
    let mut byte = [0];
    let e = patient.read_exact(&mut byte).await.unwrap_err();
    assert_eq!(e.kind(), io::ErrorKind::TimedOut);
    since.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_stops_reading_is_given_up_and_a_slow_one_is_not() {
    let (mut patient, mut far, _) = pair();
    let slow = tokio::spawn(async move {
        let mut byte = [0; 8];
        for _ in 0..6 {
            tokio::time::sleep(STALLED / 2).await;
            far.read_exact(&mut byte).await.unwrap();
        }
        far
    });
    patient.write_all(&[1; 48]).await.unwrap();
    let far = slow.await.unwrap();
    let stopped = patient.write_all(&[1; 64]).await.unwrap_err();
    assert_eq!(stopped.kind(), io::ErrorKind::TimedOut);
    drop(far);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_comes_byte_by_byte_is_given_up_however_often_a_byte_comes() {
    let (mut patient, mut far, _) = pair();
    let drip = tokio::spawn(async move {
        while far.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let since = Instant::now();
    let mut bytes = Vec::new();
    let e = patient.read_to_end(&mut bytes).await.unwrap_err();
    assert_eq!(e.kind(), io::ErrorKind::TimedOut);
    assert!((10..=15).contains(&since.elapsed().as_secs()), "{:?}", since.elapsed());
    drop(patient);
    drip.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_connects_and_says_nothing_is_given_up_as_soon() {
    let (mut patient, _far, _) = pair();
    let silent = given_up_after(&mut patient).await;
    assert!((10..=15).contains(&silent), "{silent}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_may_take_its_time_and_then_the_connection_may_be_idle_for_a_while() {
    let (mut patient, mut far, phase) = pair();
    far.write_all(b"x").await.unwrap();
    patient.read_u8().await.unwrap();
    phase.asked();
    let waited = tokio::time::timeout(Duration::from_secs(600), patient.read_u8()).await;
    assert!(waited.is_err(), "a client waits for its answer as long as that takes");
    phase.ready(false);
    patient.write_all(b"y").await.unwrap();
    let idle = given_up_after(&mut patient).await;
    assert!((75..=90).contains(&idle), "{idle}");
}

#[tokio::test(start_paused = true)]
async fn who_beats_now_and_then_stays_and_is_watched_again_when_a_head_begins_late() {
    let (mut patient, mut far, phase) = pair();
    for pause_s in [3, 30, 70, 1, 70] {
        let late = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(pause_s)).await;
            far.write_all(b"x").await.unwrap();
            far
        });
        patient.read_u8().await.unwrap();
        far = late.await.unwrap();
        phase.asked();
        phase.ready(false);
        patient.write_all(b"y").await.unwrap();
        far.read_u8().await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    far.write_all(b"x").await.unwrap();
    patient.read_u8().await.unwrap();
    let head = given_up_after(&mut patient).await;
    assert!((10..=15).contains(&head), "{head}");
}

#[tokio::test(start_paused = true)]
async fn what_was_upgraded_is_left_to_itself() {
    let (mut patient, _far, phase) = pair();
    phase.upgraded();
    let waited = tokio::time::timeout(Duration::from_secs(3600), patient.read_u8()).await;
    assert!(waited.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_shared_connection_is_given_up_when_it_says_nothing_and_not_when_it_says_little() {
    let (mut patient, mut far, phase) = pair();
    phase.shared();
    let talk = tokio::spawn(async move {
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_secs(40)).await;
            far.write_all(&[1]).await.unwrap();
        }
        far
    });
    let mut bytes = [0; 5];
    patient.read_exact(&mut bytes).await.unwrap();
    let far = talk.await.unwrap();
    let silent = given_up_after(&mut patient).await;
    assert!((60..=65).contains(&silent), "{silent}");
    drop(far);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_waits_for_a_word_of_ours_has_all_its_time() {
    let (mut patient, mut far, phase) = pair();
    far.write_all(b"x").await.unwrap();
    patient.read_u8().await.unwrap();
    phase.asked();
    patient.write_all(b"100").await.unwrap();
    let body = tokio::spawn(async move {
        for _ in 0..300 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            far.write_all(b"b").await.unwrap();
        }
        far
    });
    for _ in 0..300 {
        patient.read_u8().await.unwrap();
    }
    drop(body.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_download_that_paused_once_goes_on() {
    let (patient, mut far, phase) = pair();
    phase.asked();
    phase.ready(false);
    let (mut from, mut to) = tokio::io::split(patient);
    let reading = tokio::spawn(async move { from.read_u8().await });
    for pause_s in [0, 12].into_iter().chain(std::iter::repeat_n(1, 200)) {
        tokio::time::sleep(Duration::from_secs(pause_s)).await;
        to.write_all(b"f").await.unwrap();
        far.read_u8().await.unwrap();
    }
    assert!(!reading.is_finished(), "it was given up");
    reading.abort();
}

#[test]
fn what_is_small_is_joined_and_what_is_not_is_left_as_it_is() {
    let (head, body) = ([1; 600], [2; 424]);
    let bufs = [io::IoSlice::new(&head), io::IoSlice::new(&[]), io::IoSlice::new(&body)];
    let mut room = [0; JOINED_MAX];
    let all = [head.as_slice(), &body].concat();
    assert_eq!(join(&bufs, &mut room), Some(all.as_slice()));
    let more = [io::IoSlice::new(&all), io::IoSlice::new(&[3])];
    assert_eq!(join(&more, &mut room), None);
}

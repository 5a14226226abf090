//! A heartbeat takes no disk and no thread hop: by the type of its row, and by what the kernel and the store
//! count while thousands of them are answered.

use std::time::Instant;

use arctos_box::dialect::{Class, DIALECTS, Run};
use serde_json::json;

use crate::process::{APPID, Person, Service, Wire};

const BEATS: u64 = 2000;

#[test]
fn a_heartbeats_handler_is_a_function_that_cannot_wait() {
    let beats: Vec<_> = DIALECTS
        .iter()
        .flat_map(|d| d.rows)
        .filter(|row| row.class == Class::Beat || row.address.contains("heartbeat"))
        .collect();
    assert!(!beats.is_empty());
    for row in beats {
        assert!(matches!(row.run, Run::Soon(_)), "{}", row.address);
        assert!(row.class == Class::Beat, "{}", row.address);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_heartbeats_write_no_byte_and_commit_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let more = ["--set", "recorder.ffmpeg=/bin/false", "--set", "log.level=error"];
    let service = Service::start(dir.path(), &more);
    let ann = Person::arrive(&service.base(), "ann", 1).await;
    let room = ann.teach().await;
    // The refused recording is the last thing that is written for this lesson.
    crate::process::poll("the refusal", std::time::Duration::from_secs(20), async || {
        (!ann.lesson(room).await["reason"].is_null()).then_some(())
    })
    .await;
    let body =
        json!({"appid": APPID, "timeStamp": 1, "token": ann.token, "roomnum": room}).to_string();
    let mut wire = Wire::open(service.http).await;
    let path = "/index.php?svc=live&cmd=heartbeat";
    wire.post(path, body.clone()).await;

    let commits = store_transactions(&mut wire).await;
    let (bytes, calls) = written(service.pid());
    let began = Instant::now();
    for _ in 0..BEATS {
        let answer = wire.post(path, body.clone()).await;
        assert_eq!(answer.body, br#"{"errorCode":0,"errorInfo":""}"#);
    }
    let took = began.elapsed();
    let (bytes_after, calls_after) = written(service.pid());
    let each = took / u32::try_from(BEATS).unwrap();
    println!("{BEATS} heartbeats in {took:?}, {each:?} each");
    println!("write calls {}, bytes to storage {}", calls_after - calls, bytes_after - bytes);
    assert_eq!(bytes_after, bytes, "bytes that reached the storage layer");
    assert_eq!(store_transactions(&mut wire).await, commits);
    // One answer to the socket each, and now and then the runtime wakes a thread of its own; a line of log or
    // a note on the disk for each would be as many again.
    assert!(calls_after - calls < 2 * BEATS, "{} write calls", calls_after - calls);
}

/// `write_bytes` and `syscw` of a process.
fn written(pid: u32) -> (u64, u64) {
    let text = std::fs::read_to_string(format!("/proc/{pid}/io")).unwrap();
    let number = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().parse().unwrap()
    };
    (number("write_bytes:"), number("syscw:"))
}

async fn store_transactions(wire: &mut Wire) -> String {
    let text = wire.get("/metrics", &[]).await.text();
    let line = text.lines().find(|line| line.starts_with("arctos_store_transactions "));
    line.unwrap().to_owned()
}

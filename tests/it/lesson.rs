//! The whole of document 001 over a socket, by a real HTTP client, in two classrooms at once; then what is left
//! of each lesson: film, playlist, index, ranges.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::process::{Person, Service, Wire, decode, poll, probe, recording};

const LESSON: Duration = Duration::from_secs(6);
const CLASSROOMS: &str = r#"
[[classroom]]
name = "left"
input = "sim"
[[classroom]]
name = "right"
input = "sim"
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_classes_hold_a_lesson_each_at_the_same_time_and_watch_their_replays() {
    let dir = tempfile::tempdir().unwrap();
    let (data, config) = (dir.path().join("d"), dir.path().join("box.toml"));
    std::fs::write(&config, CLASSROOMS).unwrap();
    let service = Service::start(&data, &["--config", config.to_str().unwrap()]);
    let (one, other) = tokio::join!(hold(&service, "ann"), hold(&service, "eve"));
    assert_ne!(one.room, other.room);
    let mut classrooms = Vec::new();
    for held in [&one, &other] {
        classrooms.push(check(&data, held).await);
    }
    classrooms.sort();
    assert_eq!(classrooms, ["left", "right"]);
    ranges(&service, &one).await;
    for held in [one, other] {
        held.teacher.ok("account/logout", json!({})).await;
        let late = held.teacher.call("live/roomlist", json!({"index": 0, "size": 1})).await;
        assert_eq!(late.unwrap()["errorCode"], 10009, "the token has ended");
    }
}

/// A lesson that was held.
struct Held {
    teacher: Person,
    name: &'static str,
    room: i64,
    took: Duration,
    row: Value,
}

/// Every command of a lesson from registration to the end, as a client app sends them.
async fn hold(service: &Service, name: &'static str) -> Held {
    let base = service.base();
    let teacher = Person::arrive(&base, name, 1).await;
    let pupils = [format!("{name}-bob"), format!("{name}-cho")];
    let (bob, cho) =
        (Person::arrive(&base, &pupils[0], 0).await, Person::arrive(&base, &pupils[1], 0).await);
    let made = teacher.ok("live/create", json!({"title": "math", "cover": "/c.png"})).await;
    assert_eq!(made["groupid"], made["roomnum"].to_string());
    let course = json!({"roomnum": made["roomnum"]});
    teacher.ok("live/startcourse", course.clone()).await;
    let began = Instant::now();
    for pupil in [&bob, &cho] {
        pupil.ok("live/reportmemid", with(&course, "operate", 0)).await;
    }
    furnish(&teacher, &bob, &course, name).await;
    sign(&teacher).await;
    let room = course["roomnum"].as_i64().unwrap();
    grows(&teacher, &[&teacher, &bob, &cho], room).await;
    cho.ok("live/reportmemid", with(&course, "operate", 1)).await;
    let ask = with(&with(&course, "index", 0), "size", 50);
    let seated = bob.ok("live/roomidlist", ask).await;
    assert_eq!(seated["idlist"], json!([{"id": name, "role": 1}, {"id": pupils[0], "role": 0}]));
    tokio::time::sleep(LESSON.saturating_sub(began.elapsed())).await;
    teacher.ok("live/exitroom", course.clone()).await;
    let took = began.elapsed();
    let row = teacher.wait_for_state(room, 3, Duration::from_secs(20)).await;
    Held { teacher, name, room, took, row }
}

async fn furnish(teacher: &Person, pupil: &Person, course: &Value, name: &str) {
    for n in 1..=3 {
        let url = format!("/files/{name}/{n}.pdf");
        let file = json!({"type": 0, "file_name": format!("{n}.pdf"), "url": url});
        let bind = with(&with(course, "operate", 0), "bind_file", file);
        teacher.ok("live/reportbind", bind).await;
    }
    let gone = json!({"type": 0, "file_name": "x", "url": format!("/files/{name}/2.pdf")});
    let unbind = with(&with(course, "operate", 1), "bind_file", gone);
    teacher.ok("live/reportbind", unbind).await;
    let bound = pupil.ok("live/querybind", with(&with(course, "index", 0), "size", 9)).await;
    let names: Vec<&Value> =
        bound["bind_files"].as_array().unwrap().iter().map(|f| &f["file_name"]).collect();
    assert_eq!((&bound["total"], names), (&json!(2), vec![&json!("3.pdf"), &json!("1.pdf")]));
}

async fn sign(teacher: &Person) {
    let cos = teacher.ok("cos/get_sign", json!({"type": 1, "file_path": "/a.pdf"})).await;
    assert!(!cos["sign"].as_str().unwrap().is_empty(), "{cos}");
    let mut call = json!({"method": "GET", "host": "vod.api.qcloud.com", "path": "/v2/index.php",
        "params": {"Action": "DescribeVodInfo"}});
    let listed = teacher.ok("vod/cmd_proxy", call.clone()).await;
    assert_eq!(listed["code"], 0, "{listed}");
    call["params"] = json!({"Action": "DescribeVodInfo", "Nonce": 1, "Timestamp": 1});
    let vod = teacher.ok("vod/get_sign", call).await;
    assert_eq!(vod["SignatureMethod"], "HmacSHA1");
    let client = teacher.ok("vod/get_client_sign", json!({})).await;
    assert_eq!(client["SecretId"], vod["SecretId"]);
}

/// The live playlist only ever gets longer, and what it lists can be fetched meanwhile.
async fn grows(teacher: &Person, all: &[&Person], room: i64) {
    let url = format!("/media/{room}/lesson.m3u8");
    let fetch = async || {
        let got = teacher.get(&url).await.unwrap();
        (got.status == 200).then(|| String::from_utf8_lossy(&got.body).into_owned())
    };
    let segments = |text: &str| text.matches("#EXTINF").count();
    let patience = Duration::from_secs(20);
    let first = poll("a first segment", patience, async || {
        for person in all {
            person.ok("live/heartbeat", json!({"roomnum": room})).await;
        }
        fetch().await.filter(|text| segments(text) > 0)
    })
    .await;
    let later = poll("a longer playlist", patience, async || {
        fetch().await.filter(|text| segments(text) > segments(&first))
    })
    .await;
    let (before, after) = (without_parts(&first), without_parts(&later));
    assert!(after.starts_with(&before), "{first}\n{later}");
    assert!(later.contains("PLAYLIST-TYPE:EVENT") && !later.contains("#EXT-X-ENDLIST"));
}

/// What a playlist says of whole segments; parts are named for a few seconds only.
fn without_parts(playlist: &str) -> String {
    let passes = |line: &&str| {
        !["#EXT-X-PART:", "#EXT-X-PRELOAD-HINT:"].iter().any(|tag| line.starts_with(tag))
    };
    playlist.lines().filter(passes).collect::<Vec<_>>().join("\n")
}

/// Film, index and playlist of a finished lesson agree; answers its classroom.
async fn check(data: &Path, held: &Held) -> String {
    let Held { teacher, room, row, .. } = held;
    let film = recording(data, *room);
    let (codecs, duration) = probe(&film.display().to_string());
    assert_eq!(codecs, ["h264", "aac"]);
    assert_eq!(decode(&film.display().to_string()), "");
    let told = row["end_time"].as_i64().unwrap() - row["begin_time"].as_i64().unwrap();
    println!("{}: lesson {:?} ({told} s told), film {duration:.2} s", held.name, held.took);
    assert!((duration - held.took.as_secs_f64()).abs() <= 1.0, "{duration} {:?}", held.took);

    let url = row["playback_idx_url"].as_str().unwrap();
    let got = teacher.get(url).await.unwrap();
    let index: Value = serde_json::from_slice(&got.body).unwrap();
    let folder = url.rsplit_once('/').unwrap().0;
    let video = &index["videos"][0];
    let name = video["file"].as_str().unwrap();
    let bytes = teacher.get(&format!("{folder}/{name}")).await.unwrap().body;
    let hash = ring::digest::digest(&ring::digest::SHA256, &bytes);
    assert_eq!(video["sha256"], hex(hash.as_ref()));
    assert_eq!(video["size"], bytes.len());
    // A player counts from the lesson's beginning, also where the encoder was late with its first picture.
    let (start, length) =
        (video["start_ms"].as_f64().unwrap() / 1000.0, video["duration"].as_f64().unwrap());
    assert!((start + length - duration).abs() < 0.25, "{video} {duration}");
    lists(&index, held);
    // The last second has only begun when the lesson ends.
    let seconds = index["quality"]["seconds"].as_f64().unwrap();
    assert!((seconds - duration).abs() < 2.0, "{} {duration}", index["quality"]);
    let playlist = index["playlist"].as_str().unwrap();
    let playlist = format!("{folder}/{playlist}");
    assert_eq!(decode(&playlist), "");
    let (codecs, by_playlist) = probe(&playlist);
    assert_eq!(codecs, ["h264", "aac"]);
    assert!((by_playlist - length).abs() < 0.5, "{by_playlist} {video}");
    let text = teacher.get(&playlist).await.unwrap().body;
    assert!(String::from_utf8_lossy(&text).ends_with("#EXT-X-ENDLIST\n"));
    index["lesson"]["classroom"].as_str().unwrap().to_owned()
}

/// Members, messages and files of the index.
fn lists(index: &Value, held: &Held) {
    let name = held.name;
    let (bob, cho) = (format!("{name}-bob"), format!("{name}-cho"));
    let members: Vec<(String, String)> = rows(index, "members", "id", "event");
    let pair = |id: &str, event: &str| (id.to_owned(), event.to_owned());
    assert_eq!(
        members[..4],
        [pair(name, "in"), pair(&bob, "in"), pair(&cho, "in"), pair(&cho, "out")]
    );
    let mut left = members[4..].to_vec();
    left.sort();
    assert_eq!(left, [pair(name, "out"), pair(&bob, "out")]);
    assert_eq!(index["lesson"]["memsize"], 3);
    let messages = index["messages"].as_array().unwrap();
    let kinds: Vec<i64> = messages.iter().map(|m| m["type"].as_i64().unwrap()).collect();
    assert_eq!(kinds, [1001, 1003, 1003, 1002, 1004]);
    let numbers: Vec<i64> = messages.iter().map(|m| m["seq"].as_i64().unwrap()).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    assert_eq!(
        (&index["lesson"]["begin_imseq"], &index["lesson"]["end_imseq"]),
        (&json!(1), &json!(4))
    );
    assert_eq!(messages[4]["body"]["value"]["file_size"], index["videos"][0]["size"]);
    let mut files: Vec<(String, String)> = rows(index, "files", "file_name", "url");
    files.sort();
    let file = |n: i64| (format!("{n}.pdf"), format!("/files/{name}/{n}.pdf"));
    assert_eq!(files, [file(1), file(3)]);
}

fn rows(index: &Value, list: &str, one: &str, other: &str) -> Vec<(String, String)> {
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    index[list].as_array().unwrap().iter().map(|r| (text(&r[one]), text(&r[other]))).collect()
}

/// Parts of the progressive file, as players ask for them.
async fn ranges(service: &Service, held: &Held) {
    let path = format!("/media/{}/1.mp4", held.room);
    let mut wire = Wire::open(service.http).await;
    let whole = wire.get(&path, &[]).await;
    let size = whole.body.len();
    let tag = whole.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!((whole.status, &whole.headers["accept-ranges"]), (200, &"bytes".parse().unwrap()));
    assert_eq!(whole.headers["content-type"], "video/mp4");
    let last = "bytes=-100";
    let check = [
        ("bytes=0-1", 0..2),
        ("bytes=100-199", 100..200),
        (last, size - 100..size),
        ("bytes=500-", 500..size),
    ];
    for (asked, want) in check {
        let part = wire.get(&path, &[("range", asked)]).await;
        assert_eq!(part.status, 206, "{asked}");
        let told = format!("bytes {}-{}/{size}", want.start, want.end - 1);
        assert_eq!(part.headers["content-range"], told.as_str(), "{asked}");
        assert_eq!(part.body, whole.body[want], "{asked}");
    }
    let beyond = wire.get(&path, &[("range", &format!("bytes={size}-"))]).await;
    assert_eq!(beyond.status, 416);
    assert_eq!(beyond.headers["content-range"], format!("bytes */{size}").as_str());
    let same = wire.get(&path, &[("range", "bytes=0-1"), ("if-range", &tag)]).await;
    assert_eq!((same.status, same.body.len()), (206, 2));
    let changed = wire.get(&path, &[("range", "bytes=0-1"), ("if-range", "\"other\"")]).await;
    assert_eq!((changed.status, changed.body.len()), (200, size));
    let known = wire.get(&path, &[("if-none-match", &tag)]).await;
    assert_eq!((known.status, known.body.len()), (304, 0));
}

fn with(body: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut body = body.clone();
    body[name] = value.into();
    body
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

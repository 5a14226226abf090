//! A real browser watches a real lesson of the real program: live, the end, the replay.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::browser::{Browser, Page, Picture};
use crate::process::{Person, Service, disguise};
use crate::world::World;

const SOON: Duration = Duration::from_secs(60);
/// Reads the clock that is burnt into the picture.
const CLOCK: &str = include_str!("../load/clock.js");

/// The earliest that was shown since: who looks now and then may come too late to see it.
const LEAST: &str = "(() => { const v = document.querySelector('video'); window.least = Infinity; \
    for (const event of ['seeked', 'timeupdate']) \
      v.addEventListener(event, () => { window.least = Math.min(window.least, v.currentTime); }); \
    return null; })()";

/// Lets the page play for a moment and answers by how much `currentTime` moved.
fn advance(page: &Page) -> f64 {
    let before: f64 = page.eval("document.querySelector('video').currentTime");
    page.wait_for(&format!("document.querySelector('video').currentTime > {before} + 0.5"), SOON);
    let after: f64 = page.eval("document.querySelector('video').currentTime");
    after - before
}

/// The first picture that is not black. On a busy machine the sound plays before one is decoded.
fn lit(page: &Page) -> Picture {
    let began = Instant::now();
    loop {
        let picture = page.picture("video");
        if !picture.is_black() {
            return picture;
        }
        assert!(began.elapsed() < SOON, "the picture stays black");
    }
}

/// For its first seconds nothing comes from the microphone.
const MUTE: &str = "for arg; do
  shift
  case $arg in sine=*) arg=\"$arg,volume=0:enable='lt(t,8)'\";; esac
  set -- \"$@\" \"$arg\"
done
exec \"$REAL\" \"$@\"";

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_watches_the_lesson_live_and_then_its_replay() {
    let dir = tempfile::tempdir().unwrap();
    let ffmpeg = disguise(&dir.path().join("ffmpeg"), MUTE);
    let service = Service::start(dir.path(), &["--set", &ffmpeg]);
    let ann = Person::arrive(&service.base(), "ann", 1).await;
    let room = ann.ok("live/create", json!({"title": "Light and shadow"})).await["roomnum"].clone();
    let room = room.as_i64().unwrap();
    ann.ok("live/startcourse", json!({"roomnum": room})).await;
    let url = format!("{}/watch/{room}", service.base());

    let (browser, page) = tokio::task::spawn_blocking(move || {
        let browser = Browser::start();
        let page = browser.open(&url);
        page.wait_for("document.body.dataset.state === 'live'", SOON);
        page.wait_for("document.querySelector('video').currentTime > 0", SOON);
        assert!(advance(&page) > 0.0, "the live picture stands still");
        lit(&page);
        page.wait_for("document.querySelector('video').dataset.way === 'socket'", SOON);
        let read = format!("({CLOCK})(document.querySelector('video')) !== null");
        page.wait_for(&read, SOON);
        page.wait_for(
            "document.getElementById('camera-on').innerText.includes('on: classroom')",
            SOON,
        );
        // What is wrong stands there while it is, whoever watches.
        let notice = "document.getElementById('notice')";
        page.wait_for(&format!("{notice}.innerText.includes('microphone is gone')"), SOON);
        page.wait_for(&format!("{notice}.hidden"), SOON);
        // Back to the start of the running lesson: the playlist has it as soon as a segment is whole.
        page.wait_for("document.querySelector('video').currentTime > 4", SOON);
        page.eval::<serde_json::Value>(LEAST);
        page.eval::<serde_json::Value>("document.querySelector('video').currentTime = 0.2, null");
        page.wait_for("window.least < 2", SOON);
        assert!(advance(&page) > 0.0, "it does not play on from the start");
        page.eval::<serde_json::Value>("window.least = Infinity, null");
        page.press("Home");
        page.wait_for("window.least < 2", SOON);
        assert!(advance(&page) > 0.0, "it does not play from where the bar begins");
        page.press("End");
        page.wait_for("document.querySelector('video').dataset.way === 'socket'", SOON);
        page.wait_for("document.querySelector('video').currentTime > 4", SOON);
        assert!(advance(&page) > 0.0, "it does not play on at the edge");
        (browser, page)
    })
    .await
    .unwrap();

    tokio::time::sleep(Duration::from_secs(3)).await;
    ann.ok("live/exitroom", json!({"roomnum": room})).await;
    ann.wait_for_state(room, 3, SOON).await;
    tokio::task::spawn_blocking(move || {
        page.wait_for("document.body.dataset.state === 'replay'", SOON);
        page.wait_for("document.getElementById('camera-on').hidden", SOON);
        page.wait_for("document.getElementById('kept').innerText.startsWith('Kept until')", SOON);
        replay(&page);
        let fresh = browser.open(&page.eval::<String>("location.href"));
        fresh.wait_for("document.body.dataset.state === 'replay'", SOON);
        replay(&fresh);
        let words: String = fresh.eval("document.body.innerText");
        assert!(words.contains("Light and shadow"), "{words}");
        assert_eq!(fresh.console(), Vec::<String>::new(), "the page complains");
    })
    .await
    .unwrap();
}

fn replay(page: &Page) {
    page.wait_for("document.querySelector('video').readyState >= 2", SOON);
    page.eval::<serde_json::Value>(
        "(async () => { const v = document.querySelector('video'); v.currentTime = 2.5; \
         try { await v.play(); } catch (e) {} return null; })()",
    );
    page.wait_for("document.querySelector('video').currentTime >= 2.5", SOON);
    assert!(advance(page) > 0.0, "the replay stands still after a seek");
    let first = lit(page);
    advance(page);
    assert_ne!(first.hash, page.picture("video").hash, "the picture does not move");
    let length: f64 = page.eval("document.querySelector('video').duration");
    assert!(length > 3.0, "the replay is {length} s long");
}

#[tokio::test]
async fn who_may_watch_is_decided_once_an_administrator_exists() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let (bob, eve) = (world.pupil("bob").await, world.pupil("eve").await);
    let room = world.live_room(&ann).await;
    world.ok("live/reportmemid", json!({"token": bob, "roomnum": room, "operate": 0})).await;
    let state = format!("/media/{room}/lesson.json");
    assert_eq!(world.get(&state).await.status, 200, "open until somebody administers the box");
    world.administer().await;
    assert_eq!(world.get(&state).await.status, 401);
    assert_eq!(world.get(&format!("{state}?k=00000000000000000000000000000000")).await.status, 401);
    let key: String = world
        .app()
        .db
        .read(move |conn| {
            Ok(conn.query_row("SELECT watch_key FROM room WHERE id = ?1", [room], |r| r.get(0))?)
        })
        .await
        .unwrap();
    assert_eq!(world.get(&format!("{state}?k={key}")).await.status, 200, "the lesson's link");
    for (token, status) in [(&ann, 200), (&bob, 200), (&eve, 403)] {
        assert_eq!(world.get(&format!("{state}?token={token}")).await.status, status);
    }
}

#[tokio::test]
async fn no_path_leads_out_of_a_lessons_folder() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let room = world.live_room(&ann).await;
    let outside = world.dir.path().join("recordings/secret.mp4");
    std::fs::write(&outside, "secret").unwrap();
    for name in [
        "../secret.mp4",
        "..%2fsecret.mp4",
        "%2e%2e/secret.mp4",
        "....//secret.mp4",
        "1.mp4/../../secret.mp4",
        "01.mp4",
        "+1.mp4",
        "index.json/",
        "box.db",
        "",
    ] {
        let answer = world.get(&format!("/media/{room}/{name}")).await;
        assert_eq!(answer.status, 404, "{name}: {}", answer.text());
        assert!(!answer.text().contains("secret"));
    }
    assert!(Path::new(&outside).exists());
}

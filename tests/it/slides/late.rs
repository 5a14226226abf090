//! The page is open before the lesson begins, and the slides' picture is there before the teacher's.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::{both, config};
use crate::browser::{Browser, Page};
use crate::process::{Person, Service, disguise};

const SOON: Duration = Duration::from_secs(60);
/// While `held`, the page asks nothing of the box; its pictures play on. The simulator has no socket from which slides could be
/// pulled, so what the box says of them is left out of its answer when they are `away`.
const HOLDS: &str = "window.held = window.away = false; const ask = window.fetch; \
    window.fetch = async (...what) => { \
      while (window.held) await new Promise((done) => setTimeout(done, 50)); \
      const answer = await ask(...what); \
      if (!window.away) return answer; \
      const told = Object.assign(await answer.json(), { slides: null }); \
      return new Response(JSON.stringify(told), { headers: answer.headers }); }";
/// The slides carry no sound.
const HAS_SOUND: &str = "document.getElementById('lesson').webkitAudioDecodedByteCount > 0";

/// A box whose teacher's camera gives nothing until `DIR/go` is there.
fn start(dir: &Path) -> Service {
    let go = dir.join("go");
    let holds = format!("until [ -e '{}' ]; do sleep 0.1; done", go.display());
    let script = format!("case \"$*\" in *testsrc2*pipe:1) {holds};; esac; exec \"$REAL\" \"$@\"");
    let ffmpeg = disguise(&dir.join("ffmpeg"), &script);
    let file = config(dir);
    let more = ["--config", file.to_str().unwrap(), "--set", &ffmpeg];
    // It is slow, not broken.
    let slow = ["--set", "recorder.stall_ms=60000"];
    Service::start(&dir.join("data"), &[&more[..], &slow].concat())
}

/// Follows the slides, which are alone.
fn alone(page: &Page) {
    page.wait_for("document.body.dataset.state === 'live'", SOON);
    page.wait_for("document.getElementById('slides').hidden", SOON);
    page.wait_for("document.getElementById('lesson').currentTime > 0", SOON);
    assert!(!page.eval::<bool>(HAS_SOUND), "the slides are the picture");
}

/// Shows the teacher, and plays.
fn goes_on(page: &Page) {
    page.wait_for(HAS_SOUND, SOON);
    let now: f64 = page.eval("document.getElementById('lesson').currentTime");
    page.wait_for(&format!("document.getElementById('lesson').currentTime > {now} + 1"), SOON);
}

/// Whether the slides are still there when the teacher comes.
async fn check(beside: bool) {
    let dir = tempfile::tempdir().unwrap();
    let service = start(dir.path());
    let ann = Person::arrive(&service.base(), "ann", 1).await;
    let room = ann.ok("live/create", json!({"title": "math"})).await["roomnum"].as_i64().unwrap();
    let url = format!("{}/watch/{room}", service.base());
    let opening = tokio::task::spawn_blocking(move || {
        let browser = Browser::start();
        let page = browser.blank();
        page.run_first(HOLDS);
        page.go(&url);
        page.wait_for("document.body.dataset.state === 'soon'", SOON);
        (browser, page)
    });
    let (browser, page) = opening.await.unwrap();
    ann.ok("live/startcourse", json!({"roomnum": room})).await;
    let page = tokio::task::spawn_blocking(move || {
        alone(&page);
        // What happens from now on it hears of all at once.
        page.eval::<Value>(&format!("window.held = true, window.away = {}, null", !beside));
        page
    });
    let page = page.await.unwrap();
    std::fs::write(dir.path().join("go"), "").unwrap();
    both(&ann, room).await;
    tokio::task::spawn_blocking(move || {
        page.eval::<Value>("window.held = false, null");
        goes_on(&page);
        page.wait_for(&format!("document.getElementById('slides').hidden === {}", !beside), SOON);
        drop(browser);
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_teachers_picture_comes_after_the_slides_and_plays() {
    check(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_teachers_picture_comes_when_the_slides_have_gone_and_plays() {
    check(false).await;
}

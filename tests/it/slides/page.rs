//! A real browser shows both pictures of a lesson, and they stay together: live, after a pause, in the replay, wherever it is sought.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::{both, config, start};
use crate::browser::{Browser, Page};
use crate::process::{Person, Service, disguise, encoders_of};

const SOON: Duration = Duration::from_secs(60);
/// Reads the clock that is burnt into both pictures.
const CLOCK: &str = include_str!("../../load/clock.js");
/// Further apart a class sees that the teacher speaks of another slide. They are led to half of this.
const APART_MS: f64 = 300.0;

/// How far the clocks in the two pictures are apart, in milliseconds; `None` while one of them cannot be read.
fn apart(page: &Page) -> Option<f64> {
    page.eval(
        "(() => { const [one, other] = ['lesson', 'slides'].map((id) => window.read(document.getElementById(id))); \
         if (one === null || other === null) return null; \
         const apart = Math.abs(one - other) % 65536; return Math.min(apart, 65536 - apart); })()",
    )
}

/// Waits until they are together, and stay so while a second is played.
fn together(page: &Page, when: &str) {
    let began = Instant::now();
    let mut since: Option<f64> = None;
    loop {
        let at: f64 = page.eval("document.getElementById('slides').currentTime");
        let apart = apart(page);
        match (apart.filter(|apart| *apart < APART_MS), since) {
            (Some(_), None) => since = Some(at),
            (Some(apart), Some(from)) if (at - from).abs() > 1.0 => {
                return println!("{when}: {apart} ms apart");
            }
            (Some(_), Some(_)) => {}
            (None, _) => since = None,
        }
        assert!(began.elapsed() < SOON, "{when}: {apart:?} ms apart");
        std::thread::sleep(Duration::from_millis(50));
    }
}

const TEACHER: &str = "testsrc2";
const SLIDES: &str = "color=size";

/// The one that reads this.
fn encoder_of(service: u32, what: &str) -> Pid {
    let line = |pid: &Pid| {
        let line = std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap();
        String::from_utf8_lossy(&line).into_owned()
    };
    encoders_of(service).into_iter().find(|pid| line(pid).contains(what)).unwrap()
}

fn run(page: &Page, js: &str) {
    page.eval::<Value>(&format!("{js}, null"));
}

fn way(page: &Page, id: &str, way: &str) {
    page.wait_for(&format!("document.getElementById('{id}').dataset.way === '{way}'"), SOON);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_teacher_and_slides_of_the_same_moment_live_and_in_the_replay() {
    let dir = tempfile::tempdir().unwrap();
    let service = start(dir.path());
    let ann = Person::arrive(&service.base(), "ann", 1).await;
    let room = ann.teach().await;
    both(&ann, room).await;
    let (url, pid) = (format!("{}/watch/{room}", service.base()), service.pid());
    let (browser, page) = tokio::task::spawn_blocking(move || {
        let browser = Browser::start();
        let page = browser.open(&url);
        page.wait_for("document.body.dataset.state === 'live'", SOON);
        run(&page, &format!("window.read = {CLOCK}"));
        way(&page, "lesson", "socket");
        way(&page, "slides", "socket");
        together(&page, "live");
        let wide = "document.getElementById('slides').clientWidth > 2 * document.getElementById('lesson').clientWidth";
        assert!(page.eval::<bool>(wide), "the slides are the large picture");
        run(&page, "document.getElementById('swap').click()");
        assert!(!page.eval::<bool>(wide), "swapped");
        let muted: bool = page.eval("document.getElementById('slides').muted");
        assert!(muted && !page.eval::<bool>("document.getElementById('swap').hidden"));
        run(&page, "document.getElementById('lesson').pause()");
        page.wait_for("document.getElementById('slides').paused", SOON);
        run(&page, "document.getElementById('lesson').play()");
        together(&page, "after a pause");
        kill_process(encoder_of(pid, SLIDES), Signal::KILL).unwrap();
        let before: f64 = page.eval("document.getElementById('lesson').currentTime");
        // Later than the gap.
        let on = format!("document.getElementById('lesson').currentTime > {before} + 5");
        page.wait_for(&on, SOON);
        together(&page, "after a gap of the slides");
        page.press("Home");
        way(&page, "slides", "hls");
        together(&page, "from the start of the running lesson");
        (browser, page)
    })
    .await
    .unwrap();
    ann.ok("live/exitroom", json!({"roomnum": room})).await;
    ann.wait_for_state(room, 3, SOON).await;
    tokio::task::spawn_blocking(move || {
        let fresh = browser.open(&page.eval::<String>("location.href"));
        fresh.wait_for("document.body.dataset.state === 'replay'", SOON);
        run(&fresh, &format!("window.read = {CLOCK}"));
        together(&fresh, "replay");
        run(&fresh, "document.getElementById('lesson').currentTime = document.getElementById('lesson').duration - 5");
        together(&fresh, "sought behind the gap");
        run(&fresh, "document.getElementById('lesson').playbackRate = 0.75");
        together(&fresh, "slower");
        assert_eq!(fresh.console(), Vec::<String>::new(), "the page complains");
        drop(page);
    })
    .await
    .unwrap();
}

/// Pauses at this moment of the player's time, and waits until the slides show it, too.
fn stands_at(page: &Page, at: f64, when: &str) {
    run(page, &format!("document.getElementById('lesson').currentTime = {at}"));
    let began = Instant::now();
    while apart(page).is_none_or(|apart| apart > APART_MS) {
        assert!(began.elapsed() < SOON, "{when}: {:?} ms apart", apart(page));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(page.eval::<bool>("document.getElementById('lesson').paused"));
    way(page, "lesson", "socket");
    way(page, "slides", "socket");
}

/// What a press on a picture does.
fn tap(page: &Page, id: &str, paused: bool) {
    run(page, &format!("document.getElementById('{id}').click()"));
    page.wait_for(&format!("document.getElementById('lesson').paused === {paused}"), SOON);
}

/// In what state the page is whenever the slides go blank.
const BLANKS: &str = "window.blanks = []; document.getElementById('slides').addEventListener('emptied', () => \
    window.blanks.push(document.body.dataset.state))";

#[tokio::test(flavor = "multi_thread")]
async fn who_steps_back_over_a_gap_sees_both_of_one_moment_and_the_last_picture_of_both_stays() {
    let dir = tempfile::tempdir().unwrap();
    // A gap of two seconds and more.
    let late = dir.path().join("late");
    let script = format!("[ -e '{}' ] && sleep 2; exec \"$REAL\" \"$@\"", late.display());
    let ffmpeg = disguise(&dir.path().join("ffmpeg"), &script);
    let file = config(dir.path());
    let more = ["--config", file.to_str().unwrap(), "--set", &ffmpeg];
    let service = Service::start(&dir.path().join("data"), &more);
    let ann = Person::arrive(&service.base(), "ann", 1).await;
    let room = ann.teach().await;
    both(&ann, room).await;
    std::fs::write(late, "").unwrap();
    let (url, pid) = (format!("{}/watch/{room}", service.base()), service.pid());
    let (browser, page) = tokio::task::spawn_blocking(move || {
        let browser = Browser::start();
        let page = browser.open(&url);
        page.wait_for("document.body.dataset.state === 'live'", SOON);
        run(&page, &format!("window.read = {CLOCK}"));
        way(&page, "slides", "socket");
        for what in [SLIDES, TEACHER] {
            together(&page, "live");
            let before: f64 = page.eval("document.getElementById('lesson').currentTime");
            page.wait_for(
                &format!("document.getElementById('lesson').currentTime > {before} + 4"),
                SOON,
            );
            let killed: f64 = page.eval("document.getElementById('lesson').currentTime");
            kill_process(encoder_of(pid, what), Signal::KILL).unwrap();
            page.wait_for(
                &format!("document.getElementById('lesson').currentTime > {killed} + 5"),
                SOON,
            );
            together(&page, "behind the gap");
            tap(&page, "slides", true);
            stands_at(&page, killed - 2.0, "before the gap");
            page.press("End");
            tap(&page, "lesson", false);
        }
        together(&page, "live again");
        run(&page, BLANKS);
        (browser, page)
    })
    .await
    .unwrap();
    ann.ok("live/exitroom", json!({"roomnum": room})).await;
    ann.wait_for_state(room, 3, SOON).await;
    tokio::task::spawn_blocking(move || {
        page.wait_for("document.body.dataset.state === 'replay'", SOON);
        way(&page, "slides", "hls");
        assert_eq!(
            page.eval::<Vec<String>>("window.blanks")[0],
            "replay",
            "the last picture stays"
        );
        assert_eq!(page.console(), Vec::<String>::new(), "the page complains");
        drop(browser);
    })
    .await
    .unwrap();
}

/// Old iPhones have no `MediaSource`: their own player reads the playlists. So does chromium's, of a replay.
#[tokio::test(flavor = "multi_thread")]
async fn slides_that_could_not_be_fetched_come_later_where_the_browser_plays_them_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let service = start(dir.path());
    let ann = Person::arrive(&service.base(), "ann", 1).await;
    let room = ann.teach().await;
    both(&ann, room).await;
    // Long enough to be watched while the slides are tried again.
    tokio::time::sleep(Duration::from_secs(15)).await;
    ann.ok("live/exitroom", json!({"roomnum": room})).await;
    ann.wait_for_state(room, 3, SOON).await;
    let url = format!("{}/watch/{room}", service.base());
    tokio::task::spawn_blocking(move || {
        let browser = Browser::start();
        let page = browser.blank();
        page.run_first(
            "delete window.MediaSource; window.errors = 0; window.addEventListener('error', \
             (event) => { window.errors += event.target.id === 'slides' ? 1 : 0; }, true)",
        );
        let block = |what: &[&str]| page.call("Network.setBlockedURLs", json!({"urls": what}));
        block(&["*/slides/*"]);
        page.go(&url);
        run(&page, &format!("window.read = {CLOCK}"));
        way(&page, "lesson", "native");
        page.wait_for("window.errors > 0", SOON);
        block(&[]);
        page.wait_for("document.getElementById('slides').readyState > 1", SOON);
        way(&page, "slides", "native");
        run(&page, "document.getElementById('lesson').currentTime = 1");
        run(&page, "document.getElementById('lesson').play()");
        together(&page, "played by the browser itself");
    })
    .await
    .unwrap();
}

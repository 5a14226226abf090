//! Real browsers and the real program: two people come from the channel and apply, the teacher lets one join.

use std::time::Duration;

use serde_json::Value;

use crate::browser::{Browser, Page};
use crate::process::{Person, Service, command, said};

const SOON: Duration = Duration::from_secs(20);

fn sees(page: &Page, selector: &str, text: &str) {
    let words = format!("(document.querySelector({selector:?}) || {{}}).innerText || ''");
    page.wait_for(&format!("({words}).includes({text:?})"), SOON);
}

fn press(page: &Page, selector: &str) {
    page.wait_for(&format!("Boolean(document.querySelector({selector:?}))"), SOON);
    let button = format!("document.querySelector({selector:?})");
    page.eval::<Value>(&format!("{button}.focus(), {button}.click(), null"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_visitors_apply_and_the_teacher_lets_one_of_them_join() {
    let dir = tempfile::tempdir().unwrap();
    let service = Service::start(dir.path(), &[]);
    let ann = Person::arrive(&service.base(), "ann", 1).await;
    let room = ann.teach().await;
    ann.wait_for_picture(room).await;
    let secrets = said(command(dir.path()).args(["secrets", "--json"]));
    let secrets: Value = serde_json::from_str(&secrets.out).unwrap();
    let secret = secrets["channel"]["app_secret"].as_str().unwrap().to_owned();
    let base = service.base();

    tokio::task::spawn_blocking(move || {
        let browser = Browser::start();
        let visit = |user_id: i64| {
            let auth = auth_token(&secret, user_id);
            let page = browser.apart();
            page.go(&format!(
                "{base}/api/v1/user/reg_from_channel/?user_id={user_id}&auth_token={auth}\
                 &next=/course/webRTCUser/?id={room}&enterprise_id=3"
            ));
            page.wait_for("document.body.dataset.state === 'live'", SOON);
            page
        };
        let (bob, eve) = (visit(7), visit(8));
        let at: String = bob.eval("location.pathname + location.search");
        assert_eq!(at, format!("/course/webRTCUser/?id={room}&enterprise_id=3"));
        bob.wait_for("document.querySelector('video').currentTime > 0", SOON);

        let desk = browser.apart();
        desk.go(&format!("{base}/box/moderate/{room}"));
        desk.wait_for("document.body.dataset.state === 'log-in'", SOON);
        for (field, word) in [("handle", "ann"), ("password", "pw")] {
            desk.eval::<Value>(&format!("document.getElementById('{field}').value = '{word}', null"));
        }
        press(&desk, "#log-in button");
        desk.wait_for("document.body.dataset.state === 'desk'", SOON);
        sees(&desk, "#nobody", "Nobody is waiting");

        press(&bob, "#apply:not([hidden])");
        sees(&bob, "#joining-state", "The teacher has your application");
        // It appears by itself, and is told to those who cannot see it.
        sees(&desk, "#news", ":7 wants to join");
        press(&eve, "#apply:not([hidden])");
        desk.wait_for("document.querySelectorAll('#waiting li').length === 2", SOON);
        press(&desk, "#waiting li:nth-child(1) [data-accept=true]");
        sees(&bob, "#joining-state", "The teacher has let you join");
        let focused: String = desk.eval("document.activeElement.closest('ul').id");
        assert_eq!(focused, "waiting", "the focus is with the next one");
        press(&desk, "#waiting li:nth-child(1) [data-accept=false]");
        sees(&eve, "#joining-state", "The teacher has not let you join");
        sees(&eve, "#apply", "Apply again");
        desk.wait_for("document.querySelectorAll('#done li').length === 2", SOON);
        bob.wait_for("document.querySelector('#apply').hidden", SOON);

        let watching = browser.apart();
        watching.go(&format!(
            "{base}/api/v1/user/reg_from_channel/?user_id=9&auth_token={}&next=/course/details/?id={room}",
            auth_token(&secret, 9)
        ));
        watching.wait_for("document.querySelector('video').currentTime > 0", SOON);
        let panel: bool = watching.eval("document.getElementById('joining').hidden");
        assert!(panel, "who only watches does not apply");
        for page in [&bob, &eve, &watching] {
            assert_eq!(page.console(), Vec::<String>::new(), "the page complains");
        }
        // The list is refused until somebody has logged in: that is all.
        let complaints: Vec<_> =
            desk.console().into_iter().filter(|line| !line.contains("401")).collect();
        assert_eq!(complaints, Vec::<String>::new());
    })
    .await
    .unwrap();
}

/// What the channel's server signs today.
fn auth_token(secret: &str, user_id: i64) -> String {
    use std::time::{SystemTime, UNIX_EPOCH};
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let day = i64::try_from(now.as_secs() / 86_400).unwrap();
    let day = arctos_box::wire::channel_auth::date(day);
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
    arctos_box::model::hex(ring::hmac::sign(&key, format!("{day}{user_id}").as_bytes()).as_ref())
}

//! The licence through real operations: what each state of it answers, and that no lesson which runs is ever
//! disturbed. The pure parts have their tests beside them (`wire::licence`, `domain::licence`).

mod alone;
pub mod command;
mod lease;
mod time;

use arctos_box::domain::licence;
use arctos_box::model::{Fault, LicenceWhy, Millis};
use arctos_box::ops::backup;
use serde_json::{Value, json};

use crate::golden::recorded;
use crate::vendor::Vendor;
use crate::world::{START, World};

/// A box that trusts the vendor, a teacher, and a course that waits.
pub async fn world() -> (Vendor, World, String, i64) {
    let vendor = Vendor::new();
    let world = World::with(&[&vendor.trusted()]).await;
    let ann = world.teacher("ann").await;
    let room = world.room(&ann).await;
    (vendor, world, ann, room)
}

pub async fn start(world: &World, token: &str, room: i64) -> Value {
    world.edu("live/startcourse", json!({"token": token, "roomnum": room})).await
}

/// That the lesson cannot start, with this Arctos code and these words.
pub async fn refuses(world: &World, token: &str, room: i64, code: &str, words: &str) {
    let answer = start(world, token, room).await;
    let said = answer["errorInfo"].as_str().unwrap();
    assert_eq!(answer["errorCode"], 10110, "{answer}");
    assert!(said.starts_with(code) && said.contains(words), "{code} {words}: {said}");
    assert!(said.contains(": "), "it says what to do: {said}");
}

fn explained(world: &World) -> String {
    licence::explain(world.app(), world.clock.moment())
}

#[tokio::test]
async fn each_state_of_the_licence_has_its_code_its_sentence_and_its_arithmetic() {
    let (vendor, world, ann, room) = world().await;
    let check = async |code: &str, words: &str, arithmetic: &[&str]| {
        refuses(&world, &ann, room, code, words).await;
        let told = explained(&world);
        assert!(told.contains(&format!("refused, {code}")), "{told}");
        arithmetic.iter().for_each(|line| assert!(told.contains(line), "{line}: {told}"));
    };
    vendor.install(&world, |_| {});
    let mut tampered = world.licence();
    let middle = tampered.len() / 2;
    tampered[middle] = if tampered[middle] == b'A' { b'B' } else { b'A' };
    world.put_licence(&tampered);
    check("3403", "altered", &["signature does not fit"]).await;

    vendor.install(&world, |l| l.expires = Some(START - Millis::days(10)));
    let late = "judged at 2026-11-21 >= 2026-11-11, with 10 days of grace >= 2026-11-21";
    check("3404", "renewal", &[late]).await;

    vendor.install(&world, |l| l.marks.iter_mut().for_each(|m| m.hash = "0".repeat(24)));
    check("3403", "another box", &["0 of  45  another one", "score     0 of 100 < 60 needed"])
        .await;

    vendor.install(&world, |l| l.not_before = START + Millis::days(9));
    let early = "2026-11-21 is the latest evidence < 2026-11-30";
    check("3403", "not valid yet", &[early, "until 2026-11-30"]).await;

    Vendor::other().install(&world, |_| {});
    check("3403", "unknown key", &["signed with the unknown key"]).await;

    world.put_licence(b"shopping list: milk, chalk");
    check("3402", "not a licence", &["no licence text"]).await;

    world.take_licence();
    check("3401", "send the licence request", &["none is installed"]).await;

    vendor.install(&world, |_| {});
    assert_eq!(start(&world, &ann, room).await["errorCode"], 0);
    let told = explained(&world);
    for line in ["score     100 of 100 >= 60 needed", "allowed, until 2027-10-22", "1 live now"] {
        assert!(told.contains(line), "{line}: {told}");
    }
}

#[tokio::test]
async fn grace_and_a_doubtful_clock_let_lessons_start_and_say_so() {
    let (vendor, world, ann, room) = world().await;
    vendor.install(&world, |l| l.expires = Some(START - Millis::days(9)));
    let standing = licence::standing(world.app(), world.clock.moment());
    assert!(standing.sentence.contains("everything works until 2026-11-22"), "{standing:?}");
    assert_eq!(start(&world, &ann, room).await["errorCode"], 0);

    vendor.install(&world, |_| {});
    let second = world.room(&ann).await;
    world.hand.set_wall(Millis::days(-30));
    let standing = licence::standing(world.app(), world.clock.moment());
    assert!(standing.sentence.contains("set the clock; nothing is refused"), "{standing:?}");
    assert!(explained(&world).contains("allowed, clock doubtful"));
    assert_eq!(start(&world, &ann, second).await["errorCode"], 0);
}

#[tokio::test]
async fn a_clock_set_forward_a_year_refuses_with_3404_and_set_right_again_leaves_nothing_behind() {
    let (vendor, mut world, ann, room) = world().await;
    vendor.install(&world, |_| {});
    world.hand.set_wall(Millis::days(365));
    refuses(&world, &ann, room, "3404", "renewal").await;
    let standing = licence::standing(world.app(), world.clock.moment());
    assert!(standing.sentence.contains("the clock says 2027-11-21"), "{standing:?}");
    assert!(explained(&world).contains("judged at 2027-11-21 >= 2027-10-22"));
    world.hand.advance(Millis::seconds(3600));
    licence::step(world.app(), world.clock.moment()).await.unwrap();
    world.hand.set_wall(Millis::days(-365));
    assert_eq!(start(&world, &ann, room).await["errorCode"], 0);
    assert!(explained(&world).contains("decision  allowed, until"));
    // Nor does it when the box was off and on meanwhile; then it cannot tell which clock was right.
    world.hand.set_wall(Millis::days(365));
    world.restart().await;
    licence::step(world.app(), world.clock.moment()).await.unwrap();
    world.hand.set_wall(Millis::days(-365));
    world.restart().await;
    let second = world.room(&ann).await;
    assert_eq!(start(&world, &ann, second).await["errorCode"], 0);
}

#[tokio::test]
async fn a_licence_file_that_cannot_be_read_for_once_takes_no_lesson_away() {
    let (vendor, world, ann, room) = world().await;
    vendor.install(&world, |_| {});
    let file = world.dir.path().join("license").join(licence::FILE);
    assert_eq!(licence::standing(world.app(), world.clock.moment()).rooms, 2);
    // Reading a folder fails as reading a broken disk does.
    world.take_licence();
    std::fs::create_dir(&file).unwrap();
    assert_eq!(start(&world, &ann, room).await["errorCode"], 0);
}

#[tokio::test]
async fn a_lesson_that_runs_goes_on_whatever_becomes_of_the_licence() {
    let (vendor, mut world, ann, room) = world().await;
    let bob = world.pupil("bob").await;
    vendor.install(&world, |_| {});
    assert_eq!(start(&world, &ann, room).await["errorCode"], 0);
    let waiting = world.room(&ann).await;
    let beat = json!({"token": ann, "roomnum": room});
    for (code, change) in [
        ("3401", (|_: &Vendor, world: &World| world.take_licence()) as fn(&Vendor, &World)),
        ("3404", |vendor, world| {
            vendor.install(world, |l| l.expires = Some(START - Millis::days(99)))
        }),
        ("3403", |vendor, world| vendor.install(world, |l| l.marks.clear())),
        ("3405", |vendor, world| vendor.install(world, |l| l.rooms = 1)),
        ("3402", |_, world| world.put_licence(b"")),
    ] {
        change(&vendor, &world);
        refuses(&world, &ann, waiting, code, "").await;
        world.advance(Millis::seconds(60)).await;
        world.ok("live/heartbeat", beat.clone()).await;
        world.ok("live/reportmemid", json!({"token": bob, "roomnum": room, "operate": 0})).await;
        assert_eq!(world.row(&ann, room).await["state"], 1, "{code}");
        world.restart().await;
        assert_eq!(world.row(&ann, room).await["state"], 1, "{code}, after a restart");
    }
    world.hand.set_wall(Millis::days(4000));
    world.advance(Millis::seconds(60)).await;
    world.ok("live/heartbeat", beat.clone()).await;
    // It ends when its teacher ends it, and its replay and its index are there.
    world.ok("live/exitroom", beat).await;
    world.recorder_says(room, recorded()).await;
    assert_eq!(world.row(&ann, room).await["state"], 3);
    assert_eq!(world.get(&format!("/media/{room}/index.json")).await.status, 200);
}

#[tokio::test]
async fn a_licence_is_installed_out_of_a_mail_and_a_bad_one_leaves_the_good_one_alone() {
    let (vendor, world, ann, room) = world().await;
    vendor.install(&world, |l| l.rooms = 3);
    let good = world.licence();
    world.take_licence();
    let mail = String::from_utf8(good.clone()).unwrap().replace('\n', "\r\n> ");
    let mail = format!("Subject: your licence\r\n\r\nHello,\r\n> {mail}\r\nthe vendor");
    let now = world.clock.moment();
    let done = licence::install(world.app(), mail.as_bytes(), now).await.unwrap();
    assert_eq!((done.id.as_str(), done.rooms, done.sentence.as_str()), ("L-1", 3, ""));
    assert_eq!(world.licence(), good, "kept as it was issued");

    for (why, text) in [
        (LicenceWhy::NotALicence, b"hello".to_vec()),
        (LicenceWhy::KeyId, Vendor::other().text(&world, |_| {})),
        (LicenceWhy::Hardware, vendor.text(&world, |l| l.minimum = 101)),
        (LicenceWhy::Expired, vendor.text(&world, |l| l.expires = Some(Millis(0)))),
        (LicenceWhy::NotYet, vendor.text(&world, |l| l.not_before = START + Millis::days(1))),
    ] {
        let refused = licence::install(world.app(), &text, now).await;
        assert!(matches!(refused, Err(Fault::Licence(found)) if found == why), "{refused:?}");
        assert_eq!(world.licence(), good);
    }
    assert_eq!(start(&world, &ann, room).await["errorCode"], 0);
    // Without a good one, one that begins tomorrow is better than none.
    world.take_licence();
    let tomorrow = vendor.text(&world, |l| l.not_before = START + Millis::days(1));
    let done = licence::install(world.app(), &tomorrow, now).await.unwrap();
    assert!(done.sentence.contains("2026-11-22"), "{done:?}");
}

#[tokio::test]
async fn the_newest_time_seen_survives_a_kill_and_a_lost_store() {
    let (vendor, mut world, _, room) = world().await;
    vendor.install(&world, |_| {});
    // It ran until it had expired, and was killed ten minutes after it had last kept the time.
    world.hand.advance(Millis::days(366));
    licence::step(world.app(), world.clock.moment()).await.unwrap();
    world.hand.set_wall(Millis::days(-300));
    for lose in ["", "box.db", "license/seen"] {
        world.app().db.close().await;
        if !lose.is_empty() {
            std::fs::remove_file(world.dir.path().join(lose)).unwrap();
        }
        world.restart().await;
        let told = explained(&world);
        assert!(told.contains("refused, 3404"), "without {lose}: {told}");
        if lose.is_empty() {
            let ann =
                world.ok("account/login", json!({"id": "ann", "pwd": crate::world::PASSWORD}));
            let ann = ann.await["token"].as_str().unwrap().to_owned();
            refuses(&world, &ann, room, "3404", "renewal").await;
        }
        licence::step(world.app(), world.clock.moment()).await.unwrap();
    }
}

#[tokio::test]
async fn a_restored_backup_does_not_turn_the_newest_time_seen_back() {
    let (vendor, mut world, _, _) = world().await;
    vendor.install(&world, |_| {});
    licence::rest(world.app(), world.clock.moment()).await.unwrap();
    let (data, file) = (world.dir.path().to_owned(), world.dir.path().join("backup.tar"));
    backup::write(&world.app().db, &data, &file).await.unwrap();
    world.hand.advance(Millis::days(366));
    licence::rest(world.app(), world.clock.moment()).await.unwrap();
    world.hand.set_wall(Millis::days(-366));
    world.app().db.close().await;
    // Twice, for what the first one kept is not lost by the second.
    for _ in 0..2 {
        backup::restore(&file, &data).unwrap();
    }
    world.restart().await;
    assert!(explained(&world).contains("refused, 3404"), "{}", explained(&world));
    licence::rest(world.app(), world.clock.moment()).await.unwrap();
    world.restart().await;
    assert!(explained(&world).contains("refused, 3404"), "{}", explained(&world));
}

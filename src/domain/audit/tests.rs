use std::net::Ipv4Addr;

use super::*;
use crate::model::user::Origin;
use crate::store::Db;

fn address(last: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, last).into()
}

async fn lines(db: &Db, filter: Filter) -> Vec<Noted> {
    db.read(move |conn| Ok(audit::list(conn, &filter, 1000)?)).await.unwrap()
}

#[tokio::test]
async fn log_ins_and_lessons_do_not_crowd_the_acts_of_staff_out_of_the_book() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    db.write(|conn| {
        note(conn, Entry::of(Event::SetUp, "root"), Millis(1))?;
        let often = [Event::TokenIssued, Event::LessonStarted, Event::LessonOver].iter().cycle();
        for (n, event) in (0..500).zip(often) {
            note(conn, Entry::of(*event, format!("u{n}")), Millis(n))?;
        }
        Ok(audit::trim(conn, 10, 10)?)
    })
    .await
    .unwrap();
    let left = lines(&db, Filter::default()).await;
    assert_eq!(left.len(), 11);
    assert_eq!((left[0].subject.as_str(), left[9].subject.as_str()), ("u499", "u490"));
    assert_eq!(left[10].event, "set up");
}

#[tokio::test]
async fn a_clock_set_forward_leaves_the_newest_lines() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    db.write(|conn| {
        for n in 0..20 {
            note(conn, Entry::of(Event::UserChanged, format!("u{n}")), Millis(n))?;
        }
        Ok(audit::forget(conn, Millis(1_000_000), 5)?)
    })
    .await
    .unwrap();
    assert_eq!(lines(&db, Filter::default()).await.len(), 5);
}

#[tokio::test]
async fn a_line_is_found_by_who_did_it_by_whom_it_is_about_and_by_what_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    db.write(|conn| {
        let made = Entry { actor: "root".into(), ..Entry::of(Event::UserCreated, "ann") };
        note(conn, made, Millis(1))?;
        note(conn, Entry { actor: "ann".into(), ..Entry::of(Event::TokenIssued, "") }, Millis(2))?;
        note(conn, Entry::of(Event::UserCreated, "é".repeat(600)), Millis(3))
    })
    .await
    .unwrap();
    let who = |who: &str| Filter { who: Some(who.into()), ..Filter::default() };
    assert_eq!(lines(&db, who("ann")).await.len(), 2);
    assert_eq!(lines(&db, who("root")).await.len(), 1);
    let event = Filter { event: Some("user created".into()), ..Filter::default() };
    let created = lines(&db, event).await;
    assert_eq!(created.len(), 2);
    assert_eq!(created[0].subject.chars().count(), TEXT_MAX);
    let older = Filter { before: Some(created[0].id), ..Filter::default() };
    assert_eq!(lines(&db, older).await.len(), 2);
}

#[test]
fn a_storm_of_wrong_tries_is_a_handful_of_lines_with_their_own_time() {
    let refused = Refused::default();
    for second in 0..200 {
        refused.wrong(("ann", Some(Origin::Edu)), address(1), Millis::seconds(second));
        let door = if second == 7 { Origin::Box } else { Origin::Edu };
        refused.wrong((&format!("u{second}"), Some(door)), address(2), Millis::seconds(second));
    }
    let now = Moment { wall: Millis::seconds(10_200), steady: Millis::seconds(200) };
    let lines = refused.take(now);
    let told: Vec<_> = lines.iter().map(|(at, e)| (at.0, e.detail.as_str())).collect();
    assert_eq!(told, [(10_000_000, "200 tries"), (10_000_000, "200 tries, several accounts")]);
    assert_eq!((lines[0].1.origin, lines[1].1.origin), (Some(Origin::Edu), None), "several doors");
    assert!(refused.take(now).is_empty());
    for n in 0..100 {
        refused.wrong(("ann", None), address(n), Millis(0));
    }
    let lines = refused.take(now);
    assert_eq!(lines.len(), 65);
    assert!(lines.iter().any(|(_, e)| e.address == "many addresses" && e.detail == "36 tries"));
}

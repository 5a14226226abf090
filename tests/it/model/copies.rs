//! What memory shows of lessons, members, people and groups, against the store's own words: after any operations, power
//! cuts and restarts, and while many write and read at once.

use std::sync::Arc;

use arctos_box::domain::catalogue::Slip;
use arctos_box::domain::{Appliance, group, lesson, people, room};
use arctos_box::model::group::{FIRST, GroupId};
use arctos_box::model::lesson::{Member, Page, Room, RoomFilter, RoomState};
use arctos_box::model::user::{Actor, Face, Role};
use arctos_box::model::{Fault, Millis, Moment, RoomId};
use arctos_box::store::{groups, lessons, rooms, users};
use proptest::prelude::*;

use super::{power_cut, run};
use crate::rules::groups::person;
use crate::world::{HERE, World};

/// The first two are teachers.
const PEOPLE: usize = 5;

#[derive(Clone, Copy, Debug)]
enum Step {
    Create(usize),
    Start(usize),
    Exit(usize),
    Enter(usize, usize),
    Leave(usize, usize),
    Replay(usize),
    /// Somebody's role and name become others.
    Change(usize, Role),
    Group(usize),
    Join(usize, usize),
    Quit(usize, usize),
    /// Every lesson is renewed in one transaction, and so many are made.
    Many(usize),
    /// Writes a little of everything and takes it back.
    Fail(usize),
    /// What memory has is doubted.
    Doubt,
    Pass(i64),
    PowerCut,
}

fn step() -> impl Strategy<Value = Step> {
    let (who, n) = (0..PEOPLE, 0..6usize);
    let roles = proptest::sample::select(vec![Role::Teacher, Role::Pupil, Role::Technician]);
    prop_oneof![
        4 => (0..2usize).prop_map(Step::Create),
        4 => n.clone().prop_map(Step::Start),
        2 => n.clone().prop_map(Step::Exit),
        6 => (who.clone(), n.clone()).prop_map(|(who, n)| Step::Enter(who, n)),
        3 => (who.clone(), n.clone()).prop_map(|(who, n)| Step::Leave(who, n)),
        1 => n.clone().prop_map(Step::Replay),
        2 => (who.clone(), roles).prop_map(|(who, role)| Step::Change(who, role)),
        2 => who.clone().prop_map(Step::Group),
        3 => (who.clone(), n.clone()).prop_map(|(who, n)| Step::Join(who, n)),
        1 => (who.clone(), n.clone()).prop_map(|(who, n)| Step::Quit(who, n)),
        1 => n.clone().prop_map(Step::Many),
        2 => n.prop_map(Step::Fail),
        1 => Just(Step::Doubt),
        2 => (1..100i64).prop_map(Step::Pass),
        1 => Just(Step::PowerCut),
    ]
}

#[test]
fn memory_shows_what_the_store_says_after_any_operations_and_power_cuts() {
    run(12, &proptest::collection::vec(step(), 1..50), async |steps| {
        let mut world = World::new().await;
        let mut people = Vec::new();
        for n in 0..PEOPLE {
            let role = if n < 2 { Role::Teacher } else { Role::Pupil };
            people.push(person(&world, &format!("p{n}"), role).await);
        }
        for step in steps {
            if let Step::PowerCut = step {
                power_cut(&mut world).await;
            } else {
                // What may not be is refused; the store knows.
                let _ = act(&world, &people, step).await;
            }
            while world.orders.try_recv().is_ok() {}
            compare(world.app(), &people).await?;
        }
        Ok(())
    });
}

async fn act(world: &World, people: &[Actor], step: Step) -> Result<(), Fault> {
    let (app, now) = (world.app(), world.clock.moment());
    let id = |n: usize| RoomId(10_001 + i64::try_from(n).unwrap());
    let group_id = |n: usize| GroupId(FIRST.0 + i64::try_from(n).unwrap());
    match step {
        Step::Create(who) => {
            let cover = format!("/c/{who}");
            room::create(app, &people[who], format!("\"{who}"), cover, now).await.map(drop)
        }
        Step::Start(n) => {
            lesson::start(app, id(n), (&host(app, people, id(n)).await?, HERE), 1, now).await
        }
        Step::Exit(n) => {
            lesson::exit(app, id(n), (&host(app, people, id(n)).await?, HERE), 1, now).await
        }
        Step::Enter(who, n) => lesson::enter(app, id(n), &people[who], 1, now).await,
        Step::Leave(who, n) => lesson::leave(app, id(n), &people[who], now).await,
        Step::Replay(n) => {
            let replay = move |conn: &rusqlite::Connection| {
                lessons::set_replay(conn, id(n), "/media/i.json")?;
                Ok(())
            };
            app.db.write(replay).await
        }
        Step::Change(who, role) => {
            let user = people[who].id;
            let change = move |conn: &rusqlite::Connection| {
                let old = users::by_id(conn, user)?.unwrap();
                let name = format!("{}{}", old.name, role.word());
                Ok(users::set_standing(conn, &arctos_box::model::user::User { name, role, ..old })?)
            };
            app.db.write(change).await
        }
        Step::Group(who) => {
            let plan = group::Plan { name: "g".into(), code: "c".into(), cover: String::new() };
            group::create(app, &people[who], plan, now).await.map(drop)
        }
        Step::Join(who, n) => {
            let from = [127, 0, 0, 1].into();
            let knock = group::Knock { user: people[who].id, code: "c".into(), from };
            group::enter(app, group_id(n), knock, now).await
        }
        Step::Quit(who, n) => group::quit(app, group_id(n), people[who].id, now).await,
        Step::Many(n) => {
            let host = people[0].id;
            let many = move |conn: &rusqlite::Connection| {
                for _ in 0..n * 3 {
                    let insert =
                        "INSERT INTO room (host_id, title, cover, state, created_at, watch_key)
                                  VALUES (?1, 'many', '', 0, ?2, '')";
                    conn.execute(insert, [host.0, now.wall.0])?;
                }
                conn.execute("UPDATE room SET title = title || '!'", [])?;
                Ok(conn.query_row("SELECT MAX(id) FROM room", [], |row| row.get(0))?)
            };
            let newest: Option<i64> = app.db.write(many).await?;
            newest.into_iter().for_each(|id| app.presence.created(RoomId(id)));
            Ok(())
        }
        Step::Fail(n) => {
            let user = people[n % PEOPLE].id;
            let fail = move |conn: &rusqlite::Connection| {
                lessons::begin(conn, id(n), 1, None, Millis(1))?;
                lessons::enter(conn, id(n), user, Millis(1))?;
                users::set_shown(conn, user, Some("never"), None)?;
                Err::<(), _>(Fault::denied("not at all"))
            };
            app.db.write(fail).await
        }
        Step::Doubt => doubt(app).await,
        Step::Pass(seconds) => {
            world.advance(Millis::seconds(seconds)).await;
            Ok(())
        }
        Step::PowerCut => Ok(()),
    }
}

/// As when the writer cannot tell what it changed.
async fn doubt(app: &Appliance) -> Result<(), Fault> {
    let catalogue = app.catalogue.clone();
    let doubt = move |conn: &rusqlite::Connection| {
        catalogue.heard(conn, None);
        Ok(())
    };
    app.db.read(doubt).await
}

/// Whoever has made it.
async fn host(app: &Appliance, people: &[Actor], id: RoomId) -> Result<Actor, Fault> {
    let host = room::get(app, id).await?.host;
    Ok(people.iter().find(|p| p.id == host).unwrap().clone())
}

fn slip(room: &Room) -> Slip {
    Slip { text: format!("{room:?}").into_bytes().into(), cuts: [0, 0] }
}

fn paste(total: i64, slips: &[&Slip]) -> (i64, Vec<String>) {
    (total, slips.iter().map(|s| String::from_utf8(s.text.to_vec()).unwrap()).collect())
}

fn write(member: &Member, rows: &mut Vec<u8>) {
    rows.extend(format!("{} {}", member.handle, member.is_teacher).bytes());
}

fn rows(total: usize, rows: &[u8]) -> (usize, String) {
    (total, String::from_utf8(rows.to_vec()).unwrap())
}

/// As the dialects do it: memory first, else the store, which memory shows from then on.
async fn listed(app: &Appliance, filter: &RoomFilter, page: Page) -> (i64, Vec<String>) {
    if let Some(shown) = app.catalogue.rooms(filter, page, slip, paste) {
        return shown;
    }
    let (total, rooms) = room::list(app, filter.clone(), page).await.unwrap();
    (total, rooms.iter().map(|room| format!("{room:?}")).collect())
}

async fn seated(app: &Appliance, id: RoomId, page: Page) -> (usize, String) {
    if let Some(shown) = app.catalogue.members(id, page, write, rows) {
        return shown;
    }
    told(room::members(app, id, page).await.unwrap())
}

fn told((total, members): (i64, Vec<Member>)) -> (usize, String) {
    let mut lines = Vec::new();
    for member in &members {
        let mut line = Vec::new();
        write(member, &mut line);
        lines.push(String::from_utf8(line).unwrap());
    }
    (usize::try_from(total).unwrap(), lines.join(","))
}

fn filters(people: &[Actor]) -> Vec<RoomFilter> {
    let none = RoomFilter::default();
    let at = |s: i64| Some(crate::world::START + Millis::seconds(s));
    let mut all = vec![
        RoomFilter { appid: Some(1), ..none.clone() },
        RoomFilter { host: Some(people[1].id), state: Some(RoomState::Created), ..none.clone() },
        RoomFilter { room: Some(RoomId(10_002)), ..none.clone() },
        RoomFilter { room: Some(RoomId(10_001)), state: Some(RoomState::Live), ..none.clone() },
        RoomFilter { room: Some(RoomId(i64::MAX)), ..none.clone() },
        RoomFilter { room: Some(RoomId(i64::MIN)), ..none.clone() },
        RoomFilter { from: at(0), ..none.clone() },
        RoomFilter { from: at(50), to: at(200), ..none.clone() },
    ];
    all.extend(RoomState::ALL.map(|state| RoomFilter { state: Some(state), ..none.clone() }));
    all.extend(people[..2].iter().map(|p| RoomFilter { host: Some(p.id), ..none.clone() }));
    // More than are kept at once.
    all.extend((0..8).map(|s| RoomFilter { to: at(s * 20), ..none.clone() }));
    all.push(none);
    all
}

async fn compare(app: &Appliance, people: &[Actor]) -> Result<(), TestCaseError> {
    for filter in filters(people) {
        for (index, size) in [(0, 50), (1, 2), (3, 1), (0, 0), (i64::MAX, 50)] {
            let page = Page { index, size };
            let wanted = filter.clone();
            let stored =
                app.db.read(move |conn| Ok(rooms::list(conn, &wanted, page)?)).await.unwrap();
            let stored = (stored.0, stored.1.iter().map(|r| format!("{r:?}")).collect::<Vec<_>>());
            // Once from wherever it is, once more from memory.
            prop_assert_eq!(&listed(app, &filter, page).await, &stored, "{:?}", filter);
            let shown = app.catalogue.rooms(&filter, page, slip, paste);
            prop_assert_eq!(shown, Some(stored), "{:?} {} {}", filter, index, size);
        }
    }
    for n in 10_001..10_008 {
        for (index, size) in [(0, 50), (1, 1), (2, 0), (9, 9)] {
            let (id, page) = (RoomId(n), Page { index, size });
            let stored =
                app.db.read(move |conn| Ok(rooms::members(conn, id, page)?)).await.unwrap();
            prop_assert_eq!(seated(app, id, page).await, told(stored));
        }
    }
    for person in people {
        let (id, page) = (person.id, Page { index: 0, size: 20 });
        let stored = app
            .db
            .read(move |conn| Ok((users::by_id(conn, id)?, groups::of(conn, id, page)?)))
            .await
            .unwrap();
        let face = match people::face(app, id) {
            Ok(face) => face,
            Err(before) => people::look(app, id, before).await.unwrap(),
        };
        prop_assert_eq!(&face.row, &Face::from(stored.0.unwrap()));
        let groups = match group::first(app, id) {
            Ok(groups) => groups,
            Err(before) => group::of(app, id, page, Some(before)).await.unwrap(),
        };
        prop_assert_eq!(format!("{groups:?}"), format!("{:?}", stored.1));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_writes_and_then_reads_sees_it_while_others_write_and_memory_is_read_anew() {
    let world = World::new().await;
    let ann = person(&world, "ann", Role::Teacher).await;
    let now = world.clock.moment();
    let app = world.app().clone();
    let id = room::create(&app, &ann, "t".into(), String::new(), now).await.unwrap();
    lesson::start(&app, id, (&ann, HERE), 1, now).await.unwrap();
    let mut writing = tokio::task::JoinSet::new();
    for n in 0..6 {
        let pupil = person(&world, &format!("pupil{n}"), Role::Pupil).await;
        let teacher = person(&world, &format!("teacher{n}"), Role::Teacher).await;
        writing.spawn(write_and_read(app.clone(), id, pupil, teacher, now));
    }
    let doubting = tokio::spawn({
        let app = app.clone();
        async move {
            loop {
                doubt(&app).await.unwrap();
                tokio::time::sleep(std::time::Duration::from_millis(3)).await;
            }
        }
    });
    while let Some(done) = writing.join_next().await {
        done.unwrap();
    }
    doubting.abort();
    let people: Vec<Actor> = vec![ann.clone(), ann];
    compare(&app, &people).await.unwrap();
}

async fn write_and_read(
    app: Arc<Appliance>,
    id: RoomId,
    pupil: Actor,
    teacher: Actor,
    now: Moment,
) {
    let all = Page { index: 0, size: 50 };
    for round in 0..25_usize {
        let made = room::create(&app, &teacher, "t".into(), String::new(), now).await.unwrap();
        let hers = RoomFilter { host: Some(teacher.id), ..RoomFilter::default() };
        let (total, rows) = listed(&app, &hers, all).await;
        assert_eq!((total, rows.len()), (i64::try_from(round).unwrap() + 1, round + 1));
        assert!(rows[0].contains(&format!("RoomId({made})")), "{}", rows[0]);
        lesson::enter(&app, id, &pupil, 1, now).await.unwrap();
        let name = pupil.handle.as_str();
        assert!(seated(&app, id, all).await.1.contains(name), "{name} has entered");
        let one = RoomFilter { room: Some(id), ..RoomFilter::default() };
        let (_, rows) = listed(&app, &one, all).await;
        assert!(!rows[0].contains("members: 1 }"), "the host is not alone: {}", rows[0]);
        lesson::leave(&app, id, &pupil, now).await.unwrap();
        assert!(!seated(&app, id, all).await.1.contains(name), "{name} has left");
    }
}

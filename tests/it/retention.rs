//! How long recordings are kept, with a clock in the test's hand: by age, by space, and not while somebody wants them.

use arctos_box::domain::retention;
use arctos_box::model::user::{Origin, Role};
use arctos_box::model::{Millis, RoomId};
use arctos_box::store;
use serde_json::{Value, json};

use crate::access::person;
use crate::golden::replay;
use crate::world::{START, World};

/// A replay with its files, on a box that has kept house already; answers its number.
async fn kept(world: &World, token: &str) -> i64 {
    let room = replay(world, token).await;
    let folder = world.app().folders.recordings.join(room.to_string());
    std::fs::write(folder.join("1.mp4"), "a film").unwrap();
    look(world).await;
    room
}

/// The box looks what is due.
async fn look(world: &World) {
    retention::step(world.app(), world.clock.moment()).await.unwrap();
}

async fn seen(world: &World, room: i64) -> Value {
    world.get(&format!("/media/{room}/lesson.json")).await.json()
}

async fn days(world: &World, days: i64) {
    world.hand.advance(Millis::days(days));
    look(world).await;
}

#[tokio::test]
async fn a_recording_is_shown_with_its_day_and_is_gone_after_it_with_all_its_files() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let room = kept(&world, &ann).await;
    let until = START.as_seconds() + 4 + 90 * 86_400;
    let before = seen(&world, room).await;
    assert_eq!((&before["kept_until"], &before["state"]), (&json!(until), &json!(3)));
    let folder = world.app().folders.recordings.join(room.to_string());
    days(&world, 89).await;
    assert_eq!(world.get(&format!("/media/{room}/1.mp4")).await.status, 200);
    days(&world, 1).await;
    assert!(!folder.exists());
    for name in ["1.mp4", "lesson.m3u8", "index.json"] {
        let answer = world.get(&format!("/media/{room}/{name}")).await;
        assert_eq!(answer.status, 410, "{name}: {}", answer.text());
    }
    let after = seen(&world, room).await;
    let absent = ["kept_until", "playlist", "progressive", "index"].map(|name| &after[name]);
    assert_eq!((absent, &after["state"]), ([&Value::Null; 4], &json!(2)), "{after}");
    assert!(after["reason"].as_str().unwrap().contains("its time was over"), "{after}");
    let again = world.teacher("eve").await;
    assert_eq!(world.row(&again, room).await["playback_idx_url"], "");
    let root = world.administer().await;
    let audit = world.staff("GET", "audit?event=recording%20deleted", &root, Value::Null).await;
    assert_eq!(audit.json()["lines"][0]["subject"], room.to_string());
    let lesson = world.staff("GET", &format!("lessons/{room}"), &root, Value::Null).await.json();
    assert_eq!(lesson["deleted_ms"], world.clock.now().0);
    let (address, wanted) = (format!("lessons/{room}/export"), json!({"export": "wanted"}));
    let mark = world.staff("POST", &address, &root, wanted).await;
    assert_eq!(mark.status, 404, "there is nothing left to be wanted");
}

#[tokio::test]
async fn what_is_wanted_elsewhere_stays_until_it_is_there_also_after_a_restart() {
    let mut world = World::new().await;
    let ann = world.teacher("ann").await;
    let room = kept(&world, &ann).await;
    let root = world.administer().await;
    let lesson = world.staff("GET", &format!("lessons/{room}"), &root, Value::Null).await.json();
    let key = lesson["watch"].as_str().unwrap().split_once('?').unwrap().1.to_owned();
    let mark = async |world: &World, word: &str| {
        let tech = person(world, "tech", Origin::Box, Role::Technician).await;
        let (tech, body) = (world.token(&tech, Origin::Box).await, json!({"export": word}));
        let answer = world.staff("POST", &format!("lessons/{room}/export"), &tech, body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    mark(&world, "wanted").await;
    let address = format!("/media/{room}/1.mp4?{key}");
    world.restart().await;
    look(&world).await;
    for _ in 0..3 {
        days(&world, 100).await;
        assert_eq!(world.get(&address).await.status, 200);
    }
    mark(&world, "done").await;
    look(&world).await;
    assert_eq!(world.get(&address).await.status, 410);
}

#[tokio::test]
async fn the_oldest_give_way_when_the_disk_is_full_and_nothing_does_in_vain() {
    // A disk of 100 GiB free; films of half a megabyte. One MiB more than there is takes three of them.
    let world = World::with(&["retention.free_mib=102401", "retention.days=0"]).await;
    let ann = world.teacher("ann").await;
    let (first, second) = (kept(&world, &ann).await, kept(&world, &ann).await);
    days(&world, 3).await;
    let states = async |rooms: &[i64]| {
        let mut states = Vec::new();
        for room in rooms {
            states.push(seen(&world, *room).await["state"].as_i64().unwrap());
        }
        states
    };
    assert_eq!(states(&[first, second]).await, [3, 3], "all of them are not enough");
    let third = kept(&world, &ann).await;
    let all = [first, second, third];
    assert_eq!(states(&all).await, [3, 3, 3], "what ended just now does not give way");
    world.hand.advance(Millis::seconds(3600));
    let put = move |conn: &rusqlite::Connection| {
        let call = ("recendcall", "an id", "{}");
        Ok(store::outbox::put(conn, "school", RoomId(first), call, START)?)
    };
    world.app().db.write(put).await.unwrap();
    look(&world).await;
    assert_eq!(states(&all).await, [3, 3, 3], "who is to hear of it has not");
    let sent = |conn: &rusqlite::Connection| Ok(store::outbox::sent(conn, 1)?);
    world.app().db.write(sent).await.unwrap();
    look(&world).await;
    assert_eq!(states(&all).await, [2, 2, 2]);
    let why = seen(&world, first).await["reason"].as_str().unwrap().to_owned();
    assert!(why.contains("room for new ones"), "{why}");
}

#[tokio::test]
async fn a_clock_that_is_set_forward_by_years_does_not_empty_the_box() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let room = kept(&world, &ann).await;
    world.hand.set_wall(Millis::days(4000));
    look(&world).await;
    world.hand.advance(Millis::seconds(3600));
    look(&world).await;
    assert_eq!(seen(&world, room).await["state"], 3, "an hour is a week at most");
    world.hand.set_wall(Millis::days(-4000));
    days(&world, 89).await;
    assert_eq!(seen(&world, room).await["state"], 3);
    days(&world, 1).await;
    assert_eq!(seen(&world, room).await["state"], 2);
}

#[tokio::test]
async fn a_folder_that_cannot_be_removed_keeps_no_other_and_nothing_more_goes_for_space_meanwhile()
{
    let world = World::with(&["retention.free_mib=102401", "retention.days=0"]).await;
    let ann = world.teacher("ann").await;
    let mut rooms = Vec::new();
    for _ in 0..3 {
        rooms.push(kept(&world, &ann).await);
    }
    let folder = |room: i64| world.app().folders.recordings.join(room.to_string());
    // Where its folder was there is a file, which is removed as none.
    std::fs::rename(folder(rooms[0]), folder(0)).unwrap();
    std::fs::write(folder(rooms[0]), "no folder").unwrap();
    world.hand.advance(Millis::seconds(3600));
    let step = async || retention::step(world.app(), world.clock.moment()).await;
    assert!(step().await.is_err());
    assert!(!folder(rooms[1]).exists() && !folder(rooms[2]).exists(), "the others are gone");
    let mut more = Vec::new();
    for _ in 0..3 {
        more.push(replay(&world, &ann).await);
    }
    for _ in 0..3 {
        world.hand.advance(Millis::seconds(3600));
        assert!(step().await.is_err());
        assert_eq!(seen(&world, more[0]).await["state"], 3, "its room would not help");
    }
    std::fs::remove_file(folder(rooms[0])).unwrap();
    step().await.unwrap();
    assert_eq!(seen(&world, more[0]).await["state"], 2);
}

//! A lease a lesson: never more of them than the licence allows, and none that outlives its lesson.

use std::time::Duration;

use arctos_box::store::Db;
use serde_json::json;
use tokio::task::JoinSet;

use super::{refuses, start, world};
use crate::process::{Person, Service, poll};
use crate::world::World;

/// Lessons with a lease, and lessons that are live.
async fn counted(db: &Db) -> (Vec<i64>, Vec<i64>) {
    db.read(|conn| {
        let all = |sql: &str| {
            let mut found = conn.prepare(sql)?;
            found.query_map([], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()
        };
        let leases = all("SELECT room_id FROM lease ORDER BY room_id")?;
        Ok((leases, all("SELECT id FROM room WHERE state = 1 ORDER BY id")?))
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn a_lesson_more_than_the_licence_allows_waits_until_another_ends() {
    let (vendor, world, ann, third) = world().await;
    vendor.install(&world, |_| {});
    let (first, second) = (world.live_room(&ann).await, world.live_room(&ann).await);
    refuses(&world, &ann, third, "3405", "end one").await;
    assert_eq!(counted(&world.app().db).await, (vec![first, second], vec![first, second]));
    world.ok("live/exitroom", json!({"token": ann, "roomnum": first})).await;
    assert_eq!(start(&world, &ann, third).await["errorCode"], 0);
    assert_eq!(counted(&world.app().db).await.0, [third, second]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_lessons_that_start_at_once_as_many_start_as_the_licence_allows() {
    let (vendor, world, ann, _) = world().await;
    vendor.install(&world, |l| l.rooms = 7);
    let mut rooms = Vec::new();
    for _ in 0..20 {
        rooms.push(world.room(&ann).await);
    }
    let world = std::sync::Arc::new(world);
    let mut starts = JoinSet::new();
    for room in rooms {
        let (world, ann) = (world.clone(), ann.clone());
        starts.spawn(async move { start(&world, &ann, room).await["errorCode"].clone() });
    }
    let codes = starts.join_all().await;
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 7, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == 10110).count(), 13, "{codes:?}");
    let (leases, live) = counted(&world.app().db).await;
    assert_eq!((leases.len(), &leases), (7, &live));
    assert_eq!(world.app().presence.counts().0, 7, "none waits in memory");
}

#[tokio::test]
async fn a_store_that_knows_no_leases_or_wrong_ones_is_put_right_at_the_start() {
    let mut world = World::new().await;
    let ann = world.teacher("ann").await;
    let (first, second) = (world.live_room(&ann).await, world.live_room(&ann).await);
    let over = world.room(&ann).await;
    let wrong = move |conn: &rusqlite::Connection| {
        conn.execute("DELETE FROM lease WHERE room_id = ?1", [first])?;
        conn.execute("INSERT INTO lease VALUES (?1, '', '', 0)", [over])?;
        Ok(())
    };
    world.app().db.write(wrong).await.unwrap();
    world.restart().await;
    assert_eq!(counted(&world.app().db).await.0, [first, second]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_box_killed_while_lessons_begin_and_end_has_a_lease_for_each_that_runs_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("d");
    let mut service = Service::start(&data, &[]);
    let mut ann = Person::arrive(&service.base(), "ann", 1).await;
    for kill in 0..5u64 {
        let (busy, base) = (ann.at(&service.base()), service.base());
        let lessons = tokio::spawn(async move {
            // Until the box is gone.
            while let Ok(made) = busy.call("live/create", json!({"title": "math"})).await {
                let room = json!({"roomnum": made["data"]["roomnum"]});
                let _ = busy.call("live/startcourse", room.clone()).await;
                let _ = busy.call("live/exitroom", room).await;
            }
        });
        let before = started(&ann, &base).await;
        poll("some lessons", Duration::from_secs(20), async || {
            (started(&ann, &base).await > before + 1).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_millis(7 * kill)).await;
        service.kill();
        lessons.await.unwrap();

        let db = Db::open(&data).unwrap();
        let (leases, live) = counted(&db).await;
        db.close().await;
        assert_eq!(leases, live, "kill {kill}");
        service = Service::start(&data, &[]);
        ann = ann.at(&service.base());
        for room in live {
            ann.ok("live/exitroom", json!({"roomnum": room})).await;
        }
    }
    // All four of the demonstration are there again.
    for _ in 0..4 {
        ann.teach().await;
    }
    let room = ann.ok("live/create", json!({"title": "one more"})).await["roomnum"].clone();
    let refused = ann.call("live/startcourse", json!({"roomnum": room})).await.unwrap();
    assert_eq!(refused["errorCode"], 10110);
}

/// Lessons that were ever started.
async fn started(ann: &Person, base: &str) -> i64 {
    let ask = json!({"index": 0, "size": 1});
    ann.at(base).ok("live/roomlist", ask).await["total"].as_i64().unwrap()
}

//! A clock that jumps both ways: age and silence run on monotonic time, so that nobody is logged out, put out of a
//! lesson or locked out. The licence's side is in `licence/`, its leases and doubts.

use arctos_box::domain::outbox;
use arctos_box::model::{Millis, RoomId};
use arctos_box::store;
use serde_json::json;

use crate::world::World;

/// Ten years ahead, back again, and to before the box was built.
const JUMPS: [i64; 3] = [3_650, -3_650, -20_000];

#[tokio::test]
async fn nobody_is_logged_out_and_no_lesson_ends_when_the_clock_jumps() {
    let world = World::new().await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("bob").await);
    let room = world.live_room(&ann).await;
    world.ok("live/reportmemid", json!({"token": bob, "roomnum": room, "operate": 0})).await;
    for days in JUMPS {
        world.hand.set_wall(Millis::days(days));
        world.advance(Millis::seconds(1)).await;
        for token in [&ann, &bob] {
            world.ok("live/heartbeat", json!({"token": token, "roomnum": room})).await;
        }
        assert_eq!(world.row(&ann, room).await["memsize"], 2, "{days} days");
        // What is new works as well: an account, its log-in, a course, an upload's signature.
        let carl = world.teacher(&format!("carl{days}")).await;
        let second = world.live_room(&carl).await;
        world.ok("cos/get_sign", json!({"token": carl, "type": 0})).await;
        world.ok("live/exitroom", json!({"token": carl, "roomnum": second})).await;
    }
    // Silence is still silence, and seven days are still seven days.
    world.advance(Millis::seconds(121)).await;
    assert_eq!(world.row(&ann, room).await["memsize"], 1, "the host has 300 s");
    world.advance(Millis::seconds(180)).await;
    assert_eq!(world.row(&ann, room).await["state"], 2);
    world.advance(Millis::days(7)).await;
    let (total, _) =
        (world.edu("live/roomlist", json!({"token": ann, "index": 0, "size": 1})).await, ());
    assert_eq!(total["errorCode"], 10009);
}

#[tokio::test]
async fn wrong_tries_and_allowances_do_not_run_on_the_wall_clock() {
    let world = World::new().await;
    world.pupil("bob").await;
    let guess = async || {
        world.edu("account/login", json!({"id": "bob", "pwd": "guess"})).await["errorCode"].clone()
    };
    for _ in 0..10 {
        assert_eq!(guess().await, 10006);
    }
    for days in JUMPS {
        world.hand.set_wall(Millis::days(days));
        assert_eq!(guess().await, 10111, "{days} days");
    }
    world.advance(Millis::seconds(60)).await;
    assert_eq!(guess().await, 10006);
}

#[tokio::test]
async fn a_call_put_off_by_a_clock_that_was_ahead_does_not_wait_for_that_year() {
    let config = "[[webhook]]\nname = \"school\"\nurl = \"http://127.0.0.1:1/\"\n\
                  secret = \"a secret between two servers\"\n";
    let world = World::configured(config).await;
    let ann = world.teacher("ann").await;
    let room = RoomId(world.room(&ann).await);
    world.hand.set_wall(Millis::days(3_650));
    let at = world.clock.now();
    let put = move |conn: &rusqlite::Connection| {
        Ok(store::outbox::put(conn, "school", room, ("recendcall", "an id", "{}"), at)?)
    };
    world.app().db.write(put).await.unwrap();
    let (app, now) = (world.app(), || world.clock.moment());
    let due = outbox::due(app, now()).await.unwrap();
    let parcel = due.first().expect("it is due at once").clone();
    outbox::settle(app, &parcel, Err("nobody there".into()), now()).await.unwrap();
    assert!(outbox::due(app, now()).await.unwrap().is_empty(), "it waits a second");
    world.hand.set_wall(Millis::days(-3_650));
    assert_eq!(outbox::due(app, now()).await.unwrap().first().map(|p| p.id), Some(parcel.id));
    // Forward again: still there, and not given up after a single try.
    outbox::settle(app, &parcel, Err("nobody there".into()), now()).await.unwrap();
    world.hand.set_wall(Millis::days(3_650));
    assert_eq!(outbox::waiting(app).await.unwrap(), 1);
    assert_eq!(outbox::due(app, now()).await.unwrap().len(), 1);
}

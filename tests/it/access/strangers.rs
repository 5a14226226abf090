//! Another user's object: what somebody gets from a lesson or a group that is none of his business, for every row
//! that names one. A new such row must be listed here.

use arctos_box::dialect::{Access, DIALECTS, Dialect, Row, path};
use arctos_box::model::user::{Origin, Role};
use serde_json::{Value, json};

use super::{Caller, person};
use crate::ask::Ask;
use crate::golden::{plain, row};
use crate::keys::Door;
use crate::plausible;
use crate::world::World;

/// What a row answers a stranger, by the names of `golden/coverage`, and whether the thing is as before.
enum Stranger {
    /// Refused, and nothing has changed.
    Gets(&'static str),
    /// May do so, as decided; what he is shown is this (`Null`: not looked at).
    May(&'static str, Value),
}

use Stranger::{Gets, May};

fn strangers_answer(dialect: &Dialect, row: &Row) -> Stranger {
    let empty =
        |list: &str| json!({"errorCode": 0, "errorInfo": "", "data": {"total": 0, list: []}});
    let place = plain(dialect, row);
    match (dialect.name, place.as_str()) {
        ("edu", "live/startcourse" | "live/exitroom" | "live/reportbind") => Gets("200 10101"),
        ("edu", "live/heartbeat") => Gets("200 20001"),
        ("edu", "live/querybind") => May("200 0", empty("bind_files")),
        // Anybody of the application may look for a course, see who is there, and enter it.
        ("edu", "live/reportmemid" | "live/roomlist") => May("200 0", Value::Null),
        ("edu", "live/roomidlist") => May(
            "200 0",
            json!({"errorCode": 0, "errorInfo": "",
                "data": {"total": 1, "idlist": [{"id": "ann", "role": 1}]}}),
        ),
        ("groups", "api/im/group/{}/join" | "api/im/group/{}/quit" | "api/im/group/{}/users") => {
            Gets("404")
        }
        ("groups", "api/im/group/{}/dismiss") => Gets("403 denied"),
        // The group has no code that he could have been told.
        ("groups", "api/im/group/{}/invite") => Gets("400"),
        (name, other) => {
            panic!("{name} {other} names a thing and is new: say what a stranger gets")
        }
    }
}

/// Whether a row for people names a thing that may be another's.
fn names_a_thing(row: &Row) -> bool {
    let mut names = row.input.iter().map(|field| field.name).chain(path::params(row.address));
    row.access == Access::User && names.any(|name| ["roomnum", "groupid", "id"].contains(&name))
}

/// A thing of ann's, and how it looks to her.
struct Thing {
    number: Value,
    ann: String,
}

impl Thing {
    async fn of_ann(world: &World, dialect: &'static Dialect) -> Self {
        let ann = world.teacher("ann").await;
        let number = match dialect.name {
            "edu" => {
                let room = world.live_room(&ann).await;
                let file = json!({"type": 0, "file_name": "a", "url": "http://a"});
                let bind = json!({"token": ann, "roomnum": room, "operate": 0, "bind_file": file});
                world.ok("live/reportbind", bind).await;
                json!(room)
            }
            "groups" => {
                let ask = Ask::new().token(&format!("Token {ann}")).json(json!({"name": "ours"}));
                let made = ask.send(world, dialect, row(dialect, "POST api/im/group")).await;
                made.json()["id"].clone()
            }
            name => panic!("{name} is new: say here how somebody gets a thing of it"),
        };
        Self { number, ann }
    }

    async fn seen(&self, world: &World, dialect: &'static Dialect) -> Value {
        if dialect.name == "edu" {
            return world.row(&self.ann, self.number.as_i64().unwrap()).await;
        }
        let ask = Ask::new().token(&format!("Token {}", self.ann)).param("id", &self.number);
        let users = row(dialect, "api/im/group/{id}/users");
        let retrieve = row(dialect, "api/im/retrieve/{id}");
        let users = ask.send(world, dialect, users).await.json();
        json!([users, ask.send(world, dialect, retrieve).await.json()])
    }
}

#[tokio::test]
async fn a_stranger_gets_from_another_users_thing_what_was_decided() {
    for dialect in DIALECTS {
        for row in dialect.rows.iter().filter(|row| names_a_thing(row)) {
            for (origin, role) in [(Origin::Edu, Role::Pupil), (Origin::Arctos, Role::Teacher)] {
                let world = World::new().await;
                let thing = Thing::of_ann(&world, dialect).await;
                let before = thing.seen(&world, dialect).await;
                let eve = person(&world, "eve", origin, role).await;
                let eve = world.token(&eve, origin).await;
                let ask = Door::of(dialect, row).put(row, named(dialect, row, &thing), &eve);
                let at = format!("{} {} by a {role:?}", dialect.name, row.address);
                let caller = Caller::new(&world);
                let name = caller.name(dialect, row, ask.clone()).await;
                match strangers_answer(dialect, row) {
                    Gets(wanted) => {
                        assert_eq!(name, wanted, "{at}");
                        assert_eq!(thing.seen(&world, dialect).await, before, "{at} changed it");
                    }
                    May(wanted, shown) => {
                        assert_eq!(name, wanted, "{at}");
                        if !shown.is_null() {
                            assert_eq!(
                                caller.answer(dialect, row, ask).await.json(),
                                shown,
                                "{at}"
                            );
                        }
                    }
                }
            }
        }
    }
}

/// A request about the thing that its owner could make.
fn named(dialect: &Dialect, row: &Row, thing: &Thing) -> Ask {
    let mut ask = plausible::ask(dialect, row);
    for (name, value) in [
        ("roomnum", thing.number.clone()),
        ("groupid", thing.number.clone()),
        ("id", thing.number.clone()),
        ("size", json!(10)),
        ("userid", json!(10_002)),
        ("bind_file", json!({"type": 0, "file_name": "a", "url": "http://a"})),
    ] {
        if row.input.iter().any(|field| field.name == name) {
            ask = ask.field(row, name, value);
        }
    }
    ask
}

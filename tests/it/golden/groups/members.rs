//! Who comes, who goes, who is there.

use arctos_box::dialect::groups::DIALECT;
use arctos_box::model::Millis;
use serde_json::json;

use super::{call, group, number, token};
use crate::ask::Ask;
use crate::golden::Script;
use crate::world::World;

#[tokio::test]
async fn join_answers_as_written() {
    let mut script = Script::of(&DIALECT, "api/im/group/{id}/join");
    let world = World::new().await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("bob").await);
    let id = group(&world, &ann, json!({"name": "n"})).await;
    let userid = number(&world, &bob).await;
    let good = token(&ann).param("id", id).json(json!({"userid": userid}));
    script.common(&world, &good).await;
    let stranger = token(&bob).param("id", id).json(json!({"userid": userid}));
    script.case(&world, "somebody who is not in it", stranger.clone()).await;
    script.case(&world, "a member brings somebody in", good).await;
    script.case(&world, "who is in it now, and may do the same", stranger).await;
    let form = token(&ann).param("id", id).form(&[("userid", &userid.to_string())]);
    script.case(&world, "a form; digits as text", form).await;
    for (title, userid) in [
        ("nobody has that number", json!(7)),
        ("the number is none", json!("bob")),
        ("the number is not positive", json!(0)),
    ] {
        let ask = token(&ann).param("id", id).json(json!({"userid": userid}));
        script.case(&world, title, ask).await;
    }
    let nowhere = token(&ann).param("id", 7).json(json!({"userid": userid}));
    script.case(&world, "there is no such group", nowhere).await;
    world.administer().await;
    let root = world.administrator().await;
    let root = token(&ann).param("id", id).json(json!({"userid": root}));
    script.case(&world, "an administrator is nobody here", root).await;
    script.close();
}

impl World {
    /// The number of the administrator whom `administer` made.
    async fn administrator(&self) -> i64 {
        let sql = "SELECT id FROM user WHERE role = 'administrator'";
        let id = |conn: &rusqlite::Connection| Ok(conn.query_row(sql, [], |r| r.get(0))?);
        self.app().db.read(id).await.unwrap()
    }
}

#[tokio::test]
async fn invite_answers_as_written() {
    let mut script = Script::of(&DIALECT, "api/im/group/{id}/invite");
    let world = World::new().await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("bob").await);
    let id = group(&world, &ann, json!({"name": "n", "code": "4711"})).await;
    let closed = group(&world, &ann, json!({"name": "n"})).await;
    let knock =
        |who: &str, id: i64, code: &str| token(who).param("id", id).json(json!({"code": code}));
    let good = knock(&bob, id, "4711");
    script.common(&world, &good).await;
    script.case(&world, "the code opens the group", good.clone()).await;
    script.case(&world, "also for whoever is in it", good).await;
    let form = token(&ann).param("id", id).form(&[("code", "4711")]);
    script.case(&world, "a form", form).await;
    script.case(&world, "a group without a code", knock(&bob, closed, "4711")).await;
    script.case(&world, "a code is not empty", knock(&bob, closed, "")).await;
    script.case(&world, "there is no such group", knock(&bob, 7, "4711")).await;
    let cid = world.pupil("cid").await;
    for n in 0..5 {
        let title = if n == 0 { "a wrong code" } else { "another wrong code" };
        script.case(&world, title, knock(&cid, id, &n.to_string())).await;
    }
    script.case(&world, "five wrong ones, then the right one", knock(&cid, id, "4711")).await;
    world.hand.advance(Millis::seconds(60));
    script.case(&world, "a minute later", knock(&cid, id, "4711")).await;
    script.close();
}

#[tokio::test]
async fn quit_answers_as_written() {
    let mut script = Script::of(&DIALECT, "api/im/group/{id}/quit");
    let world = World::new().await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("bob").await);
    let id = group(&world, &ann, json!({"name": "n"})).await;
    let good = token(&ann).param("id", id);
    script.common(&world, &good).await;
    let cookie = Ask::new().param("id", id).header("Cookie", &format!("token={ann}"));
    script.case(&world, "a cookie is no token", cookie).await;
    script.case(&world, "somebody who is not in it", token(&bob).param("id", id)).await;
    script.case(&world, "its only member", good.clone()).await;
    script.case(&world, "the group is closed", good).await;
    script.close();
}

#[tokio::test]
async fn users_answers_as_written() {
    let mut script = Script::of(&DIALECT, "api/im/group/{id}/users");
    let world = World::new().await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("15965972666").await);
    let id = group(&world, &ann, json!({"name": "n", "code": "1"})).await;
    let good = token(&ann).param("id", id);
    script.common(&world, &good).await;
    script.case(&world, "somebody who is not in it", token(&bob).param("id", id)).await;
    let knock = async |who: &str| {
        let ask = token(who).param("id", id).json(json!({"code": "1"}));
        assert_eq!(call(&world, "api/im/group/{id}/invite", ask).await.0, 200);
    };
    knock(&bob).await;
    shown(&world, "ann", "稍等是", "https://cloud.example/2.jpg").await;
    script.case(&world, "two members; one has a name and a picture", good.clone()).await;
    for n in 0..19 {
        let name = format!("u{n}");
        let user = world.pupil(&name).await;
        knock(&user).await;
    }
    script.case(&world, "the first of two pages", good.clone()).await;
    script.case(&world, "the second", good.clone().query("page", 2)).await;
    script.case(&world, "there is no third", good.query("page", 3)).await;
    script.close();
}

async fn shown(world: &World, handle: &'static str, name: &'static str, picture: &'static str) {
    let set = move |conn: &rusqlite::Connection| {
        let sql = "UPDATE user SET name = ?2, picture = ?3 WHERE handle = ?1";
        conn.execute(sql, [handle, name, picture])?;
        Ok(())
    };
    world.app().db.write(set).await.unwrap();
}

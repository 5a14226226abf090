//! A whole lesson of a class of fifty, as it comes: everybody registers and logs in, the teacher makes and starts a
//! course, all enter, beat, look at the lists, and it ends.

use std::rc::Rc;
use std::time::Instant;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::counters::Cpu;
use crate::people::{self, PASSWORD};
use crate::report::{Line, median};
use crate::scene::Scene;
use crate::seed::Seed;
use crate::talk::Talk;
use crate::{Done, Plan};

const CLASS: u32 = 50;
/// A minute of a lesson.
const BEATS: u32 = 20;

struct Somebody {
    talk: Talk,
    token: String,
}

pub async fn lesson(plan: &Plan, seed: &Seed) -> Done<Vec<Line>> {
    // The licence allows four at once, and the seed's are under way: these end one by one.
    let scene = Scene::open(seed)?;
    let mut free = Talk::open(scene.house.http).await?;
    free.edu("live/exitroom", people::first_of(3), json!({"roomnum": seed.classes[3]})).await?;
    let (mut arriving, mut teaching, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    let cpu = || Cpu::of(scene.house.pid());
    for round in 0..plan.rounds {
        let (began, before) = (Instant::now(), cpu()?);
        let class = arrive(&scene, round).await?;
        let between = cpu()?;
        teach(class).await?;
        let after = cpu()?;
        arriving.push(between.since(&before).as_secs_f64());
        teaching.push(after.since(&between).as_secs_f64());
        whole.push(began.elapsed().as_secs_f64());
    }
    let what = format!("a whole lesson of {CLASS}");
    let calls = 3 + (CLASS - 1) + CLASS * (BEATS + 2);
    let each = median(teaching.clone()) * 1e6 / f64::from(calls);
    Ok(vec![
        Line::new(format!("{what}: seconds"), format!("{:.2}", median(whole))),
        Line::new(format!("{what}: all register and log in, CPU s"), seconds(arriving)),
        Line::new(format!("{what}: from create to exit, {calls} calls, CPU s"), seconds(teaching)),
        Line::new(format!("{what}: from create to exit, CPU µs a call"), format!("{each:.0}")),
    ])
}

fn seconds(values: Vec<f64>) -> String {
    format!("{:.3}", median(values))
}

async fn arrive(scene: &Scene, round: u32) -> Done<Vec<Somebody>> {
    let mut coming = JoinSet::new();
    for n in 0..CLASS {
        let mut talk = Talk::open(scene.house.http).await?;
        let id = format!("lesson {round} person {n}");
        coming.spawn_local(async move {
            let role = i64::from(n == 0);
            talk.say("account/regist", "", json!({"id": id, "pwd": PASSWORD, "role": role}))
                .await?;
            let entered = talk.say("account/login", "", json!({"id": id, "pwd": PASSWORD})).await?;
            let token = entered["token"].as_str().ok_or("no token")?.to_owned();
            Done::Ok((n, Somebody { talk, token }))
        });
    }
    let mut class = Vec::new();
    while let Some(came) = coming.join_next().await {
        class.push(came??);
    }
    // The teacher first.
    class.sort_by_key(|(n, _)| *n);
    Ok(class.into_iter().map(|(_, somebody)| somebody).collect())
}

async fn teach(class: Vec<Somebody>) -> Done<()> {
    let mut class = class.into_iter();
    let mut teacher = class.next().ok_or("nobody came")?;
    let made = teacher.say("live/create", json!({"title": "Mathematics"})).await?;
    let room = Rc::new(json!({"roomnum": made["roomnum"]}));
    teacher.say("live/startcourse", (*room).clone()).await?;
    let mut sitting = JoinSet::new();
    for mut pupil in class {
        let room = room.clone();
        sitting.spawn_local(async move {
            let mut enters = (*room).clone();
            enters["operate"] = 0.into();
            pupil.say("live/reportmemid", enters).await?;
            sit(&mut pupil, &room).await
        });
    }
    sit(&mut teacher, &room).await?;
    while let Some(done) = sitting.join_next().await {
        done??;
    }
    teacher.say("live/exitroom", (*room).clone()).await?;
    Ok(())
}

async fn sit(somebody: &mut Somebody, room: &Value) -> Done<()> {
    for _ in 0..BEATS {
        somebody.say("live/heartbeat", room.clone()).await?;
    }
    let page = json!({"roomnum": room["roomnum"], "index": 0, "size": 50});
    somebody.say("live/roomidlist", page.clone()).await?;
    somebody.say("live/roomlist", page).await?;
    Ok(())
}

impl Somebody {
    async fn say(&mut self, command: &str, fields: Value) -> Done<Value> {
        self.talk.say(command, &self.token, fields).await
    }
}

//! Looking at an input of the real program, and listening to it.

use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use arctos_box::domain::monitor::Shot;
use arctos_box::model::Millis;
use hyper::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::process::{Person, Service, command, poll, say};
use crate::ptz::rig::{Machine, PATIENCE, School};
use crate::world::World;

const PREVIEW: &str = "inputs/sim/preview.jpg";
const LEVEL: &str = "inputs/sim/level";
const DENIED: u16 = 403;

/// Asks until it is answered.
async fn seen(school: &School, token: &str, path: &str) -> Vec<u8> {
    let got = async || {
        let answer = school.ask(Method::GET, path, token, Value::Null).await;
        (answer.status == 200).then_some(answer.body)
    };
    poll(path, PATIENCE, got).await
}

async fn status(school: &School, token: &str, path: &str) -> u16 {
    school.ask(Method::GET, path, token, Value::Null).await.status
}

/// A picture of the simulator: a test card has every brightness.
fn is_picture(school: &School, jpeg: &[u8]) {
    let file = school.folder().join("seen.jpg");
    std::fs::write(&file, jpeg).unwrap();
    let said = |program: &str, args: &[&str]| {
        let mut command = Command::new(program);
        command.args(["-v", "error", "-i"]).arg(&file).args(args).stdin(Stdio::null());
        let done = command.output().unwrap();
        assert!(done.stderr.is_empty(), "{}", String::from_utf8_lossy(&done.stderr));
        done.stdout
    };
    let entries = "stream=codec_name,width,height";
    let told = said("ffprobe", &["-show_entries", entries, "-of", "csv=p=0"]);
    assert_eq!(String::from_utf8(told).unwrap().trim(), "mjpeg,320,180");
    let grey = said("ffmpeg", &["-f", "rawvideo", "-pix_fmt", "gray", "-"]);
    assert_eq!(grey.len(), 320 * 180);
    let (least, most) = (grey.iter().min().unwrap(), grey.iter().max().unwrap());
    assert!(most - least > 150, "from {least} to {most}");
}

/// The simulator's tone has an eighth of full scale.
async fn is_tone(school: &School, token: &str) {
    let heard: Value = serde_json::from_slice(&seen(school, token, LEVEL).await).unwrap();
    let near = |name: &str, truth: f64| (heard[name].as_f64().unwrap() - truth).abs() < 1.0;
    assert!(near("peak_dbfs", -18.06) && near("rms_dbfs", -21.07), "{heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_is_looked_at_and_listened_to_by_its_teacher_and_the_film_has_no_gap() {
    let school = School::open(&Machine::new(), "").await;
    let (ann, bob) = (school.teacher("ann").await, school.teacher("bob").await);
    for path in [PREVIEW, LEVEL] {
        assert_eq!(status(&school, &ann.token, path).await, DENIED);
    }
    let room = ann.teach().await;
    for token in [&ann.token, &school.root] {
        is_picture(&school, &seen(&school, token, PREVIEW).await);
        is_tone(&school, token).await;
    }
    for path in [PREVIEW, LEVEL] {
        assert_eq!(status(&school, &bob.token, path).await, DENIED);
        assert_eq!(status(&school, &school.root, &path.replace("sim", "attic")).await, 404);
    }
    ann.ok("live/exitroom", json!({"roomnum": room})).await;
    ann.wait_for_state(room, 3, PATIENCE).await;
    for path in [PREVIEW, LEVEL] {
        assert_eq!(status(&school, &ann.token, path).await, DENIED);
    }
    let lesson =
        school.ask(Method::GET, &format!("lessons/{room}"), &school.root, Value::Null).await;
    let lesson = lesson.json();
    let gaps = lesson["log"].as_array().unwrap().iter().filter(|line| line["event"] == "gap");
    assert_eq!(gaps.count(), 0, "{lesson}");
}

/// What the service has started and is still there.
fn children(of: u32) -> HashSet<i32> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let stat = all.filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
    let child = |stat: String| {
        let (head, tail) = stat.rsplit_once(") ")?;
        let mut fields = tail.split(' ');
        let (state, parent) = (fields.next()?, fields.next()?.parse());
        let is_ours = parent == Ok(of) && state != "Z" && head.contains("(ffmpeg");
        is_ours.then(|| head.split(' ').next()?.parse().ok()).flatten()
    };
    stat.filter_map(child).collect()
}

fn is_there(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

async fn until_gone(pids: &HashSet<i32>) {
    let are_gone = async || (!pids.iter().any(|pid| is_there(*pid))).then_some(());
    poll("they are gone", PATIENCE, are_gone).await;
}

async fn is_open(school: &School) -> bool {
    let all = school.ask(Method::GET, "classrooms", &school.root, Value::Null).await;
    all.json()["classrooms"][0]["open"] == true
}

/// The trial of the encoder is over when the first lesson could begin.
async fn opened(school: &School) -> HashSet<i32> {
    seen(school, &school.root, PREVIEW).await;
    let one = async || {
        let children = children(school.service.pid());
        (children.len() == 1).then_some(children)
    };
    poll("one program looks", PATIENCE, one).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_without_a_lesson_is_open_while_somebody_looks_and_closed_when_switched_off() {
    let config = "[[classroom]]\nname = \"attic\"\nteachers = [\"ann\"]";
    let school = School::open(&Machine::new(), config).await;
    let (ann, bob) = (school.teacher("ann").await, school.teacher("bob").await);
    assert!(!is_open(&school).await);
    for path in [PREVIEW, LEVEL] {
        assert_eq!(status(&school, &bob.token, path).await, DENIED, "it is not his room");
    }
    assert!(!is_open(&school).await, "who may not look opens nothing");
    is_picture(&school, &seen(&school, &ann.token, PREVIEW).await);
    is_tone(&school, &ann.token).await;
    assert!(is_open(&school).await, "the lamp is lit");
    let looks = opened(&school).await;
    let audit =
        school.ask(Method::GET, "audit?event=input%20looked%20at", &school.root, Value::Null);
    let noted = audit.await.json();
    let who = |n: usize| noted["lines"][n]["actor"].as_str().unwrap_or_default().to_owned();
    assert_eq!((who(1), who(0), who(2)), ("ann".into(), "root".into(), String::new()), "{noted}");
    // Nobody asks any more.
    until_gone(&looks).await;
    poll("it is closed", PATIENCE, async || (!is_open(&school).await).then_some(())).await;
    let looks = opened(&school).await;
    assert_eq!(school.tell("classrooms/1", json!({"camera": false})).await.0, 200);
    for path in [PREVIEW, LEVEL] {
        assert_eq!(status(&school, &school.root, path).await, 409);
    }
    until_gone(&looks).await;
    poll("it is closed", PATIENCE, async || (!is_open(&school).await).then_some(())).await;
    assert_eq!(school.tell("classrooms/1", json!({"camera": true})).await.0, 200);
    opened(&school).await;
    // His lesson is his to look at, in whoever's room.
    bob.teach().await;
    assert_eq!(status(&school, &ann.token, PREVIEW).await, DENIED);
    seen(&school, &bob.token, PREVIEW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_is_recorded_though_who_looks_hangs_and_nobody_looks_beside_it() {
    let school = School::open(&Machine::new(), "[inputs]\nmonitor = true").await;
    let ann = school.teacher("ann").await;
    // Nobody has to ask.
    poll("it is open", PATIENCE, async || is_open(&school).await.then_some(())).await;
    let looks = opened(&school).await;
    for pid in &looks {
        kill_process(Pid::from_raw(*pid).unwrap(), Signal::STOP).unwrap();
    }
    let room = ann.teach().await;
    until_gone(&looks).await;
    is_picture(&school, &seen(&school, &ann.token, PREVIEW).await);
    let records = children(school.service.pid());
    assert!(!records.is_empty() && records.is_disjoint(&looks), "{records:?}");
    let line = |pid: &i32| std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap();
    assert!(!records.iter().any(|pid| line(pid).contains("mpjpeg")), "nobody looks beside it");
    // What was seen may be what the one that hangs had shown before.
    let film = school.folder().join(format!("recordings/{room}/1.mp4"));
    let holds = async || (std::fs::metadata(&film).ok()?.len() > 20_000).then_some(());
    poll("a film", PATIENCE, holds).await;
    ann.ok("live/exitroom", json!({"roomnum": room})).await;
    ann.wait_for_state(room, 3, PATIENCE).await;
    until_gone(&records).await;
    opened(&school).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looks_ends_with_a_box_that_is_killed() {
    let school = School::open(&Machine::new(), "[inputs]\nmonitor = true").await;
    let looks = opened(&school).await;
    let school = school.again();
    until_gone(&looks).await;
    drop(school);
}

/// Shows pictures of an input, always.
async fn show(world: &World) -> JoinSet<()> {
    let (input, clock) = (world.app().monitors.get("sim").unwrap().clone(), world.clock.clone());
    let mut looker = JoinSet::new();
    looker.spawn(async move {
        loop {
            input.wanted(false, &clock).await;
            let shown = async {
                loop {
                    input.show(Shot { jpeg: "picture".into(), at: clock.steady() });
                    sleep(Duration::from_millis(5)).await;
                }
            };
            tokio::select! {
                () = input.unwanted(false, &clock) => {}
                () = shown => {}
            }
        }
    });
    // It begins to wait for who looks.
    sleep(Duration::from_millis(10)).await;
    looker
}

/// How often the audit says that somebody looked.
async fn looks(world: &World, root: &str) -> usize {
    let book = world.staff("GET", "audit?event=input%20looked%20at", root, Value::Null).await;
    book.json()["lines"].as_array().unwrap().len()
}

#[tokio::test]
async fn who_looks_is_one_line_of_the_audit_however_often_and_however_many_times_at_once_he_asks() {
    let world = Arc::new(World::new().await);
    let root = world.administer().await;
    let _looker = show(&world).await;
    let look = async || world.staff("GET", PREVIEW, &root, Value::Null).await.status;
    // He hangs up, again and again, sooner or later.
    for n in 0..40 {
        let _ = timeout(Duration::from_micros(n * 100), look()).await;
    }
    poll("he sees it", PATIENCE, async || (look().await == 200).then_some(())).await;
    assert_eq!(looks(&world, &root).await, 1, "of who hangs up");
    world.advance(Millis::seconds(700)).await;
    let mut all = JoinSet::new();
    for _ in 0..50 {
        let (world, root) = (world.clone(), root.clone());
        all.spawn(async move { world.staff("GET", PREVIEW, &root, Value::Null).await.status });
    }
    // Eight at most wait for a picture.
    assert!(all.join_all().await.iter().all(|status| [200, 429].contains(status)));
    assert_eq!(looks(&world, &root).await, 2, "of all who ask at once");
    for _ in 0..50 {
        world.advance(Millis::seconds(11)).await;
        assert_eq!(look().await, 200);
    }
    assert_eq!(looks(&world, &root).await, 2, "of ten minutes");
    world.advance(Millis::seconds(51)).await;
    assert_eq!(look().await, 200);
    assert_eq!(looks(&world, &root).await, 3);
}

#[tokio::test]
async fn who_hangs_up_while_the_camera_opens_keeps_no_place_from_others() {
    let world = World::new().await;
    let root = world.administer().await;
    let (input, clock) = (world.app().monitors.get("sim").unwrap().clone(), world.clock.clone());
    // It opens, and gives nothing yet.
    let (opens, its) = (input.clone(), clock.clone());
    let mut looker = JoinSet::new();
    looker.spawn(async move { opens.unwanted(true, &its).await });
    sleep(Duration::from_millis(10)).await;
    let look = async |path| world.staff("GET", path, &root, Value::Null).await.status;
    for path in [PREVIEW, LEVEL].repeat(6) {
        let left = timeout(Duration::from_millis(100), look(path)).await;
        assert!(left.is_err(), "{path}: {left:?}");
    }
    let shown = async {
        sleep(Duration::from_millis(100)).await;
        input.show(Shot { jpeg: "picture".into(), at: clock.steady() });
    };
    assert_eq!(tokio::join!(look(PREVIEW), shown).0, 200);
    assert_eq!(looks(&world, &root).await, 1);
}

#[tokio::test]
async fn who_cannot_be_written_down_sees_nothing_and_is_written_down_as_soon_as_he_can_be() {
    let world = World::new().await;
    let root = world.administer().await;
    let _looker = show(&world).await;
    let look = async || world.staff("GET", PREVIEW, &root, Value::Null).await.status;
    let tell = async |sql: &'static str| {
        world.app().db.write(move |conn| Ok(conn.execute_batch(sql)?)).await.unwrap();
    };
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON audit
        BEGIN SELECT RAISE(ABORT, 'refused'); END;";
    tell(refuse).await;
    assert!(look().await >= 500 && look().await >= 500);
    tell("DROP TRIGGER refuse").await;
    assert_eq!(look().await, 200);
    assert_eq!(looks(&world, &root).await, 1);
}

#[test]
fn more_inputs_than_are_watched_always_are_told_at_the_check() {
    let check = |count: usize| {
        let dir = tempfile::tempdir().unwrap();
        let args = watch_always(dir.path(), count);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let said = say(&dir.path().join("data"), &[&args[..], &["config", "--check"]].concat());
        (said.code, said.err)
    };
    assert_eq!(check(8).0, Some(0), "{:?}", check(8));
    let (code, said) = check(9);
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains("inputs.monitor") && said.contains("the classrooms have 9"), "{said}");
}

/// The arguments for so many classrooms whose inputs are always watched.
fn watch_always(dir: &Path, rooms: usize) -> Vec<String> {
    let file = dir.join("box.toml");
    let room = |n| format!("[[classroom]]\nname = \"{n}\"\ninput = \"usb-0000:01:00.0-1.{n}\"\n");
    let rooms: String = (0..rooms).map(room).collect();
    std::fs::write(&file, format!("inputs.monitor = true\n{rooms}")).unwrap();
    ["--board", "generic-usb", "--config", file.to_str().unwrap()].map(str::to_owned).to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_box_with_more_inputs_than_are_watched_always_starts_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let args = watch_always(dir.path(), 9);
    let mut serve = command(&data);
    serve.args(&args).args(["serve", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0"]);
    let service = Service::try_run(serve, "https").expect("it starts");
    let told = async || {
        let ready = Person::new(&service.base()).get("/readyz").await.ok()?;
        let text = String::from_utf8(ready.body.to_vec()).unwrap();
        text.contains("it watches 8, the classrooms have 9").then_some(())
    };
    poll("it says so", PATIENCE, told).await;
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let told = say(&data, &[&args[..], &["doctor"]].concat()).out;
    assert!(told.contains("it watches 8, the classrooms have 9"), "{told}");
}

#[tokio::test]
async fn slides_have_no_sound_and_who_listens_is_told_so_at_once() {
    let rooms = "[[classroom]]\nname = \"room 1\"\ninput = \"sim\"\nslides = \"slides\"\n";
    let world = World::configured(rooms).await;
    let root = world.administer().await;
    let heard = world.staff("GET", "inputs/slides/level", &root, Value::Null).await;
    assert_eq!(heard.status, 400);
    assert!(heard.text().contains("slides are read without sound"), "{}", heard.text());
}

//! A lesson and its camera: where it looks when a lesson begins and ends, and who may steer it meanwhile.

use serde_json::json;

use super::rig::{BUS, Machine, Rig, School};

const DENIED: u16 = 403;

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_turns_its_camera_and_its_teacher_alone_may_steer_it() {
    let (machine, rig) = (Machine::new(), Rig::serial(2));
    machine.plug("ttyUSB0", &rig);
    let config = format!(
        "[[classroom]]\nname = \"one\"\nteachers = [\"ann\"]\n\
         [[classroom]]\nname = \"two\"\nteachers = [\"cid\"]\n\
         [[camera]]\nname = \"left\"\nclassroom = \"one\"\nline = \"{BUS}\"\nstart = 2\nidle = 5\n\
         [[camera]]\nname = \"right\"\nclassroom = \"two\"\nline = \"{BUS}\"\naddress = 2\nidle = 3\n"
    );
    let school = School::open(&machine, &config).await;
    rig.wait("both face the wall", |sim| {
        (sim.cameras[0].preset, sim.cameras[1].preset) == (Some(5), Some(3))
    })
    .await;
    let (ann, cid) = (school.teacher("ann").await, school.teacher("cid").await);
    let other = cid.teach().await;
    let moving = |pan: i64| json!({"pan": pan});
    for person in [&ann, &cid] {
        let (status, _) = school.tell_as(&person.token, "cameras/1/move", moving(10)).await;
        assert_eq!(status, DENIED);
    }
    let room = ann.teach().await;
    rig.wait("it turns to the lesson", |sim| sim.cameras[0].preset == Some(2)).await;
    for (path, body) in [
        ("cameras/1", json!({"preset": 5, "do": "store"})),
        ("cameras/2/move", moving(10)),
        ("cameras/2/stop", json!({})),
    ] {
        assert_eq!(school.tell_as(&ann.token, path, body).await.0, DENIED, "{path}");
    }
    for (path, body) in [
        ("cameras/1/move", moving(10)),
        ("cameras/1/stop", json!({})),
        ("cameras/1", json!({"preset": 4})),
    ] {
        school.steer_as(&ann.token, path, body).await;
    }
    assert_eq!(school.tell_as(&cid.token, "cameras/1/move", moving(10)).await.0, DENIED);
    school.steer("cameras/2/move", moving(10)).await;
    ann.ok("live/exitroom", json!({"roomnum": room})).await;
    rig.wait("it faces the wall", |sim| sim.cameras[0].preset == Some(5)).await;
    assert_eq!(school.tell_as(&ann.token, "cameras/1/move", moving(10)).await.0, DENIED);
    // It has no preset for a lesson: it stays as it was left, and is turned away afterwards.
    cid.ok("live/exitroom", json!({"roomnum": other})).await;
    rig.wait("so does the other", |sim| sim.cameras[1].preset == Some(3)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_given_anothers_classroom_for_his_lesson_steers_its_camera() {
    let (machine, rig) = (Machine::new(), Rig::serial(1));
    machine.plug("ttyUSB0", &rig);
    let config = format!(
        "[[classroom]]\nname = \"one\"\nteachers = [\"ann\"]\n\
         [[camera]]\nname = \"left\"\nline = \"{BUS}\"\n"
    );
    let school = School::open(&machine, &config).await;
    school.until_all_answer(1).await;
    let (ann, bob) = (school.teacher("ann").await, school.teacher("bob").await);
    bob.teach().await;
    let moving = json!({"pan": 10});
    school.steer_as(&bob.token, "cameras/1/move", moving.clone()).await;
    assert_eq!(school.tell_as(&ann.token, "cameras/1/move", moving).await.0, DENIED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_that_was_away_turns_to_its_lesson_when_it_is_back() {
    let (machine, rig) = (Machine::new(), Rig::serial(1));
    let config = format!("[[camera]]\nname = \"left\"\nline = \"{BUS}\"\nstart = 2\nidle = 5\n");
    let school = School::open(&machine, &config).await;
    let ann = school.teacher("ann").await;
    ann.teach().await;
    rig.sim().cameras[0].power = false;
    machine.plug("ttyUSB0", &rig);
    rig.wait("it is awake and in place", |sim| {
        sim.cameras[0].power && sim.cameras[0].preset == Some(2)
    })
    .await;
}

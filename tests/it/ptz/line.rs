//! The real program drives simulated cameras over a terminal and over UDP: what is asked is done, and whatever fails on the
//! way, in the end they stand.

use arctos_box::model::camera::{Inquiry, PresetDo};
use arctos_box::wire::visca::{Command, Message};
use hyper::Method;
use serde_json::json;

use super::rig::{Machine, PATIENCE, Rig, School, ring};
use super::sim::Garble;
use crate::process::{poll, say};

fn offline() -> (u16, String) {
    (503, "offline".into())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ring_is_steered_through_noise_and_a_silent_camera_holds_up_nobody() {
    let (machine, rig) = (Machine::new(), Rig::serial(3));
    machine.plug("ttyUSB0", &rig);
    let school = School::open(&machine, &ring(3)).await;
    school.until_all_answer(3).await;
    rig.sim().cameras[1].silent = true;
    rig.sim().garble.extend([
        Garble::Noise(vec![0x90, 0x07, 0xFF, 0x00, 0x93]),
        Garble::Half,
        Garble::WrongAddress,
        Garble::Lost,
    ]);
    for (path, body) in [
        ("cameras/1", json!({"focus": "manual"})),
        ("cameras/1/move", json!({"pan": 100, "tilt": -50, "zoom": 1, "focus": -100})),
        ("cameras/3/move", json!({"pan": -1})),
    ] {
        school.steer(path, body).await;
    }
    assert_eq!(school.tell("cameras/2/move", json!({"zoom": 1})).await, offline());
    for (path, body) in [
        ("cameras/3/stop", json!({})),
        ("cameras/3", json!({"home": true})),
        ("cameras/3", json!({"preset": 4, "do": "store"})),
        ("cameras/3", json!({"pan": -100, "tilt": 20, "speed": 30, "zoom": 16384})),
        ("cameras/3", json!({"preset": 4})),
        ("cameras/1", json!({"power": false})),
    ] {
        school.steer(path, body).await;
    }
    let asleep = async || {
        let told = school.tell("cameras/1/move", json!({"pan": 9})).await;
        (told == (409, "not_now".into())).then_some(())
    };
    poll("a camera that stands by does not move", PATIENCE, asleep).await;
    for body in [
        json!({"power": true, "home": true}),
        json!({"home": true, "preset": 4, "do": "store"}),
        json!({"preset": 4, "zoom": 16384}),
        json!({"home": true, "pan": 1, "tilt": 1}),
    ] {
        assert_eq!(school.tell("cameras/3", body).await.0, 400);
    }
    assert_eq!(school.tell("cameras/4/move", json!({"pan": 9})).await, (404, "not_found".into()));
    let seen = school.camera(3).await;
    assert_eq!((&seen["pan"], &seen["tilt"]), (&json!(-100), &json!(50)), "{seen}");
    assert_eq!((&seen["zoom"], &seen["answers"]), (&json!(0x1234), &json!(true)), "{seen}");
    let sim = rig.sim();
    assert_eq!(sim.cameras[2].preset, Some(4));
    let heard = |n: usize, wanted: Message| sim.cameras[n].log.iter().any(|(_, m)| *m == wanted);
    assert!(heard(0, Message::Command(Command::Drive { pan: 0x18, tilt: -0x0C })));
    assert!(heard(0, Message::Command(Command::Zoom(1))));
    assert!(heard(0, Message::Command(Command::Focus(-8))));
    assert!(heard(2, Message::Command(Command::Preset(PresetDo::Store, 4))));
    assert!(heard(2, Message::Inquiry(Inquiry::Position)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_motion_that_nobody_renews_ends_and_a_lost_stop_is_repeated() {
    let (machine, rig, (net, at)) = (Machine::new(), Rig::serial(1), Rig::udp());
    machine.plug("ttyUSB0", &rig);
    let config = ring(1) + &format!("[[camera]]\nname = \"net\"\nudp = \"{at}\"\n");
    let school = School::open(&machine, &config).await;
    school.until_all_answer(2).await;
    for (id, rig) in [(1, &rig), (2, &net)] {
        let moving = format!("cameras/{id}/move");
        school.steer(&moving, json!({"pan": 20, "zoom": -20})).await;
        rig.wait("nobody went on steering it", |sim| sim.cameras[0].stands()).await;
        school.steer(&moving, json!({"tilt": 20})).await;
        (rig.sim().cameras[0].deaf, rig.sim().cameras[0].mute) = (3, 2);
        school.steer(&format!("cameras/{id}/stop"), json!({})).await;
        rig.wait("it was stopped", |sim| sim.cameras[0].stands()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_was_unplugged_is_found_by_its_path_and_its_cameras_are_stopped() {
    let (machine, rig) = (Machine::new(), Rig::serial(1));
    let school = School::open(&machine, &ring(1)).await;
    let trouble = async |word: &'static str| {
        let told = async || {
            let seen = school.camera(1).await;
            seen["trouble"].as_str().unwrap().contains(word).then_some(())
        };
        poll(word, PATIENCE, told).await;
    };
    trouble("nothing is plugged in").await;
    assert_eq!(school.tell("cameras/1/stop", json!({})).await, offline());
    machine.plug("ttyUSB0", &rig);
    school.until_all_answer(1).await;
    school.steer("cameras/1/move", json!({"pan": 50})).await;
    machine.unplug("ttyUSB0");
    drop(rig);
    trouble("nothing is plugged in").await;
    assert_eq!(school.camera(1).await["answers"], false);
    assert_eq!(school.tell("cameras/1/move", json!({"pan": 50})).await, offline());
    // It went on all the time.
    let rig = Rig::serial(1);
    (rig.sim().cameras[0].pan, rig.sim().cameras[0].address) = (12, 1);
    machine.plug("ttyUSB1", &rig);
    rig.wait("it was stopped", |sim| sim.cameras[0].stands()).await;
    school.until_all_answer(1).await;
    school.steer("cameras/1/move", json!({"pan": 50})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_moves_is_stopped_when_the_box_ends() {
    let (machine, rig, (net, at)) = (Machine::new(), Rig::serial(2), Rig::udp());
    machine.plug("ttyUSB0", &rig);
    let config = ring(2) + &format!("[[camera]]\nname = \"net\"\nudp = \"{at}\"\n");
    let school = School::open(&machine, &config).await;
    school.until_all_answer(3).await;
    let said = say(&school.folder(), &["inputs"]);
    let answers = "PTZ camera 1: answers, calls itself evi-d70";
    assert!(said.out.contains(answers), "{said:?}");
    let said = say(&school.folder(), &["doctor"]);
    assert!(said.out.contains("ok   cameras  1: answers"), "{said:?}");
    for id in [2, 3] {
        let path = format!("cameras/{id}/move");
        school.steer(&path, json!({"tilt": -100, "zoom": 100})).await;
    }
    let (code, _) = school.service.terminate();
    assert_eq!(code, Some(0));
    for (rig, n) in [(&rig, 1), (&net, 0)] {
        rig.wait("it stands, and was told so", |sim| {
            let commands = sim.cameras[n].log.iter().rev().filter_map(|(_, m)| match m {
                Message::Command(command) => Some(*command),
                Message::Inquiry(_) => None,
            });
            let last = |is: fn(&Command) -> bool| commands.clone().find(is);
            last(|c| matches!(c, Command::Drive { .. })) == Some(Command::Drive { pan: 0, tilt: 0 })
                && last(|c| matches!(c, Command::Zoom(_))) == Some(Command::Zoom(0))
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_over_ip_that_is_not_there_is_found_when_it_is() {
    let (rig, at) = Rig::udp();
    drop(rig);
    let config = format!("[[camera]]\nname = \"net\"\nudp = \"{at}\"\n");
    let school = School::open(&Machine::new(), &config).await;
    assert_eq!(school.tell("cameras/1/move", json!({"pan": 50})).await, offline());
    let listed = school.ask(Method::GET, "cameras", "", json!(null)).await;
    assert_eq!(listed.status, 401);
}

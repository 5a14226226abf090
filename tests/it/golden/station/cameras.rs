//! cameras: one that answers, over UDP, and one that is silent.

use std::net::UdpSocket;

use serde_json::json;

use super::{Staffed, script};
use crate::ask::Ask;
use crate::process::poll;
use crate::ptz::rig::{PATIENCE, Rig};
use crate::world::World;

/// What answers is known to do so, and what does not, not to.
async fn with_cameras() -> (Staffed, Rig, UdpSocket) {
    let ((rig, at), silent) = (Rig::udp(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let config = format!(
        "[[camera]]\nname = \"front\"\nudp = \"{at}\"\nmodel = \"evi-d70\"\n\
         [[camera]]\nname = \"back\"\nudp = \"{}\"\n",
        silent.local_addr().unwrap()
    );
    let staffed = Staffed::on(World::configured(&config).await).await;
    let known = async || {
        let [front, back] = &staffed.world.app().cameras[..] else { panic!("two cameras") };
        let is_on = front.status.borrow().power == Some(true);
        (is_on && back.status.borrow().answers == Some(false)).then_some(())
    };
    poll("both are known", PATIENCE, known).await;
    (staffed, rig, silent)
}

#[tokio::test]
async fn cameras_answer_as_written() {
    let (staffed, _rig, _silent) = with_cameras().await;
    let (world, teacher) = (&staffed.world, Ask::new().token(&staffed.teacher));
    let mut list = script("box/v1/cameras");
    staffed.common(&mut list, Ask::new()).await;
    list.case(world, "a technician, who may steer them", Ask::new().token(&staffed.tech)).await;
    list.case(world, "a teacher without a lesson", teacher.clone()).await;
    let mut one = script("GET box/v1/cameras/{id}");
    staffed.common(&mut one, Ask::new().param("id", 1)).await;
    world.live_room(&staffed.teacher[7..]).await;
    one.case(world, "its teacher in the lesson", teacher.clone().param("id", 1)).await;
    one.case(world, "one that is silent", teacher.clone().param("id", 2)).await;
    one.case(world, "none", teacher.param("id", 3)).await;
    list.close();
    one.close();
}

#[tokio::test]
async fn steering_a_camera_answers_as_written() {
    let (staffed, _rig, _silent) = with_cameras().await;
    let (world, tech) = (&staffed.world, Ask::new().token(&staffed.tech));
    let teacher = Ask::new().token(&staffed.teacher).param("id", 1);
    let ask = |id: i64| tech.clone().param("id", id);
    let mut moved = script("box/v1/cameras/{id}/move");
    let right = ask(1).json(json!({"pan": 50}));
    staffed.common(&mut moved, right.clone()).await;
    moved.case(world, "to the right", right.clone()).await;
    moved.case(world, "too fast", ask(1).json(json!({"zoom": 101}))).await;
    moved.case(world, "a silent one", ask(2).json(json!({"pan": 50}))).await;
    moved.case(world, "none", ask(3).json(json!({"pan": 50}))).await;
    let mut stop = script("box/v1/cameras/{id}/stop");
    staffed.common(&mut stop, ask(1)).await;
    stop.case(world, "it stands", ask(1)).await;
    stop.case(world, "a teacher without a lesson", teacher.clone()).await;
    stop.case(world, "none", ask(3)).await;
    stop.case(world, "a silent one", ask(2)).await;
    let mut bid = script("POST box/v1/cameras/{id}");
    let store = json!({"preset": 1, "do": "store"});
    staffed.common(&mut bid, ask(1).json(json!({"preset": 1}))).await;
    bid.case(world, "a preset is kept", ask(1).json(store.clone())).await;
    bid.case(world, "and taken", ask(1).json(json!({"preset": 1}))).await;
    bid.case(world, "more than it has", ask(1).json(json!({"preset": 6}))).await;
    for wrong in [json!({"focus": "far"}), json!({"preset": 1, "do": "sing"}), json!({"pan": 1})] {
        bid.case(world, "no such thing", ask(1).json(wrong)).await;
    }
    world.live_room(&staffed.teacher[7..]).await;
    bid.case(world, "a teacher may not keep one", teacher.clone().json(store)).await;
    bid.case(world, "but switch it off", teacher.json(json!({"power": false}))).await;
    moved.case(world, "one that stands by", right).await;
    bid.case(world, "so does this", ask(1).json(json!({"home": true}))).await;
    bid.case(world, "none", ask(3).json(json!({"home": true}))).await;
    bid.case(world, "a silent one", ask(2).json(json!({"home": true}))).await;
    for script in [moved, stop, bid] {
        script.close();
    }
}

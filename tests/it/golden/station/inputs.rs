//! inputs: the one of the simulator, with a picture and a sound, and without.

use arctos_box::domain::monitor::Shot;
use bytes::Bytes;

use super::{Staffed, script};
use crate::ask::Ask;

#[tokio::test]
async fn inputs_answer_as_written() {
    let staffed = Staffed::new().await;
    let (world, tech) = (&staffed.world, Ask::new().token(&staffed.tech));
    let (sim, other) = (tech.clone().param("input", "sim"), tech.clone().param("input", "attic"));
    let teacher = Ask::new().token(&staffed.teacher).param("input", "sim");
    let mut list = script("box/v1/inputs");
    staffed.common(&mut list, Ask::new()).await;
    list.case(world, "a technician, who may look", tech).await;
    list.case(world, "a teacher without a lesson", Ask::new().token(&staffed.teacher)).await;
    let input = world.app().monitors.get("sim").unwrap();
    for address in ["box/v1/inputs/{input}/preview.jpg", "box/v1/inputs/{input}/level"] {
        let mut one = script(address);
        staffed.common(&mut one, Ask::new().param("input", "sim")).await;
        one.case(world, "no lesson, and nothing to open it with", sim.clone()).await;
        let now = world.clock.moment();
        input.show(Shot { jpeg: Bytes::from_static(b"a JPEG"), at: now.steady });
        input.hear(-18.06, -21.07, now);
        one.case(world, "there it is", sim.clone()).await;
        one.case(world, "a teacher without a lesson", teacher.clone()).await;
        one.case(world, "none", other.clone()).await;
        world.app().devices.switch("sim", false);
        one.case(world, "switched off", sim.clone()).await;
        world.app().devices.switch("sim", true);
        one.close();
        world.hand.advance(arctos_box::model::Millis::seconds(2));
    }
    list.close();
}

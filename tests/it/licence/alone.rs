//! Nobody can license himself: each way that the documents name, tried.

use std::path::Path;

use arctos_box::app::licence as surroundings;
use arctos_box::app::parts;
use arctos_box::config::{self, Config, Sources};
use arctos_box::domain::licence;
use arctos_box::hw::board::Board;
use arctos_box::model::Millis;
use arctos_box::wire::licence::key::PrivateKey;

use super::{refuses, start};
use crate::process::say;
use crate::vendor::Vendor;
use crate::world::World;

fn configured(set: &[&str]) -> Config {
    let set = set.iter().map(ToString::to_string).collect();
    config::load(&Sources { set, ..Sources::default() }).unwrap()
}

/// A copy of the board `sim` in a file, with this done to its text.
fn board_file(folder: &Path, change: impl Fn(String) -> String) -> String {
    let path = folder.join("sim.toml");
    let text = include_str!("../../../board/sim.toml").to_owned();
    std::fs::write(&path, change(text)).unwrap();
    path.display().to_string()
}

#[tokio::test]
async fn not_with_the_board_sim_whose_four_lessons_are_all_it_has_and_end_with_the_first_licence() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    for _ in 0..4 {
        world.live_room(&ann).await;
    }
    let fifth = world.room(&ann).await;
    refuses(&world, &ann, fifth, "3405", "end one").await;
    // And it plays nothing but what is generated: no lesson of a real camera comes of it.
    let board = Board::load("sim").unwrap();
    assert!(board.only_generates().is_ok());

    let vendor = Vendor::new();
    let mut world = World::with(&[&vendor.trusted()]).await;
    let ann = world.teacher("ann").await;
    let room = world.room(&ann).await;
    vendor.install(&world, |l| l.rooms = 1);
    assert_eq!(licence::standing(world.app(), world.clock.moment()).rooms, 1);
    licence::step(world.app(), world.clock.moment()).await.unwrap();
    world.take_licence();
    world.restart().await;
    refuses(&world, &ann, room, "3401", "request").await;
}

#[test]
fn not_with_a_board_file_which_brings_no_key_no_demonstration_and_no_camera() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("d");
    // As it is: the hardware is simulated, and the demonstration is not its own.
    let file = board_file(dir.path(), |text| text);
    let board = Board::load(&file).unwrap();
    let (setup, identity) = surroundings::setup(&configured(&[]), &board, &data).unwrap();
    assert!(identity.simulated && setup.simulated && !setup.demonstration);
    for (change, words) in [
        ("simulated = true\nkeys = [\"00\"]", "keys"),
        ("simulated = false\n[license]\nrooms = 99", "license"),
    ] {
        let file = board_file(dir.path(), |text| text.replace("simulated = true", change));
        let said = say(&data, &["config", "--check", "--board", &file]);
        assert_eq!(said.code, Some(78), "{said:?}");
        assert!(said.err.contains(words), "{said:?}");
    }
    for camera in [
        r#""-f", "v4l2", "-i", "/dev/video0""#,
        r#""-f", "alsa", "-i", "hw:0""#,
        r#""-f", "lavfi", "-i", "movie=/dev/video0:f=v4l2""#,
    ] {
        let file = board_file(dir.path(), |text| {
            let text = text.replace("simulated = true", "simulated = false");
            text.replace(
                r#""-re", "-f", "lavfi", "-i", "sine"#,
                &format!(r#"{camera}, "-i", "sine"#),
            )
        });
        for command in [&["serve", "--board", &file][..], &["config", "--check", "--board", &file]]
        {
            let said = say(&data, command);
            assert_eq!(said.code, Some(78), "{camera}: {said:?}");
            assert!(said.err.contains("simulated"), "{said:?}");
        }
    }
}

#[test]
fn not_with_a_hardware_root_which_makes_a_simulation_of_any_board() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("d");
    for root in [dir.path().to_str().unwrap(), "/proc/self/root", "."] {
        let root = format!("license.hardware_root={root}");
        let said = say(&data, &["config", "--check", "--board", "generic", "--set", &root]);
        assert_eq!(said.code, Some(78), "{root}: {said:?}");
        assert!(said.err.contains("simulated"), "{said:?}");
    }
    let config = configured(&["license.hardware_root=/proc/self/root"]);
    let (setup, _) = surroundings::setup(&config, &Board::load("generic").unwrap(), &data).unwrap();
    assert!(setup.simulated && !setup.demonstration);
    // At the machine's own root it is real, and no test key counts.
    let own = PrivateKey::new(&[7; 32]).public;
    let key = format!("license.test_keys=[\"{}\"]", own.text());
    let board = Board::load("generic").unwrap();
    let (setup, _) = surroundings::setup(&configured(&[&key]), &board, &data).unwrap();
    assert!(!setup.simulated && !setup.demonstration);
    assert!(!setup.trust.keys.contains(&own) && !setup.trust.keys.is_empty());
}

#[test]
fn not_with_a_configuration_key_for_none_but_these_two_is_about_the_licence() {
    let about: Vec<&str> = config::KEYS
        .iter()
        .map(|key| key.name)
        .filter(|name| {
            name.contains("licen") || name.contains("vendor") || name.contains("identity")
        })
        .collect();
    assert_eq!(about, ["license.hardware_root", "license.test_keys"]);
    let own = PrivateKey::new(&[7; 32]).public;
    let real = surroundings::trust(&[own.text()], false).unwrap();
    assert!(!real.keys.contains(&own));
    assert!(surroundings::trust(&[own.text()], true).unwrap().keys.contains(&own));
    let wrong = configured(&["license.test_keys=[\"12\"]"]);
    let board = parts::board(&wrong).unwrap();
    assert!(surroundings::setup(&wrong, &board, Path::new("/nowhere")).is_err());
}

#[tokio::test]
async fn not_with_a_key_of_his_own_nor_with_the_clock() {
    let (vendor, world, ann, room) = super::world().await;
    // His own key, under its own name and under the vendor's.
    Vendor::other().install(&world, |l| l.rooms = 99);
    refuses(&world, &ann, room, "3403", "unknown key").await;
    let mut forged = Vendor::other();
    forged.pretend_to_be(&vendor);
    forged.install(&world, |l| l.rooms = 99);
    refuses(&world, &ann, room, "3403", "altered").await;

    // No clock makes an expired licence good again, nor more lessons of a good one.
    vendor.install(&world, |l| l.rooms = 1);
    assert_eq!(start(&world, &ann, room).await["errorCode"], 0);
    world.hand.advance(Millis::days(380));
    licence::step(world.app(), world.clock.moment()).await.unwrap();
    for days in [0, -30, -300, -20_000, 400] {
        world.hand.set_wall(Millis::days(days));
        let standing = licence::standing(world.app(), world.clock.moment());
        assert_eq!(standing.refusal().map(|why| why.code()), Some(3404), "{days}: {standing:?}");
        world.hand.set_wall(Millis::days(-days));
    }
}

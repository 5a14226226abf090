//! A time server that lies, and what the kernel and systemd say of it: from their files to the decision.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arctos_box::app::licence as surroundings;
use arctos_box::domain::licence::Licensing;
use arctos_box::hw::board::Board;
use arctos_box::hw::timekeeping;
use arctos_box::model::Millis;
use arctos_box::model::licence::Timekeeping;

use crate::vendor::Vendor;
use crate::world::World;

/// A machine's files, and the kernel's word beside them.
struct Machine {
    world: World,
    follows: Arc<AtomicBool>,
    licensing: Licensing,
}

impl Machine {
    async fn with_a_licence_for_a_year() -> Self {
        let vendor = Vendor::new();
        let world = World::with(&[&vendor.trusted()]).await;
        vendor.install(&world, |_| {});
        let sim = Board::load("sim").unwrap();
        let (mut setup, _) = surroundings::setup(&world.config, &sim, world.dir.path()).unwrap();
        let follows = Arc::new(AtomicBool::new(false));
        let (root, kernel) = (world.dir.path().to_owned(), follows.clone());
        setup.keeping =
            Arc::new(move || timekeeping::now(&root, false, kernel.load(Ordering::SeqCst)));
        let licensing = Licensing::beside(setup, world.clock.moment());
        Self { world, follows, licensing }
    }

    /// systemd-timesyncd heard its first server since power-on.
    fn hears_a_server(&self) {
        let folder = self.world.dir.path().join("run/systemd/timesync");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("synchronized"), "").unwrap();
        self.follows.store(true, Ordering::SeqCst);
    }

    /// The hours pass as the service lives them, a look each minute.
    fn runs(&self, hours: i64) -> String {
        for _ in 0..hours * 60 {
            self.world.hand.advance(Millis::seconds(60));
            self.licensing.facts(self.world.clock.moment());
        }
        self.licensing.explain(None, self.world.clock.moment())
    }
}

#[tokio::test]
async fn a_lying_server_that_is_put_right_the_same_day_costs_no_licence() {
    let machine = Machine::with_a_licence_for_a_year().await;
    machine.hears_a_server();
    machine.world.hand.set_wall(Millis::days(400));
    let told = machine.runs(5);
    assert!(told.contains("from a time server") && told.contains("refused, 3404"), "{told}");
    machine.world.hand.set_wall(Millis::days(-400));
    let told = machine.runs(1);
    assert!(told.contains("decision  allowed, until"), "{told}");
    // One that stands by it is believed: nobody could tell it from the truth.
    machine.world.hand.set_wall(Millis::days(400));
    machine.runs(7);
    machine.world.hand.set_wall(Millis::days(-400));
    assert!(machine.runs(1).contains("refused, 3404"));
}

#[tokio::test]
async fn a_hand_at_the_clock_leaves_no_trace_although_a_server_was_heard_before() {
    let machine = Machine::with_a_licence_for_a_year().await;
    machine.hears_a_server();
    assert!(machine.runs(12).contains("newest time seen 2026-11-21"));
    // `date -s`: from now on the kernel says that it follows nobody, for days.
    machine.follows.store(false, Ordering::SeqCst);
    machine.world.hand.set_wall(Millis::days(400));
    assert!(machine.runs(48).contains("follows no time server"));
    machine.world.hand.set_wall(Millis::days(-400));
    let told = machine.runs(1);
    assert!(
        told.contains("newest time seen 2026-11-23") && told.contains("allowed, until"),
        "{told}"
    );
}

#[test]
fn both_must_say_so_before_the_clock_counts_as_a_servers() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    assert_eq!(timekeeping::now(root, false, true), Timekeeping::Lost);
    assert_eq!(timekeeping::now(root, true, true), Timekeeping::Kept);
    std::fs::create_dir_all(root.join("run/systemd/timesync")).unwrap();
    std::fs::write(root.join("run/systemd/timesync/synchronized"), "").unwrap();
    assert_eq!(timekeeping::now(root, false, false), Timekeeping::Kept);
    assert_eq!(timekeeping::now(root, false, true), Timekeeping::Synchronised);
    let _either = timekeeping::follows_a_server();
}

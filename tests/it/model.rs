//! The box against plain models: random operations, failures and power cuts, and maps and counters that say
//! what has to come of them. `PROPTEST_CASES` asks for more cases, `PROPTEST_RNG_SEED` for the same ones again.

mod copies;
mod groups;
mod lessons;
mod outbox;

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};

use crate::world::{World, open};

/// Runs `few` cases unless told otherwise. Prints the seed; a case that fails is made as short as it can be.
fn run<S: Strategy>(
    few: u32,
    strategy: &S,
    case: impl AsyncFn(S::Value) -> Result<(), TestCaseError>,
) {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = few;
    }
    if let RngSeed::Random = config.rng_seed {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        config.rng_seed = RngSeed::Fixed(u64::from(since.subsec_nanos()));
    }
    let RngSeed::Fixed(seed) = config.rng_seed else { unreachable!("it was set") };
    println!("PROPTEST_RNG_SEED={seed} PROPTEST_CASES={}", config.cases);
    // Each step of shrinking runs a whole case; a failure is worth a minute.
    (config.max_shrink_iters, config.max_shrink_time) = (10_000, 60_000);
    let outcome = TestRunner::new(config).run(strategy, |value| {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
        let done = runtime.block_on(case(value));
        // What is left of it, a call that hangs say, goes with the machine.
        runtime.shutdown_background();
        done
    });
    if let Err(failure) = outcome {
        panic!("PROPTEST_RNG_SEED={seed}: {failure}");
    }
}

/// The power goes at this moment: the box is opened again on the files as they lie. What still runs in the old
/// one writes into the old folder, and nobody will ever read it.
async fn power_cut(world: &mut World) {
    let after = tempfile::tempdir().unwrap();
    let main = world.dir.path().join("box.db");
    loop {
        let before = fs::read(&main).unwrap();
        copy(world.dir.path(), after.path());
        // A checkpoint in between would mix two moments, as no power cut does.
        if before == fs::read(&main).unwrap() {
            break;
        }
    }
    let (site, orders) = open(after.path(), &world.config, &world.clock, &world.entropy).await;
    (world.site, world.orders, world.dir) = (site, orders, after);
}

/// The index of the WAL is memory of the processes that have it open: no machine finds it again.
fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else if entry.file_name() != "box.db-shm" {
            // What is gone meanwhile was never there.
            let _ = fs::copy(entry.path(), target);
        }
    }
}

/// What SQLite says of its file.
async fn integrity(world: &World) -> String {
    let check = "PRAGMA integrity_check";
    let read = move |conn: &rusqlite::Connection| Ok(conn.query_row(check, [], |r| r.get(0))?);
    world.app().db.read(read).await.unwrap()
}

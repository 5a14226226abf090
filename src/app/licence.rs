//! The licence's surroundings: who this machine is, whose signature counts, since when this release exists.
//! The configuration can add a key for a simulated identity, and nothing else.

use std::path::Path;
use std::sync::Arc;

use super::StartError;
use crate::config::Config;
use crate::domain::licence::Setup;
use crate::hw::board::Board;
use crate::hw::identity::{self, Identity};
use crate::hw::timekeeping;
use crate::model::licence::Timekeeping;
use crate::model::{Date, Millis};
use crate::wire::licence::Trust;
use crate::wire::licence::key::{self, PublicKey};

/// Compiled in; no configuration and no board changes them.
const VENDOR_KEYS: &str = include_str!("../../board/vendor-keys.txt");
/// Counts beside them for tests/guest, where hardware is real to the program; its private half lies there, too.
#[cfg(feature = "test-key")]
const TEST_KEY: &str = include_str!("../../tests/guest/licence.pub");
#[cfg(all(feature = "test-key", not(debug_assertions)))]
compile_error!("the feature test-key trusts a key that everybody has: it is not for a release");
const REVOKED: &str = include_str!("../../board/revoked.txt");
/// No clock is earlier. Raised with each release; a build with SOURCE_DATE_EPOCH says it exactly.
const RELEASED: Date = Date { year: 2026, month: 11, day: 1 };

/// # Errors
/// When the configuration names a key that is none.
pub fn setup(config: &Config, board: &Board, data: &Path) -> Result<(Setup, Identity), StartError> {
    let root = Path::new(&config.hardware_root).to_owned();
    let identity = identity::read(board, &root);
    let built = built();
    let keeping: Arc<dyn Fn() -> Timekeeping + Send + Sync> = if identity.simulated {
        Arc::new(|| Timekeeping::Kept)
    } else {
        let kept = timekeeping::has_kept_time(&root, built);
        Arc::new(move || timekeeping::now(&root, kept, timekeeping::follows_a_server()))
    };
    let setup = Setup {
        folder: data.join("license"),
        marks: identity.marks.clone(),
        simulated: identity.simulated,
        demonstration: identity.demonstration,
        board: board.name.clone(),
        trust: trust(&config.license_test_keys, identity.simulated)?,
        built,
        keeping,
    };
    Ok((setup, identity))
}

/// Whose signature counts here.
///
/// # Errors
/// When a test key is none.
pub fn trust(test_keys: &[String], simulated: bool) -> Result<Trust, StartError> {
    let mut keys = key::parse_list(VENDOR_KEYS)
        .map_err(|line| StartError::Software(format!("board/vendor-keys.txt, line {line}")))?;
    #[cfg(feature = "test-key")]
    keys.extend(key::parse_list(TEST_KEY).unwrap_or_default());
    for text in test_keys {
        let Some(key) = PublicKey::parse(text) else {
            let why = format!("license.test_keys: {text} is no key of 64 hexadecimal digits");
            return Err(StartError::Config(why));
        };
        if simulated {
            keys.push(key);
        } else {
            tracing::warn!(key = key.id, "license.test_keys count for a simulated identity alone");
        }
    }
    let lines = REVOKED.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let revoked = lines.filter(|id| !id.is_empty()).map(str::to_owned).collect();
    Ok(Trust { keys, revoked })
}

pub fn built() -> Millis {
    let told = option_env!("SOURCE_DATE_EPOCH").and_then(|seconds| seconds.parse().ok());
    told.map_or_else(|| RELEASED.begins(), Millis::seconds)
}

/// `arctos-` and the last four digits of a real machine's hash.
pub fn box_name(identity: &Identity) -> Option<String> {
    let hash = identity.hash()?;
    Some(format!("arctos-{}", &hash[hash.len().saturating_sub(4)..]))
}

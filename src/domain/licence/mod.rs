//! The licence: what it allows, and the one place that is asked before a lesson starts (`permit`).
//! The file is looked at each time, so that one that is put there or taken away counts at once. A running
//! lesson is never asked about: it holds its lease (`store::leases`) until it ends.

pub mod decide;
mod desk;
mod seen;
mod words;

use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Appliance, durable};
use crate::model::crash::{self, Point};
use crate::model::licence::{Decision, Facts, Licence, Marks, Paper, Timekeeping, Verdict};
use crate::model::{Fault, LicenceWhy, Millis, Moment};
use crate::store::{Db, memo};
use crate::wire::licence::{Trust, armour, observe, read};
use decide::decide;
pub use desk::{Asked, Installed, inspect, install, request};
use seen::Seen;
pub use words::explain;

/// Its file in `license/`.
pub const FILE: &str = "box.license";
/// Beside it: the newest time seen.
pub const SEEN: &str = "seen";
/// The one that a restore found in the place of its own.
pub const SEEN_BEFORE: &str = "seen.before-restore";
/// The same in the store.
const MEMO: &str = "newest_seen";
/// Lessons that the built-in licence of the board `sim` allows at once.
pub const DEMONSTRATION_ROOMS: u32 = 4;
/// How much running time a crash may forget: two small writes each, so seldom.
const KEEP_EVERY: Millis = Millis::seconds(600);

/// For so long what was found is not looked at again where it decides nothing: a lesson's start always looks.
const LATELY: Millis = Millis(100);

/// What the licence is held against, given at start.
#[derive(Clone)]
pub struct Setup {
    /// The data folder's `license/`.
    pub folder: PathBuf,
    pub marks: Marks,
    /// The marks are not this machine's: a board from a file, a hardware root, the board `sim`.
    pub simulated: bool,
    /// The built-in licence holds as long as no other was ever installed.
    pub demonstration: bool,
    pub board: String,
    pub trust: Trust,
    pub built: Millis,
    pub keeping: Arc<dyn Fn() -> Timekeeping + Send + Sync>,
}

impl Setup {
    /// A box without hardware and without a licence.
    #[cfg(test)]
    pub(crate) fn none(folder: &std::path::Path) -> Self {
        Self {
            folder: folder.to_owned(),
            marks: Marks::default(),
            simulated: true,
            demonstration: true,
            board: "test".into(),
            trust: Trust::default(),
            built: Millis(0),
            keeping: Arc::new(|| Timekeeping::Kept),
        }
    }
}

/// The licence of this box.
pub struct Licensing {
    setup: Setup,
    state: Mutex<State>,
    /// What was last found for those who ask often, and when.
    lately: Mutex<Lately>,
}

type Lately = Option<(Moment, Arc<Standing>)>;

struct State {
    seen: Seen,
    kept_at: Millis,
    /// What the file's last bytes were found to be: a signature is checked once.
    known: Option<(Vec<u8>, Paper)>,
}

/// How the box stands, for all that ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// `Refused(RoomsUsedUp)` when more lessons are live than it allows; as many are no refusal.
    pub decision: Decision,
    /// Lessons that the licence allows at once, also when it refuses; 0 when there is none.
    pub rooms: u32,
    /// Name of the file, without its folder; empty when there is none.
    pub path_name: String,
    /// What there is to say and do; empty when all is well.
    pub sentence: String,
    /// Lessons that are live.
    pub live: usize,
}

impl Standing {
    /// Why it refuses, if it does.
    pub fn refusal(&self) -> Option<LicenceWhy> {
        match self.decision.verdict {
            Verdict::Refused(why) => Some(why),
            Verdict::Allowed | Verdict::Grace | Verdict::ClockDoubtful(_) => None,
        }
    }
}

/// A lesson may start, if fewer than `rooms` others hold a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    pub licence: String,
    pub rooms: u32,
    /// The verdict that allows it, for the lease's row.
    pub rule: &'static str,
}

/// Whether a lesson may start now. Never asked again for a lesson that runs.
///
/// # Errors
/// Why the licence refuses. Whether its lessons are used up is decided where the lease is written.
pub fn permit(app: &Appliance, now: Moment) -> Result<Permit, LicenceWhy> {
    let facts = app.licence.facts(now);
    let decision = decide(&facts);
    let rule = match decision.verdict {
        Verdict::Allowed => "allowed",
        Verdict::Grace => "grace",
        Verdict::ClockDoubtful(_) => "clock doubtful",
        Verdict::Refused(why) => return Err(why),
    };
    let licence = licence(&facts.paper).map(|l| l.id.clone()).unwrap_or_default();
    Ok(Permit { licence, rooms: decision.rooms, rule })
}

/// How the box stands now. Reads a small file; no wait.
pub fn standing(app: &Appliance, now: Moment) -> Standing {
    app.licence.standing(app.presence.live_count(), now)
}

/// The same for those who ask often: no older than `LATELY`.
pub fn standing_lately(app: &Appliance, now: Moment) -> Arc<Standing> {
    let live = app.presence.live_count();
    let lately = app.licence.lately().clone();
    match lately.filter(|(at, standing)| standing.live == live && is_fresh(*at, now)) {
        Some((_, standing)) => standing,
        None => {
            let standing = Arc::new(app.licence.standing(live, now));
            *app.licence.lately() = Some((now, standing.clone()));
            standing
        }
    }
}

/// Within one millisecond nobody can tell what came first; and a clock that was set makes everything old.
fn is_fresh(at: Moment, now: Moment) -> bool {
    let (steady, wall) = (now.steady - at.steady, now.wall - at.wall);
    (1..LATELY.0).contains(&steady.0) && (wall - steady).0.saturating_abs() < LATELY.0
}

/// Keeps the newest time seen; called each second or each ten, writes every ten minutes.
///
/// # Errors
/// The store's, or the disk's.
pub async fn step(app: &Appliance, now: Moment) -> Result<(), Fault> {
    let due = {
        let mut state = app.licence.state();
        state.seen.look(now, (app.licence.setup.keeping)());
        (now.steady - state.kept_at >= KEEP_EVERY).then(|| state.kept_at = now.steady).is_some()
    };
    if due { app.licence.keep(Some(&app.db)).await } else { Ok(()) }
}

/// At the end of the run: what ran since the last time is not forgotten.
///
/// # Errors
/// The store's, or the disk's.
pub async fn rest(app: &Appliance, now: Moment) -> Result<(), Fault> {
    app.licence.state().seen.look(now, (app.licence.setup.keeping)());
    app.licence.keep(Some(&app.db)).await
}

/// An administrator came in with a clock of his own: where it agrees with the box's, no doubt is left.
pub fn compare_clocks(app: &Appliance, theirs: Millis, now: Moment) {
    if (theirs - now.wall).0.saturating_abs() <= decide::TOLERANCE.0 {
        app.licence.state().seen.agree(now);
    }
}

impl Licensing {
    /// Reads what was kept, and looks for a licence.
    ///
    /// # Errors
    /// The store's.
    pub async fn open(db: &Db, setup: Setup, now: Moment) -> Result<Self, Fault> {
        let kept = db.read(|conn| Ok(memo::get(conn, MEMO)?)).await?;
        Ok(Self::new(setup, kept, now))
    }

    /// For a subcommand where no service runs: the folder alone is asked.
    pub fn beside(setup: Setup, now: Moment) -> Self {
        Self::new(setup, None, now)
    }

    fn new(setup: Setup, kept: Option<String>, now: Moment) -> Self {
        let file = std::fs::read_to_string(setup.folder.join(SEEN)).ok();
        let before = std::fs::read_to_string(setup.folder.join(SEEN_BEFORE)).ok();
        // Where one was lost or is behind, both are written at the next step.
        let kept_at = if kept == file { now.steady } else { Millis(i64::MIN) };
        let records = [kept, file, before].map(Option::unwrap_or_default);
        let seen = Seen::begin(records.iter().flat_map(|text| text.lines()), setup.built, now);
        let state = State { seen, kept_at, known: None };
        let licensing = Self { setup, state: Mutex::new(state), lately: Mutex::default() };
        // What was signed is evidence of the time.
        licensing.facts(now);
        licensing
    }

    /// Whether the clock was told the time since power-on, or kept it.
    pub fn trusts_clock(&self, now: Moment) -> bool {
        let keeping = (self.setup.keeping)();
        self.state().seen.time(now, self.setup.built, keeping).keeping != Timekeeping::Lost
    }

    /// Everything a decision rests upon, now.
    pub fn facts(&self, now: Moment) -> Facts {
        *self.lately() = None;
        let text = self.text();
        let mut state = self.state();
        let keeping = (self.setup.keeping)();
        state.seen.look(now, keeping);
        let paper = self.paper(&mut state, text);
        let time = state.seen.time(now, self.setup.built, keeping);
        drop(state);
        observe(paper, &self.setup.marks, time)
    }

    /// What lies in the file's place. A disk that stumbles takes no licence away: the last text stands.
    fn text(&self) -> Option<Vec<u8>> {
        let limit = armour::TEXT_MAX as u64 + 1;
        let mut text = Vec::new();
        let file = std::fs::File::open(self.setup.folder.join(FILE));
        match file.and_then(|file| file.take(limit).read_to_end(&mut text)) {
            Ok(_) => Some(text),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
            Err(e) => {
                tracing::warn!(error = %e, "the licence file cannot be read");
                let known = self.state().known.as_ref().map(|(text, _)| text.clone());
                Some(known.unwrap_or_default())
            }
        }
    }

    fn paper(&self, state: &mut State, text: Option<Vec<u8>>) -> Paper {
        let Some(text) = text else {
            let plays = self.setup.simulated && self.setup.demonstration && !state.seen.installed;
            return if plays { demonstration() } else { Paper::Absent };
        };
        let paper = match &state.known {
            Some((bytes, paper)) if *bytes == text => paper.clone(),
            Some(_) | None => {
                let paper = read(Some(&text), &self.setup.trust);
                state.known = Some((text, paper.clone()));
                paper
            }
        };
        if let Paper::Genuine(licence) = &paper {
            // It was signed then, so it is at least so late.
            state.seen.newest = state.seen.newest.max(licence.issued);
            if !state.seen.installed {
                state.seen.installed = true;
                // To be kept at the next step.
                state.kept_at = Millis(i64::MIN);
            }
        }
        paper
    }

    /// How the box stands with so many lessons live.
    pub fn standing(&self, live: usize, now: Moment) -> Standing {
        let facts = self.facts(now);
        let mut decision = decide(&facts);
        let allows = usize::try_from(decision.rooms).unwrap_or(usize::MAX);
        if !matches!(decision.verdict, Verdict::Refused(_)) && live > allows {
            decision.verdict = Verdict::Refused(LicenceWhy::RoomsUsedUp);
        }
        Standing {
            decision,
            rooms: licence(&facts.paper).map_or(0, |l| l.rooms),
            path_name: self.path_name(&facts.paper),
            sentence: words::sentence(&facts, &decision),
            live,
        }
    }

    fn path_name(&self, paper: &Paper) -> String {
        let built_in = licence(paper).is_some_and(|l| l.id == DEMONSTRATION);
        let name = if built_in { DEMONSTRATION } else { FILE };
        if *paper == Paper::Absent { String::new() } else { name.to_owned() }
    }

    /// Writes the newest time seen to both places, or to the folder where nobody has the store open.
    async fn keep(&self, db: Option<&Db>) -> Result<(), Fault> {
        let text = self.state().seen.text();
        let record = text.clone();
        if let Some(db) = db {
            db.write(move |conn| Ok(memo::put(conn, MEMO, &record)?)).await?;
        }
        crash::point(Point::TimeInStore);
        let path = self.setup.folder.join(SEEN);
        let write = move || {
            durable::write(&path, text.as_bytes())?;
            // What it said is in the record now.
            let _ = std::fs::remove_file(path.with_file_name(SEEN_BEFORE));
            Ok(())
        };
        durable::aside(write).await.map_err(|e| Fault::internal("license/seen", e))
    }

    fn lately(&self) -> MutexGuard<'_, Lately> {
        self.lately.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Id and name of the built-in licence.
const DEMONSTRATION: &str = "demonstration";

fn demonstration() -> Paper {
    Paper::Genuine(Box::new(Licence {
        id: DEMONSTRATION.into(),
        customer: "demonstration on a simulated board".into(),
        rooms: DEMONSTRATION_ROOMS,
        issued: Millis(0),
        not_before: Millis(0),
        expires: None,
        grace_days: 0,
        marks: Vec::new(),
        minimum: 0,
        features: Vec::new(),
        key: String::new(),
    }))
}

/// The licence, when the paper is one of ours.
fn licence(paper: &Paper) -> Option<&Licence> {
    match paper {
        Paper::Genuine(licence) | Paper::Revoked(licence) => Some(licence),
        Paper::Absent | Paper::NotALicence | Paper::Altered | Paper::UnknownKey(_) => None,
    }
}

#[cfg(test)]
mod tests;

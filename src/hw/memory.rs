//! Memory that a busy hour needed goes back to the machine when the box comes to rest: free pages of the heap, and pages
//! of the program's file that were touched once, most of them at the start. Those come back from the system's own copy
//! by a fault of a microsecond when they are needed. It knows nothing of what the box does: only how busy it was.

use std::cell::Cell;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::model::Millis;

/// Processor time in a thousandth of one processor's. A school whose heartbeats take less than the first is at rest, too:
/// what it needs is soon back. Less than the second is nothing but the box looking round.
const BUSY: u128 = 20;
const STILL: u128 = 2;
/// So long it must have been at rest, and so long until it is asked again what it holds.
const REST: Millis = Millis::seconds(2);
const AGAIN: Millis = Millis::seconds(10);

/// What is to be given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    Nothing,
    /// The program's pages: it touched them only to look round.
    Code,
    All,
}

/// Says when memory is to be given back. Asked each second, or as rarely as the box wakes up.
pub struct Rest {
    seen: Seen,
    since: Option<Millis>,
    gave: Option<Millis>,
}

#[derive(Clone, Copy)]
struct Seen {
    at: Millis,
    used: Duration,
}

impl Rest {
    /// `used` is the processor time of the whole process until `at`.
    pub fn begin(used: Duration, at: Millis) -> Self {
        Self { seen: Seen { at, used }, since: None, gave: None }
    }

    pub fn look(&mut self, used: Duration, now: Millis) -> Due {
        let before = std::mem::replace(&mut self.seen, Seen { at: now, used });
        let span = (now - before.at).to_std().as_micros();
        let worked = used.saturating_sub(before.used).as_micros() * 1000;
        if worked > span * BUSY {
            self.since = None;
            return Due::Nothing;
        }
        let since = *self.since.get_or_insert(before.at);
        if now - since >= REST && self.gave.is_none_or(|gave| now - gave >= AGAIN) {
            self.gave = Some(now);
            return Due::All;
        }
        let is_still = self.gave >= Some(since) && worked <= span * STILL;
        if is_still { Due::Code } else { Due::Nothing }
    }
}

/// Processor time of all threads since the program began.
pub fn used() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

/// How often the heap was asked to give back what it does not use.
static ASKED: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static DONE: Cell<u64> = const { Cell::new(0) };
}

/// Each thread owns a part of the heap, and gives back its own when it next comes by `heap_here`.
pub fn ask_heap() {
    ASKED.fetch_add(1, Ordering::Relaxed);
}

/// Has `shrink` give back what this thread's part of the heap does not use, if that was asked for since the last time.
/// Else it costs a look at one number: a thread may come by whenever it has nothing to do.
pub fn heap_here(shrink: fn()) {
    let asked = ASKED.load(Ordering::Relaxed);
    if DONE.replace(asked) != asked {
        shrink();
    }
}

/// The program's own pages that the system has as well.
pub struct Code(Vec<Range<usize>>);

impl Code {
    /// Looked for once: what the program is mapped from does not change while it runs.
    pub fn find() -> std::io::Result<Self> {
        ranges(BufReader::new(File::open("/proc/self/smaps")?)).map(Self)
    }

    /// From now on the pages lie in memory once, and not as ours, until they are touched again.
    #[allow(unsafe_code)] // neither std nor rustix has a safe form of this call
    pub fn give_back(&self) {
        for range in &self.0 {
            let start = std::ptr::with_exposed_provenance_mut(range.start);
            // SAFETY: these pages come from a file, cannot be written and never were: `ranges` took no others. Given
            // back, they read the same as before.
            unsafe { libc::madvise(start, range.len(), libc::MADV_DONTNEED) };
        }
    }
}

/// Mappings of files that cannot be written and have no page that differs from the file. The linker's table of
/// addresses has such pages: it was written at the start, before it was locked.
fn ranges(smaps: impl BufRead) -> std::io::Result<Vec<Range<usize>>> {
    let (mut all, mut last) = (Vec::new(), None);
    for line in smaps.lines() {
        let line = line?;
        if let Some(kib) = line.strip_prefix("Anonymous:") {
            all.extend(last.take().filter(|_| kib.trim() == "0 kB"));
        } else if let Some(range) = mapping(&line) {
            last = range;
        }
    }
    Ok(all)
}

/// `Some` for the first line of a mapping; in it the range, if the mapping is a file's and cannot be written.
fn mapping(line: &str) -> Option<Option<Range<usize>>> {
    let mut words = line.split_ascii_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let address = |text| usize::from_str_radix(text, 16).ok();
    let range = address(start)?..address(end)?;
    let rights = words.next()?;
    let is_of_a_file = words.nth(3).is_some_and(|path| path.starts_with('/'));
    let is_fixed = rights.starts_with("r-") && rights.ends_with('p');
    Some((is_of_a_file && is_fixed).then_some(range))
}

#[cfg(test)]
mod tests;

//! Memory that a busy hour needed goes back to the machine when the box comes to rest: free pages of the heap, and pages
//! of the program's file that were touched once, most of them at the start. Those come back from the system's own copy
//! by a fault of a microsecond when they are needed. It knows nothing of what the box does: only how busy it was.

use std::cell::Cell;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::model::Millis;

/// Processor time in a thousandth of one processor's. A school whose heartbeats take less is at rest, too: what it needs
/// is soon back.
const BUSY: u128 = 20;
/// So long it must have been at rest, and so long until its heap is looked through again, which takes a while. Pages of
/// the program itself are soon back.
const REST: Millis = Millis::seconds(2);
const HEAP_AGAIN: Millis = Millis::seconds(10);

/// What is to be given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    Code,
    CodeAndHeap,
}

/// Says when memory is to be given back. Asked each second, or as rarely as the box wakes up.
pub struct Rest {
    seen: Seen,
    since: Option<Millis>,
    /// When the heap was given back last.
    heap: Option<Millis>,
}

#[derive(Clone, Copy)]
struct Seen {
    at: Millis,
    used: Duration,
}

impl Rest {
    /// `used` is the processor time of the whole process until `at`.
    pub fn begin(used: Duration, at: Millis) -> Self {
        Self { seen: Seen { at, used }, since: None, heap: None }
    }

    /// What is to be given back now.
    pub fn look(&mut self, used: Duration, now: Millis) -> Option<Due> {
        let before = std::mem::replace(&mut self.seen, Seen { at: now, used });
        let span = (now - before.at).to_std().as_micros();
        let worked = used.saturating_sub(before.used).as_micros() * 1000;
        if worked > span * BUSY {
            self.since = None;
            return None;
        }
        let since = *self.since.get_or_insert(before.at);
        if now - since < REST {
            return None;
        }
        if self.heap.is_some_and(|heap| now - heap < HEAP_AGAIN) {
            return Some(Due::Code);
        }
        self.heap = Some(now);
        Some(Due::CodeAndHeap)
    }
}

/// Processor time of all threads since the program began.
pub fn used() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

/// Has the heap give back what it does not use of the calling thread's part.
static SHRINK: OnceLock<fn()> = OnceLock::new();
/// How often it was asked for.
static ASKED: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static DONE: Cell<u64> = const { Cell::new(0) };
}

/// Says how the heap is made to give back what it does not use of the calling thread's part. Without that it keeps it.
pub fn heap_by(shrink: fn()) {
    // There is one heap.
    let _ = SHRINK.set(shrink);
}

/// Each thread owns a part of the heap, and gives back its own when it next comes by `heap_here`.
pub fn ask_heap() {
    ASKED.fetch_add(1, Ordering::Relaxed);
}

/// Gives back what this thread's part of the heap does not use, if that was asked for since the last time. Else it costs
/// a look at one number: a thread may come by whenever it has nothing to do.
pub fn heap_here() {
    let asked = ASKED.load(Ordering::Relaxed);
    if DONE.replace(asked) != asked
        && let Some(shrink) = SHRINK.get()
    {
        shrink();
    }
}

/// The program's own pages that the system has as well.
pub struct Code(Vec<Range<usize>>);

impl Code {
    /// Looked for once: the program stays where it is as long as it runs. Libraries are not looked at: they come and go,
    /// and something else may lie there afterwards.
    pub fn find() -> std::io::Result<Self> {
        let program = std::env::current_exe()?;
        ranges(BufReader::new(File::open("/proc/self/smaps")?), &program.to_string_lossy())
            .map(Self)
    }

    /// From now on the pages lie in memory once, and not as ours, until they are touched again.
    #[allow(unsafe_code)] // neither std nor rustix has a safe form of this call
    pub fn give_back(&self) {
        for range in &self.0 {
            let start = std::ptr::with_exposed_provenance_mut(range.start);
            // SAFETY: these pages are the program's own, which stays mapped, cannot be written and were not: `ranges`
            // took no others. Given back, they read the same as before.
            unsafe { libc::madvise(start, range.len(), libc::MADV_DONTNEED) };
        }
    }
}

/// The program's mappings up to its code: constants and code, never written. Behind it lies the table of addresses that
/// was written at the start, before it was locked: it is not taken, even while its page is swapped out.
fn ranges(smaps: impl BufRead, program: &str) -> std::io::Result<Vec<Range<usize>>> {
    let (mut all, mut last, mut has_code) = (Vec::new(), None, false);
    for line in smaps.lines() {
        let line = line?;
        if let Some(kib) = line.strip_prefix("Anonymous:") {
            let taken = last.take().filter(|_| kib.trim() == "0 kB");
            all.extend(taken.map(|(range, _)| range));
        } else if let Some(found) = mapping(&line, program) {
            last = found.filter(|(_, is_code)| *is_code || !has_code);
            has_code |= last.as_ref().is_some_and(|(_, is_code)| *is_code);
        }
    }
    Ok(all)
}

/// `Some` for the first line of a mapping; in it the range, and whether it is code, if it is the program's and cannot be
/// written.
fn mapping(line: &str, program: &str) -> Option<Option<(Range<usize>, bool)>> {
    let mut words = line.splitn(6, ' ');
    let (start, end) = words.next()?.split_once('-')?;
    let address = |text| usize::from_str_radix(text, 16).ok();
    let range = address(start)?..address(end)?;
    let rights = words.next()?;
    let is_its = words.nth(3).is_some_and(|path| path.trim_start() == program);
    let is_fixed = rights.starts_with("r-") && rights.ends_with('p');
    Some((is_its && is_fixed).then(|| (range, rights.contains('x'))))
}

#[cfg(test)]
mod tests;

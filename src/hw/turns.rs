//! How long a thread's turns on a processor are. Who answers needs microseconds, an encoder all it can get: with turns
//! alike, an answer waits until the encoder's ends. A thread that asks for short ones gets no more of the processor,
//! but gets it sooner (EEVDF, from Linux 6.12; older kernels do not heed it). Without an encoder short ones only make
//! those who answer interrupt each other: 64 clients that write at once get half as much done.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The shortest that the kernel knows, in nanoseconds.
const SHORT: u64 = 100_000;

/// How many encoders run.
static ENCODERS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static SHORTENED: Cell<bool> = const { Cell::new(false) };
}

/// An encoder runs as long as this is kept.
#[derive(Debug)]
pub struct Beside(());

impl Beside {
    pub fn encoder() -> Self {
        ENCODERS.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        ENCODERS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Asks for short turns for this thread while an encoder runs, else for usual ones; to be asked whenever the thread has
/// nothing to do. What it starts, threads or programs, gets turns like anybody's.
pub fn suit_here() {
    shorten(ENCODERS.load(Ordering::Relaxed) > 0);
}

fn shorten(short: bool) {
    if SHORTENED.replace(short) == short {
        return;
    }
    let Some(mut turns) = turns() else { return };
    turns.sched_flags |= libc::SCHED_FLAG_RESET_ON_FORK as u64;
    // None is the kernel's own length.
    turns.sched_runtime = if short { SHORT } else { 0 };
    set(&turns);
}

/// How this thread gets its turns.
#[allow(unsafe_code)] // neither std nor rustix has this call
fn turns() -> Option<libc::sched_attr> {
    let size = size_of::<libc::sched_attr>();
    // SAFETY: `sched_attr` is plain numbers, for which zeros are valid; the kernel fills as many as it is told there are.
    unsafe {
        let mut turns: libc::sched_attr = std::mem::zeroed();
        let done = libc::syscall(libc::SYS_sched_getattr, 0, &raw mut turns, size, 0);
        (done == 0).then_some(turns)
    }
}

/// A kernel that refuses changes nothing, and the box works as before.
#[allow(unsafe_code)] // neither std nor rustix has this call
fn set(turns: &libc::sched_attr) {
    // SAFETY: the kernel reads as many bytes as `turns.size` says, which it filled in itself.
    unsafe { libc::syscall(libc::SYS_sched_setattr, 0, std::ptr::from_ref(turns), 0) };
}

#[cfg(test)]
mod tests;

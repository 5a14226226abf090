//! Loaded into the program under test (`LD_PRELOAD`): each change below the folder `SHIM_ROOT` is appended to the
//! file `SHIM_LOG` with its bytes, in the order in which the changes were made. A sync is noted and not done: what
//! it is worth, the disk decides that `tests/it/power` builds from this log. Whatever went past the names taken
//! here would be missing from the log; a test compares its end with the real folder.
#![allow(unsafe_code, clippy::disallowed_methods)]
// What the kernel answers is no larger than what it was asked for.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

mod names;

use std::ffi::{CStr, OsString, c_int, c_long};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// More descriptors than a box under test ever has.
const FILES: usize = 4096;
static WATCHED: [AtomicBool; FILES] = [const { AtomicBool::new(false) }; FILES];
static LOG: Mutex<Option<c_int>> = Mutex::new(None);

/// What a record tells of; `tests/it/power/log.rs` reads it.
#[derive(Clone, Copy)]
#[repr(u32)]
enum Kind {
    Open = 1,
    Close = 2,
    Write = 3,
    Truncate = 4,
    Sync = 5,
    Rename = 6,
    Link = 7,
    Unlink = 8,
    Mkdir = 9,
}

/// Held around a change and its record, so that the log has one order.
struct Watch(MutexGuard<'static, Option<c_int>>);

impl Watch {
    fn take() -> Self {
        Self(LOG.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&mut self, kind: Kind, fd: c_int, number: u64, first: &[u8], second: &[u8]) {
        let log = *self.0.get_or_insert_with(open_log);
        let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `now` is ours.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
        let ns = now.tv_sec * 1_000_000_000 + now.tv_nsec;
        let mut record = Vec::with_capacity(40 + first.len() + second.len());
        record.extend((kind as u32).to_le_bytes());
        record.extend(std::process::id().to_le_bytes());
        record.extend(fd.to_le_bytes());
        record.extend(u32::try_from(second.len()).unwrap_or(0).to_le_bytes());
        record.extend(ns.to_le_bytes());
        record.extend(number.to_le_bytes());
        record.extend((first.len() as u64).to_le_bytes());
        record.extend(first);
        record.extend(second);
        // SAFETY: the buffer outlives the call.
        let written = unsafe { libc::syscall(libc::SYS_write, log, record.as_ptr(), record.len()) };
        assert_eq!(written, record.len() as c_long, "the log takes every record");
    }
}

fn open_log() -> c_int {
    let path = std::env::var_os("SHIM_LOG").expect("SHIM_LOG names the log");
    let path = [path.as_bytes(), b"\0"].concat();
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND | libc::O_CLOEXEC;
    // SAFETY: the path ends with a zero.
    let fd = unsafe {
        libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path.as_ptr(), flags, 0o600 as c_int)
    };
    assert!(fd >= 0, "the log can be opened");
    fd as c_int
}

fn root() -> &'static [u8] {
    static ROOT: OnceLock<OsString> = OnceLock::new();
    ROOT.get_or_init(|| std::env::var_os("SHIM_ROOT").unwrap_or_default()).as_bytes()
}

/// The whole path, when it lies below the root.
///
/// # Safety
/// `path` is a C string.
unsafe fn below(dir: c_int, path: *const libc::c_char) -> Option<Vec<u8>> {
    // SAFETY: as promised.
    let path = unsafe { CStr::from_ptr(path) }.to_bytes();
    let whole = match path.first() {
        Some(b'/') => path.to_vec(),
        Some(_) if dir >= 0 => [folder(dir)?.as_slice(), b"/", path].concat(),
        Some(_) | None => return None,
    };
    let rest = whole.strip_prefix(root()).filter(|_| !root().is_empty())?;
    (rest.is_empty() || rest[0] == b'/').then_some(whole)
}

/// A sync takes as many milliseconds as `SHIM_SYNC_MS` says, during which others write.
fn slow_disk() {
    static MS: OnceLock<Option<u64>> = OnceLock::new();
    let read = || std::env::var_os("SHIM_SYNC_MS")?.to_str()?.parse().ok();
    if let Some(ms) = MS.get_or_init(read) {
        std::thread::sleep(std::time::Duration::from_millis(*ms));
    }
}

fn folder(fd: c_int) -> Option<Vec<u8>> {
    let link = format!("/proc/self/fd/{fd}\0");
    let mut path = vec![0; 4096];
    // SAFETY: both buffers are ours and as long as said.
    let n = unsafe { libc::readlink(link.as_ptr().cast(), path.as_mut_ptr().cast(), path.len()) };
    path.truncate(usize::try_from(n).ok()?);
    Some(OsString::from_vec(path).into_vec())
}

fn slot(fd: c_int) -> Option<&'static AtomicBool> {
    WATCHED.get(usize::try_from(fd).ok()?)
}

fn is_watched(fd: c_int) -> bool {
    slot(fd).is_some_and(|slot| slot.load(Ordering::SeqCst))
}

fn watch(fd: c_int, is: bool) {
    if let Some(slot) = slot(fd) {
        slot.store(is, Ordering::SeqCst);
    }
}

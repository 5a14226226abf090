//! The names of the C library that the box, its standard library and its SQLite change files by.
// SAFETY of this file: each function passes on what it was given, under the C library's own contract.
#![allow(clippy::missing_safety_doc)]

use std::ffi::{c_char, c_int, c_long, c_void};

use libc::{iovec, mode_t, off_t, size_t, ssize_t};

use super::{Kind, Watch, below, is_watched, slow_disk, watch};

/// Does it, and notes it when it was done to something below the root.
unsafe fn opened(dir: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    let open = || unsafe { libc::syscall(libc::SYS_openat, dir, path, flags, mode) as c_int };
    let Some(whole) = (unsafe { below(dir, path) }) else { return open() };
    let mut log = Watch::take();
    let fd = open();
    if fd >= 0 {
        watch(fd, true);
        log.note(Kind::Open, fd, flags as u64, &whole, &[]);
    }
    fd
}

#[unsafe(no_mangle)]
unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    unsafe { opened(libc::AT_FDCWD, path, flags, mode) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    unsafe { opened(libc::AT_FDCWD, path, flags, mode) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn openat(dir: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    unsafe { opened(dir, path, flags, mode) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn openat64(
    dir: c_int,
    path: *const c_char,
    flags: c_int,
    mode: mode_t,
) -> c_int {
    unsafe { opened(dir, path, flags, mode) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn close(fd: c_int) -> c_int {
    let close = || unsafe { libc::syscall(libc::SYS_close, fd) as c_int };
    if !is_watched(fd) {
        return close();
    }
    let mut log = Watch::take();
    watch(fd, false);
    log.note(Kind::Close, fd, 0, &[], &[]);
    close()
}

/// `done` writes at the file's own place; where that is, is asked afterwards.
unsafe fn written(fd: c_int, bytes: &[u8], done: impl FnOnce() -> ssize_t) -> ssize_t {
    let mut log = Watch::take();
    let n = done();
    if n > 0 {
        let end = unsafe { libc::syscall(libc::SYS_lseek, fd, 0 as off_t, libc::SEEK_CUR) };
        log.note(Kind::Write, fd, (end - n as c_long) as u64, &bytes[..n as usize], &[]);
    }
    n
}

#[unsafe(no_mangle)]
unsafe extern "C" fn write(fd: c_int, bytes: *const c_void, n: size_t) -> ssize_t {
    let write = || unsafe { libc::syscall(libc::SYS_write, fd, bytes, n) as ssize_t };
    if !is_watched(fd) {
        return write();
    }
    unsafe { written(fd, std::slice::from_raw_parts(bytes.cast(), n), write) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn writev(fd: c_int, parts: *const iovec, count: c_int) -> ssize_t {
    let write = || unsafe { libc::syscall(libc::SYS_writev, fd, parts, count) as ssize_t };
    if !is_watched(fd) {
        return write();
    }
    let parts = unsafe { std::slice::from_raw_parts(parts, count as usize) };
    let part =
        |p: &iovec| unsafe { std::slice::from_raw_parts(p.iov_base.cast::<u8>(), p.iov_len) };
    let bytes: Vec<u8> = parts.iter().flat_map(|p| part(p).iter().copied()).collect();
    unsafe { written(fd, &bytes, write) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite64(fd: c_int, bytes: *const c_void, n: size_t, at: off_t) -> ssize_t {
    let write = || unsafe { libc::syscall(libc::SYS_pwrite64, fd, bytes, n, at) as ssize_t };
    if !is_watched(fd) {
        return write();
    }
    let mut log = Watch::take();
    let done = write();
    if done > 0 {
        let bytes = unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), done as usize) };
        log.note(Kind::Write, fd, at as u64, bytes, &[]);
    }
    done
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite(fd: c_int, bytes: *const c_void, n: size_t, at: off_t) -> ssize_t {
    unsafe { pwrite64(fd, bytes, n, at) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ftruncate64(fd: c_int, length: off_t) -> c_int {
    let cut = || unsafe { libc::syscall(libc::SYS_ftruncate, fd, length) as c_int };
    if !is_watched(fd) {
        return cut();
    }
    let mut log = Watch::take();
    let done = cut();
    if done == 0 {
        log.note(Kind::Truncate, fd, length as u64, &[], &[]);
    }
    done
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ftruncate(fd: c_int, length: off_t) -> c_int {
    unsafe { ftruncate64(fd, length) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fdatasync(fd: c_int) -> c_int {
    if !is_watched(fd) {
        return unsafe { libc::syscall(libc::SYS_fdatasync, fd) as c_int };
    }
    slow_disk();
    Watch::take().note(Kind::Sync, fd, 0, &[], &[]);
    0
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fsync(fd: c_int) -> c_int {
    unsafe { fdatasync(fd) }
}

/// A change of one name, or of two.
unsafe fn named(
    kind: Kind,
    number: u64,
    (dir, first): (c_int, *const c_char),
    (to, second): (c_int, *const c_char),
    change: impl FnOnce() -> c_long,
) -> c_int {
    let whole = unsafe { below(dir, first) };
    let other = if second.is_null() { None } else { unsafe { below(to, second) } };
    if whole.is_none() && other.is_none() {
        return change() as c_int;
    }
    let mut log = Watch::take();
    let done = change();
    if done == 0 {
        log.note(kind, -1, number, &whole.unwrap_or_default(), &other.unwrap_or_default());
    }
    done as c_int
}

const HERE: c_int = libc::AT_FDCWD;
const NONE: (c_int, *const c_char) = (HERE, std::ptr::null());

#[unsafe(no_mangle)]
unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    let change = || unsafe { libc::syscall(libc::SYS_renameat2, HERE, from, HERE, to, 0) };
    unsafe { named(Kind::Rename, 0, (HERE, from), (HERE, to), change) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn linkat(
    dir: c_int,
    from: *const c_char,
    into: c_int,
    to: *const c_char,
    flags: c_int,
) -> c_int {
    let change = || unsafe { libc::syscall(libc::SYS_linkat, dir, from, into, to, flags) };
    unsafe { named(Kind::Link, 0, (dir, from), (into, to), change) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn link(from: *const c_char, to: *const c_char) -> c_int {
    unsafe { linkat(HERE, from, HERE, to, 0) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn unlinkat(dir: c_int, path: *const c_char, flags: c_int) -> c_int {
    let change = || unsafe { libc::syscall(libc::SYS_unlinkat, dir, path, flags) };
    unsafe { named(Kind::Unlink, 0, (dir, path), NONE, change) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    unsafe { unlinkat(HERE, path, 0) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rmdir(path: *const c_char) -> c_int {
    unsafe { unlinkat(HERE, path, libc::AT_REMOVEDIR) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mkdirat(dir: c_int, path: *const c_char, mode: mode_t) -> c_int {
    let change = || unsafe { libc::syscall(libc::SYS_mkdirat, dir, path, mode) };
    unsafe { named(Kind::Mkdir, 0, (dir, path), NONE, change) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mkdir(path: *const c_char, mode: mode_t) -> c_int {
    unsafe { mkdirat(HERE, path, mode) }
}

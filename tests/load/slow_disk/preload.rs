//! Loaded into the box (`LD_PRELOAD`): each sync is done, and takes so many microseconds longer as `SLOW_DISK_US` says.

use std::ffi::{c_int, c_long};
use std::sync::OnceLock;
use std::time::Duration;

unsafe extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
}

const FSYNC: c_long = if cfg!(target_arch = "x86_64") { 74 } else { 82 };
const FDATASYNC: c_long = if cfg!(target_arch = "x86_64") { 75 } else { 83 };

fn wait() {
    static LONGER: OnceLock<Duration> = OnceLock::new();
    let read = || std::env::var("SLOW_DISK_US").ok()?.parse().ok();
    std::thread::sleep(*LONGER.get_or_init(|| Duration::from_micros(read().unwrap_or(0))));
}

#[unsafe(no_mangle)]
extern "C" fn fsync(fd: c_int) -> c_int {
    wait();
    // SAFETY: it takes a descriptor and no memory.
    (unsafe { syscall(FSYNC, fd) }) as c_int
}

#[unsafe(no_mangle)]
extern "C" fn fdatasync(fd: c_int) -> c_int {
    wait();
    // SAFETY: as above.
    (unsafe { syscall(FDATASYNC, fd) }) as c_int
}

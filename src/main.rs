//! Entry point: arguments in, exit code out.

use std::process::ExitCode;

use mimalloc::MiMalloc;
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The heap of the C library that the box is linked with keeps whatever it once had. SQLite uses this one, too.
#[global_allocator]
static HEAP: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    // Whatever the box writes (store, keys, recordings, backups) is its owner's alone.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    no_core_dump();
    // A heap in pages of 2 MiB is several times as large. A kernel that knows none refuses, which is as good.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    arctos_box::cli::main(shrink_heap)
}

/// Gives back what the calling thread's part of the heap does not use.
#[allow(unsafe_code)] // a function of C
fn shrink_heap() {
    unsafe extern "C" {
        fn mi_collect(force: bool);
    }
    // SAFETY: mimalloc.h declares it so. It may be called at any time, from any thread.
    unsafe { mi_collect(true) };
}

/// A core dump would hold every key. The limit 1, and only it, also keeps the kernel from handing one to a program
/// (core(5)). The process stays readable to its owner and to root, who measure it.
fn no_core_dump() {
    let most = getrlimit(Resource::Core).maximum.map_or(1, |most| most.min(1));
    let limit = Rlimit { current: Some(most), maximum: Some(most) };
    // Lowering a limit is never refused.
    let _ = setrlimit(Resource::Core, limit);
}

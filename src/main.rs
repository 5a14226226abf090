//! Entry point: arguments in, exit code out.

use std::process::ExitCode;

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

fn main() -> ExitCode {
    // Whatever the box writes (store, keys, recordings, backups) is its owner's alone.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    no_core_dump();
    arctos_box::cli::main()
}

/// A core dump would hold every key. The limit 1, and only it, also keeps the kernel from handing one to a program
/// (core(5)). The process stays readable to its owner and to root, who measure it.
fn no_core_dump() {
    let most = getrlimit(Resource::Core).maximum.map_or(1, |most| most.min(1));
    let limit = Rlimit { current: Some(most), maximum: Some(most) };
    // Lowering a limit is never refused.
    let _ = setrlimit(Resource::Core, limit);
}

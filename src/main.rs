//! Entry point: arguments in, exit code out.

use std::process::ExitCode;

use rustix::fs::Mode;

fn main() -> ExitCode {
    // Whatever the box writes (store, keys, recordings, backups) is its owner's alone.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    arctos_box::cli::main()
}

//! The servers under load, each a process that is ended with its handle, also when the driver panics.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};

use crate::{Done, floor};

/// The box that cargo built with this driver. Its tokio has `test-util` in it, which the tests ask for; the
/// floor's has it too.
const BUILT: &str = env!("CARGO_BIN_EXE_arctos-box");
/// Another one, if the command line names it.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
/// The driver's core and the server's.
pub const OWN_CORE: usize = 0;
pub const SERVER_CORE: usize = 1;

/// An address that takes any free port.
pub const ANY: &str = "127.0.0.1:0";

/// A server that listens.
pub struct Process {
    child: Child,
    pub http: SocketAddr,
    /// By kind, as it said them.
    pub listening: HashMap<String, SocketAddr>,
}

impl Process {
    /// Bare hyper that answers so many bytes.
    pub fn floor(length: usize, pinned: bool) -> Done<Self> {
        Self::begin(floor_at(ANY, length)?, pinned)?.listening_for("http")
    }

    /// The box on this folder. It listens for everything it listens for at a school.
    pub fn house(data: &Path, http: &str, more: &[&str], pinned: bool) -> Done<Self> {
        Self::begin(house_at(data, http, more)?, pinned)?.listening_for("https")
    }

    /// Starts it and waits for nothing.
    pub fn begin(mut command: Command, pinned: bool) -> Done<Self> {
        command.stdout(Stdio::piped()).stdin(Stdio::null());
        // A child begins where its parent is, with as many worker threads as it finds cores.
        let child = if pinned {
            pin(SERVER_CORE)?;
            let child = command.spawn();
            pin(OWN_CORE)?;
            child
        } else {
            command.spawn()
        };
        let program = command.get_program().to_string_lossy().into_owned();
        let child = child.map_err(|e| format!("{program}: {e}"))?;
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        Ok(Self { child, http: nowhere, listening: HashMap::new() })
    }

    /// Waits until it has said that it listens on an address of kind `last`.
    pub fn listening_for(mut self, last: &str) -> Done<Self> {
        let out = self.child.stdout.take().ok_or("the server's standard output is gone")?;
        let mut lines = BufReader::new(out).lines();
        while !self.listening.contains_key(last) {
            let line = lines.next().ok_or("the server ended before it listened")??;
            let mut words = line.split(' ').skip(1);
            let (Some(kind), Some(addr)) = (words.next(), words.next()) else { continue };
            self.listening.insert(kind.to_owned(), addr.parse()?);
        }
        self.http = self.listening["http"];
        Ok(self)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL, and waits.
    pub fn kill(mut self) -> Done<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to end, and waits.
    pub fn stop(mut self) -> Done<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const SETTINGS: &[&str] = &[
    "--https=127.0.0.1:0",
    "--board=sim",
    "--set=openim.listen=127.0.0.1:0",
    "--set=openim.gateway=127.0.0.1:0",
    "--set=openim.json_gateway=127.0.0.1:0",
    "--set=recorder.reserve_mib=64",
    "--set=log.level=error",
];

pub fn floor_at(addr: &str, length: usize) -> Done<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args([floor::FLAG, &length.to_string(), addr]);
    Ok(command)
}

pub fn house_at(data: &Path, http: &str, more: &[&str]) -> Done<Command> {
    let mut command = command(data);
    // Its log lies beside its folder.
    let log = File::options().create(true).append(true).open(data.with_extension("log"))?;
    command.arg("serve").args(["--http", http]).args(SETTINGS).args(more).stderr(log);
    Ok(command)
}

/// Measures this program instead.
pub fn measure(program: PathBuf) {
    let _ = PROGRAM.set(program);
}

/// A subcommand on a data folder, with nothing of our environment but PATH.
fn command(data: &Path) -> Command {
    let program = PROGRAM.get().map_or(Path::new(BUILT), PathBuf::as_path);
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").arg("--data").arg(data);
    command
}

/// What a subcommand says.
pub fn say<S: AsRef<OsStr>>(data: &Path, arguments: &[S]) -> Done<String> {
    let done = command(data).args(arguments).stdin(Stdio::null()).output()?;
    if !done.status.success() {
        return Err(String::from_utf8_lossy(&done.stderr).into_owned().into());
    }
    Ok(String::from_utf8(done.stdout)?)
}

/// Puts this thread, and what it starts, on one core.
pub fn pin(core: usize) -> Done<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    let pinned = sched_setaffinity(None, &cores);
    Ok(pinned.map_err(|e| format!("core {core} cannot be had: {e}; --smoke needs none"))?)
}

/// As many descriptors as the machine allows, for us and what we start.
pub fn raise_descriptors() -> Done<()> {
    let most = getrlimit(Resource::Nofile).maximum;
    Ok(setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most })?)
}

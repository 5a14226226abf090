//! A virtual machine: QEMU without acceleration, two ARM cores, Debian's kernel. It does what it is told on a serial port,
//! and ends with the value. Knows nothing of the box but its port.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Six seconds on a quiet machine; minutes when others compile beside it.
const BOOT: Duration = Duration::from_secs(600);
/// For one order.
const ANSWER: Duration = Duration::from_secs(600);
/// Two machines at once would share two cores.
static ONE: Mutex<()> = Mutex::new(());

pub struct Machine {
    qemu: Child,
    port: BufReader<UnixStream>,
    /// Where the port of the box is found on this machine.
    pub base: String,
    dir: tempfile::TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Machine {
    /// Boots with these files in its folder `/box`.
    pub fn start(files: &[PathBuf]) -> Self {
        let alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = tempfile::tempdir().unwrap();
        let machine = beside("machine");
        assert!(machine.join("done").exists(), "the guest's disk is missing: run ./.ci/setup test");
        pack(files, &dir.path().join("box.tar"));
        let qemu = Command::new("qemu-system-aarch64")
            .args(["-machine", "virt", "-no-reboot"])
            .args(["-cpu", "cortex-a72", "-smp", "2", "-m", "1024"])
            .args(["-nodefaults", "-display", "none"])
            // What a real board has of its own: by it a licence knows the machine.
            .args(["-fw_cfg", "name=opt/arctos/serial,string=guest-1"])
            .arg("-kernel")
            .arg(machine.join("vmlinuz"))
            .arg("-initrd")
            .arg(machine.join("initrd"))
            .args(["-append", "console=ttyAMA0 panic=-1", "-serial", "file:console"])
            .arg("-drive")
            .arg(format!(
                "if=none,id=disk,format=raw,snapshot=on,file={}",
                machine.join("root.img").display()
            ))
            .args(["-device", "virtio-blk-pci,drive=disk"])
            .args(["-drive", "if=none,id=box,format=raw,readonly=on,file=box.tar"])
            .args(["-device", "virtio-blk-pci,drive=box"])
            // Nothing goes out; one port of ours leads to the box's.
            .args(["-netdev", "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:0-10.0.2.15:8080"])
            .args(["-device", "virtio-net-pci,netdev=net,romfile="])
            .args(["-chardev", "socket,id=port,path=port,server=on,wait=off"])
            .args(["-device", "virtio-serial-pci", "-device", "virtserialport,chardev=port"])
            .args(["-chardev", "socket,id=monitor,path=monitor,server=on,wait=off"])
            .args(["-mon", "chardev=monitor"])
            // A USB host, at a place that does not depend on what else there is.
            .args(["-device", "qemu-xhci,addr=0x10", "-audiodev", "none,id=none"])
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .spawn()
            .expect("qemu-system-aarch64 is installed by .ci/setup test");
        let port = BufReader::new(connect(&dir.path().join("port")));
        let mut machine = Self { qemu, port, base: String::new(), dir, _alone: alone };
        machine.port.get_ref().set_read_timeout(Some(BOOT)).unwrap();
        assert_eq!(machine.line(), "ready");
        machine.port.get_ref().set_read_timeout(Some(ANSWER)).unwrap();
        machine.base = format!("http://127.0.0.1:{}", machine.forwarded());
        machine
    }

    /// Runs a line of shell in the machine; its exit code and what it said.
    pub fn run(&mut self, order: &str) -> (i32, String) {
        assert!(!order.contains('\n'), "one line: {order}");
        writeln!(self.port.get_ref(), "{order}").unwrap();
        let head = self.line();
        let (code, bytes) = head.split_once(' ').unwrap();
        let mut said = vec![0; bytes.parse().unwrap()];
        self.port.read_exact(&mut said).unwrap();
        (code.parse().unwrap(), String::from_utf8_lossy(&said).into_owned())
    }

    /// The same, and it must succeed.
    pub fn ok(&mut self, order: &str) -> String {
        let (code, said) = self.run(order);
        assert_eq!(code, 0, "{order}: {said}");
        said
    }

    /// A small file in the machine.
    pub fn write(&mut self, path: &str, text: &str) {
        let text = text.replace('\\', "\\\\").replace('\'', "'\\''").replace('\n', "\\n");
        self.ok(&format!("printf '%b' '{text}' >{path}"));
    }

    /// Seconds of its monotonic clock.
    pub fn now(&mut self) -> f64 {
        let uptime = self.ok("cat /proc/uptime");
        uptime.split(' ').next().unwrap().parse().unwrap()
    }

    /// How long something waited for a processor so far: in the machine, and the machine itself for one of ours.
    pub fn delay(&mut self) -> Delay {
        let pressure = self.ok("cat /proc/pressure/cpu");
        let total = pressure.lines().next().unwrap().rsplit('=').next().unwrap();
        let inside = Duration::from_micros(total.parse().unwrap());
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.qemu.id())).unwrap().flatten();
        let waited = tasks.map(|task| {
            let told = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            told.split(' ').nth(1).and_then(|ns| ns.parse::<u64>().ok()).unwrap_or_default()
        });
        Delay { inside, outside: Duration::from_nanos(waited.sum()) }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.port.read_line(&mut line);
        let console =
            || std::fs::read_to_string(self.dir.path().join("console")).unwrap_or_default();
        assert!(read.is_ok_and(|n| n > 0), "the machine is silent; its console:\n{}", console());
        line.trim_end().to_owned()
    }

    /// The port that QEMU chose for the box's.
    fn forwarded(&self) -> u16 {
        let told = self.monitor("info usernet");
        let line = told.lines().find(|line| line.contains("TCP[HOST_FORWARD]"));
        line.unwrap().split_whitespace().nth(3).unwrap().parse().unwrap()
    }

    /// QEMU does this to the machine, as a hand would, and says something.
    pub fn monitor(&self, order: &str) -> String {
        let mut monitor = connect(&self.dir.path().join("monitor"));
        monitor.set_read_timeout(Some(ANSWER)).unwrap();
        until_prompt(&mut monitor);
        writeln!(monitor, "{order}").unwrap();
        let told = until_prompt(&mut monitor);
        assert!(!told.contains("Error"), "{order}: {told}");
        told
    }
}

/// What the monitor says until it waits for an order.
fn until_prompt(monitor: &mut UnixStream) -> String {
    let (mut said, mut byte) = (Vec::new(), [0]);
    while !said.ends_with(b"(qemu) ") {
        monitor.read_exact(&mut byte).unwrap();
        said.extend(byte);
    }
    String::from_utf8_lossy(&said).into_owned()
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

/// Time that was spent waiting for a processor.
#[derive(Clone, Copy, Debug)]
pub struct Delay {
    pub inside: Duration,
    pub outside: Duration,
}

impl Delay {
    pub fn since(self, before: Self) -> Self {
        Self {
            inside: self.inside - before.inside,
            outside: self.outside.saturating_sub(before.outside),
        }
    }

    pub fn in_all(self) -> Duration {
        self.inside + self.outside
    }
}

impl std::fmt::Display for Delay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (inside, outside) = (self.inside.as_secs_f64(), self.outside.as_secs_f64());
        write!(
            f,
            "waited for a processor: {inside:.2} s in the guest, {outside:.2} s the guest's own two"
        )
    }
}

/// A folder beside Cargo's own folder for tests.
pub fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join(name)
}

/// The guest's second disk: the files as an archive.
fn pack(files: &[PathBuf], to: &Path) {
    let mut tar = tar::Builder::new(std::fs::File::create(to).unwrap());
    for file in files {
        tar.append_path_with_name(file, file.file_name().unwrap()).unwrap();
    }
    tar.finish().unwrap();
}

/// Connects to a socket that QEMU is about to make.
fn connect(path: &Path) -> UnixStream {
    let until = Instant::now() + BOOT;
    loop {
        match UnixStream::connect(path) {
            Ok(stream) => return stream,
            Err(error) => assert!(Instant::now() < until, "{}: {error}", path.display()),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

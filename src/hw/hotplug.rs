//! Says when something was plugged in or pulled out that matters to inputs: the kernel's messages, held back until they
//! are over. Where the kernel cannot be heard (in some containers) it looks every second, while somebody waits.

use std::path::Path;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recvfrom, socket_with};
use tokio::io::Interest;
use tokio::net::UnixDatagram;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{debug, info, warn};

use crate::hw::inputs::sysfs;
use crate::model::Millis;
use crate::wire::uevent::Uevent;

/// Devices of these are inputs, or carry them.
const SUBSYSTEMS: [&str; 4] = ["video4linux", "sound", "usb", "tty"];
/// A camera is a dozen messages within 200 ms; its nodes are usable when they are over.
const QUIET: Millis = Millis(300);
/// A cable with a loose contact never ends.
const PATIENCE: Millis = Millis(1500);
/// How often it is looked where nothing can be heard.
const LOOK: Duration = Duration::from_secs(1);
/// The kernel's messages are 2 KiB at most, and a path.
const MESSAGE_MAX: usize = 8 << 10;
/// The kernel's own messages; group 2 is udev's.
const KERNEL: u32 = 1;

/// Who waits for a change finds out here.
#[derive(Debug)]
pub struct Hotplug {
    changes: watch::Sender<u64>,
    waits: Notify,
}

impl Default for Hotplug {
    fn default() -> Self {
        Self { changes: watch::Sender::new(0), waits: Notify::new() }
    }
}

impl Hotplug {
    /// Changes from now on: how many there were since the start. Dropped when nobody waits any more.
    pub fn changes(&self) -> watch::Receiver<u64> {
        let changes = self.changes.subscribe();
        self.waits.notify_one();
        changes
    }

    /// Tells who waits, and the log what came and went.
    fn changed(&self, root: &Path, seen: &mut Vec<String>) {
        let now = listing(root);
        let other = |these: &[String], those: &[String]| {
            these.iter().filter(|one| !those.contains(one)).cloned().collect::<Vec<_>>().join(", ")
        };
        let (came, went) = (other(&now, seen), other(seen, &now));
        info!(came, went, "something was plugged in or pulled out");
        *seen = now;
        self.tell();
    }

    pub fn tell(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Listens for as long as it is polled.
    pub async fn listen(&self, root: &Path) {
        match Ear::open() {
            Ok(ear) => {
                // Whoever looked before may have missed something.
                self.tell();
                self.hear(&ear, root).await;
            }
            Err(e) => {
                info!(error = %e, "the kernel does not tell what is plugged in; it is looked for while somebody waits");
                self.look(root).await;
            }
        }
    }

    async fn hear(&self, ear: &Ear, root: &Path) {
        let (began, mut debounce) = (Instant::now(), Debounce::default());
        let mut seen = listing(root);
        loop {
            let due = debounce.due().map(|due| began + due.to_std());
            tokio::select! {
                heard = ear.matters() => match heard {
                    Ok(false) => {}
                    Ok(true) => debounce.heard(Millis::of(began.elapsed())),
                    Err(e) => {
                        warn!(error = %e, "the kernel is not heard any more");
                        sleep(LOOK).await;
                    }
                },
                () = at(due) => {
                    debounce = Debounce::default();
                    self.changed(root, &mut seen);
                }
            }
        }
    }

    async fn look(&self, root: &Path) {
        let mut seen = Vec::new();
        loop {
            if self.changes.receiver_count() == 0 {
                self.waits.notified().await;
                seen = listing(root);
            }
            sleep(LOOK).await;
            if listing(root) != seen {
                self.changed(root, &mut seen);
            }
        }
    }
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// What comes and goes with cables: its name of today, and where it is.
fn listing(root: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for folder in ["sys/class/video4linux", "sys/class/sound"].map(|folder| root.join(folder)) {
        for name in sysfs::names(&folder) {
            // Of a sound card one line is enough.
            if name.starts_with("video") || name.starts_with("card") {
                let bus = sysfs::bus_path(&folder.join(&name)).unwrap_or_default();
                all.push(format!("{name} {bus}"));
            }
        }
    }
    all
}

/// Holds a burst of messages back until it is over.
#[derive(Debug, Default)]
pub struct Debounce {
    first: Option<Millis>,
    last: Option<Millis>,
}

impl Debounce {
    pub fn heard(&mut self, now: Millis) {
        self.first.get_or_insert(now);
        self.last = Some(now);
    }

    /// When the burst counts as over; never, while there is none.
    pub fn due(&self) -> Option<Millis> {
        let (first, last) = (self.first?, self.last?);
        Some((last + QUIET).min(first + PATIENCE))
    }
}

/// The socket on which the kernel tells of its devices. It is none of Unix, but of tokio's it needs only the waiting.
struct Ear(UnixDatagram);

impl Ear {
    fn open() -> std::io::Result<Self> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let kind = Some(KOBJECT_UEVENT);
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, kind)?;
        bind(&socket, &SocketAddrNetlink::new(0, KERNEL))?;
        UnixDatagram::from_std(socket.into()).map(Self)
    }

    /// The next message: whether it matters to inputs.
    async fn matters(&self) -> std::io::Result<bool> {
        let mut message = [0; MESSAGE_MAX];
        let got = self.0.async_io(Interest::READABLE, || {
            Ok(recvfrom(&self.0, &mut message[..], RecvFlags::empty())?)
        });
        let (got, from) = match got.await {
            Ok((got, _, from)) => (got, from),
            // Messages were lost: whatever they were about.
            Err(e) if e.raw_os_error() == Some(Errno::NOBUFS.raw_os_error()) => return Ok(true),
            Err(e) => return Err(e),
        };
        // Any program may send to this socket; the kernel alone has no number.
        let from = from.and_then(|from| SocketAddrNetlink::try_from(from).ok());
        if from.is_none_or(|from| from.pid() != 0) {
            return Ok(false);
        }
        let Ok(event) = Uevent::parse(&message[..got]) else { return Ok(false) };
        let matters = SUBSYSTEMS.contains(&event.subsystem);
        if matters {
            debug!(action = event.action, path = event.path, "heard of the kernel");
        }
        Ok(matters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_one_change_and_one_that_never_ends_is_many() {
        let mut burst = Debounce::default();
        assert_eq!(burst.due(), None);
        for at in [100, 150, 300] {
            burst.heard(Millis(at));
        }
        assert_eq!(burst.due(), Some(Millis(600)));
        for at in 3..50 {
            burst.heard(Millis(at * 100));
        }
        assert_eq!(burst.due(), Some(Millis(1600)));
    }

    #[tokio::test(start_paused = true)]
    async fn where_nothing_is_heard_it_is_looked_for_only_while_somebody_waits() {
        let root = tempfile::tempdir().unwrap();
        let plug = |name: &str| {
            std::fs::create_dir_all(root.path().join("sys/class/video4linux").join(name)).unwrap();
        };
        let hotplug = Hotplug::default();
        let waits = async {
            sleep(LOOK * 10).await;
            plug("video0");
            let mut changes = hotplug.changes();
            sleep(LOOK * 10).await;
            assert!(!changes.has_changed().unwrap(), "what was there before is no change");
            plug("video1");
            changes.changed().await.unwrap();
            drop(changes);
            sleep(LOOK * 2).await;
            plug("video2");
            sleep(LOOK * 10).await;
            assert_eq!(*hotplug.changes.borrow(), 1, "nobody waited");
        };
        tokio::select! {
            () = hotplug.look(root.path()) => unreachable!("it looks for ever"),
            () = waits => {}
        }
    }

    /// The kernel repeats a device's message when somebody writes to its file: root may, and then it is heard.
    #[tokio::test]
    async fn the_kernel_itself_is_heard() {
        let ear = Ear::open().unwrap();
        // Inside a namespace of users nothing is heard.
        let users = std::fs::read_to_string("/proc/self/uid_map").unwrap();
        let is_outside = users.split_whitespace().eq(["0", "0", "4294967295"]);
        let file = "/sys/class/tty/console/uevent";
        if is_outside && std::fs::write(file, "change").is_ok() {
            while !ear.matters().await.unwrap() {}
        }
    }
}

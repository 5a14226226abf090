//! Simulated cameras in real time: at the other end of a terminal that stands for a serial adapter, or on a UDP port. And a
//! real service that has them in its configuration.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use arctos_box::model::Millis;
use arctos_box::wire::visca::bus::Link;
use hyper::Method;
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::{Value, json};

use super::sim::Sim;
use crate::process::{Person, Service, Wire, poll, say};
use crate::world::Answer;

/// For a machine that is ten times slower.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Where the simulated adapter is plugged in.
pub const BUS: &str = "usb-0000:01:00.0-1.2";
const PASSWORD: &str = "a password";

/// Cameras that answer by themselves until they are dropped.
pub struct Rig {
    sim: Arc<Mutex<Sim>>,
    /// Of the terminal; empty over IP.
    tty: PathBuf,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Rig {
    pub fn serial(count: usize) -> Self {
        // No service that a test starts may keep it open.
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = openpt(flags).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let tty = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap().into();
        fcntl_setfl(&ours, OFlags::NONBLOCK).unwrap();
        let mut ours = File::from(ours);
        let hear = move |bytes: &mut [u8], said: &[Vec<u8>]| {
            for packet in said {
                // In two pieces, as it comes out of an adapter.
                let (one, other) = packet.split_at(packet.len() / 2);
                let _ = ours.write_all(one);
                sleep(Duration::from_millis(1));
                let _ = ours.write_all(other);
            }
            // While nobody has it open, reading it is an error.
            ours.read(bytes).unwrap_or(0)
        };
        Self::run(Sim::new(Link::Serial, count), tty, hear)
    }

    pub fn udp() -> (Self, SocketAddr) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        socket.set_nonblocking(true).unwrap();
        let mut peer = None;
        let hear = move |bytes: &mut [u8], said: &[Vec<u8>]| {
            for packet in said {
                let _ = socket.send_to(packet, peer.expect("nobody has asked yet"));
            }
            match socket.recv_from(bytes) {
                Ok((count, from)) => {
                    peer = Some(from);
                    count
                }
                Err(e) => {
                    assert!(matches!(e.kind(), ErrorKind::WouldBlock), "{e}");
                    0
                }
            }
        };
        (Self::run(Sim::new(Link::Ip, 1), PathBuf::new(), hear), address)
    }

    fn run(
        sim: Sim,
        tty: PathBuf,
        mut exchange: impl FnMut(&mut [u8], &[Vec<u8>]) -> usize + Send + 'static,
    ) -> Self {
        let (sim, ends) = (Arc::new(Mutex::new(sim)), Arc::new(AtomicBool::new(false)));
        let (ours, over) = (sim.clone(), ends.clone());
        let thread = std::thread::spawn(move || {
            let began = Instant::now();
            let now = || Millis(i64::try_from(began.elapsed().as_millis()).unwrap());
            let mut bytes = [0; 256];
            while !over.load(Ordering::SeqCst) {
                let said = ours.lock().unwrap_or_else(PoisonError::into_inner).say_by(now());
                match exchange(&mut bytes, &said) {
                    0 => sleep(Duration::from_millis(2)),
                    count => {
                        let mut sim = ours.lock().unwrap_or_else(PoisonError::into_inner);
                        sim.hear(&bytes[..count], now());
                    }
                }
            }
        });
        Self { sim, tty, ends, thread: Some(thread) }
    }

    pub fn sim(&self) -> MutexGuard<'_, Sim> {
        self.sim.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the cameras are so.
    pub async fn wait(&self, what: &str, is: impl Fn(&Sim) -> bool) {
        poll(what, PATIENCE, async || is(&self.sim()).then_some(())).await;
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let done = thread.join();
            assert!(done.is_ok() || std::thread::panicking(), "a simulated camera panicked");
        }
    }
}

/// The part of a machine's file tree in which adapters come and go.
pub struct Machine(tempfile::TempDir);

impl Machine {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["sys/class/tty", "dev"] {
            std::fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        Self(dir)
    }

    /// Always at the same place, under a name of today.
    pub fn plug(&self, name: &str, rig: &Rig) {
        let root = self.0.path();
        let port = format!("sys/devices/pci/0000:01:00.0/usb1/1-1/1-1.2/1-1.2:1.0/{name}");
        for folder in [port.clone(), format!("sys/class/tty/{name}")] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        symlink(&rig.tty, root.join("dev").join(name)).unwrap();
        symlink(root.join(port), root.join("sys/class/tty").join(name).join("device")).unwrap();
    }

    pub fn unplug(&self, name: &str) {
        std::fs::remove_dir_all(self.0.path().join("sys/class/tty").join(name)).unwrap();
        std::fs::remove_file(self.0.path().join("dev").join(name)).unwrap();
    }
}

/// A service with cameras, and its administrator.
pub struct School {
    pub service: Service,
    pub data: tempfile::TempDir,
    /// The administrator's token.
    pub root: String,
}

impl School {
    pub async fn open(machine: &Machine, config: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let file = data.path().join("box.toml");
        std::fs::write(&file, config).unwrap();
        let folder = data.path().join("data");
        let root = format!("license.hardware_root={}", machine.0.path().display());
        let service =
            Service::start(&folder, &["--config", file.to_str().unwrap(), "--set", &root]);
        let code = say(&folder, &["setup"]).out.trim().to_owned();
        let mut school = Self { service, data, root: String::new() };
        let founding = json!({"code": code, "handle": "root", "password": PASSWORD});
        let founded = school.ask(Method::POST, "setup", "", founding).await;
        school.root = founded.json()["token"].as_str().unwrap().to_owned();
        school
    }

    /// The same box after its power was cut.
    pub fn again(self) -> Self {
        self.again_with(&[])
    }

    /// The same after it was told to end.
    pub fn ended(self) -> Self {
        let folder = self.folder();
        let (code, _) = self.service.terminate();
        assert_eq!(code, Some(0));
        Self { service: Service::start(&folder, &[]), ..self }
    }

    /// The same with these arguments.
    pub fn again_with(self, args: &[&str]) -> Self {
        let folder = self.folder();
        self.service.kill();
        let service = Service::start(&folder, args);
        Self { service, ..self }
    }

    pub fn folder(&self) -> PathBuf {
        self.data.path().join("data")
    }

    pub async fn ask(&self, method: Method, path: &str, token: &str, body: Value) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers: &[(&str, &str)] =
            if token.is_empty() { &[] } else { &[("authorization", &bearer)] };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut wire = Wire::open(self.service.http).await;
        wire.ask(method, &format!("/box/v1/{path}"), headers, body.into()).await
    }

    /// As the administrator. Answers the status and the code of a failure.
    pub async fn tell(&self, path: &str, body: Value) -> (u16, String) {
        self.tell_as(&self.root, path, body).await
    }

    pub async fn tell_as(&self, token: &str, path: &str, body: Value) -> (u16, String) {
        let answer = self.ask(Method::POST, path, token, body).await;
        let code = answer.json()["error"]["code"].as_str().unwrap_or_default().to_owned();
        (answer.status, code)
    }

    /// Asks again, as a hand that holds a button down does: a camera on two journeys takes nothing for as long as they last,
    /// and one that answers late seems to be gone for a while.
    pub async fn steer_as(&self, token: &str, path: &str, body: Value) {
        let taken = async || match self.tell_as(token, path, body.clone()).await {
            (200, _) => Some(()),
            (409, code) if code == "overtaken" => None,
            (429 | 503, _) => None,
            other => panic!("{path}: {other:?}"),
        };
        poll("it is taken", PATIENCE, taken).await;
    }

    pub async fn steer(&self, path: &str, body: Value) {
        self.steer_as(&self.root, path, body).await;
    }

    pub async fn camera(&self, id: i64) -> Value {
        let answer = self.ask(Method::GET, &format!("cameras/{id}"), &self.root, json!(null)).await;
        answer.json()
    }

    pub async fn until_all_answer(&self, count: usize) {
        let answers = async || {
            let listed = self.ask(Method::GET, "cameras", &self.root, json!(null)).await.json();
            let cameras = listed["cameras"].as_array().unwrap();
            assert_eq!(cameras.len(), count);
            cameras.iter().all(|camera| camera["answers"] == true).then_some(())
        };
        poll("all cameras answer", PATIENCE, answers).await;
    }

    /// A teacher with a log-in of the box's own.
    pub async fn teacher(&self, handle: &str) -> Person {
        let person = json!({"handle": handle, "role": "teacher", "password": PASSWORD});
        assert_eq!(self.tell("users", person).await.0, 201);
        let login = json!({"handle": handle, "password": PASSWORD});
        let known = self.ask(Method::POST, "login", "", login).await.json();
        let mut person = Person::new(&self.service.base());
        person.token = known["token"].as_str().unwrap().to_owned();
        person
    }
}

/// The configuration of cameras on the simulated adapter, by address.
pub fn ring(count: usize) -> String {
    let head = format!("[[camera]]\nline = \"{BUS}\"\nmodel = \"evi-d70\"\n");
    let one = |n| format!("{head}name = \"{n}\"\naddress = {n}\n");
    (1..=count).map(one).collect()
}

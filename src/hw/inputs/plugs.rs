//! A machine for tests, into which a camera and a microphone are plugged and out of which they are pulled: a tree of files
//! for sysfs, and a script that plays ffmpeg's side of their drivers with a real ffmpeg behind it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal as Sign, kill_process};

use super::Inputs;
use super::v4l2::{Camera, Format, Signal, Size};
use crate::hw::board::{Board, Encoder, Input, Place};
use crate::hw::encoder::Finder;
use crate::hw::recorder::Picture;

/// Plays both devices out of pipes, and says what a driver says when they are not there.
const SCRIPT: &str = r#"#!/bin/sh
feed() {
  name=$1; shift
  test -e DIR/$name || { echo "$name: No such device" >&2; exit 1; }
  mkfifo DIR/$name.$$
  /usr/bin/ffmpeg -v quiet -nostdin -re -f lavfi -i "$@" -y DIR/$name.$$ </dev/null >/dev/null 2>&1 &
  echo $! >DIR/$name.pid
  test ! -e DIR/$name.frozen || kill -STOP $!
}
for a; do
  shift
  if test "$drop"; then drop=; continue; fi
  case $a in
    -ts|-input_format|-video_size) drop=1; continue;;
    v4l2) a=$(cat DIR/format);;
    alsa) a=s16le;;
    h264_hard) hard=hard; a=libx264;;
    /dev/video*)
      case $(cat DIR/format) in
        h264) feed camera testsrc2=size=320x180:rate=15 -c:v libx264 -profile:v baseline -tune zerolatency \
          -g 15 -flags +global_header -bsf:v 'noise=drop=eq(n\,0),dump_extra' -f h264;;
        *) feed camera testsrc2=size=320x180:rate=15 -c:v mjpeg -f mjpeg;;
      esac
      a=DIR/camera.$$;;
    plughw:*) feed microphone sine=sample_rate=48000 -ac 2 -f s16le; a=DIR/microphone.$$;;
  esac
  set -- "$@" "$a"
done
EXTRA
exec /usr/bin/ffmpeg "$@"
"#;

/// What this process logged since a test first asked, every test's.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap_or_else(PoisonError::into_inner).extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The switch of a port, as the kernel hears it.
pub struct Port(File);

impl Port {
    /// What it was told since it was asked last.
    pub fn told(&mut self) -> String {
        let mut bytes = [0; 64];
        let count = self.0.read(&mut bytes).unwrap_or(0);
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    }
}

pub struct Plugs {
    dir: tempfile::TempDir,
    /// Of its board.
    pub encoders: Vec<Encoder>,
    /// What its cameras give, as V4L2 and as ffmpeg call it. H.264 begins between two whole pictures.
    pub format: (&'static str, &'static str),
}

impl Plugs {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("sys/class/video4linux")).unwrap();
        fs::create_dir_all(dir.path().join("proc/asound")).unwrap();
        let mut encoders = Board::load("sim").unwrap().encoder;
        encoders.retain(|encoder| encoder.name == "libx264");
        Self { dir, encoders, format: ("MJPG", "mjpeg") }
    }

    /// Its inputs: one, of the first USB camera and the first USB microphone. `extra` goes into the script.
    pub fn inputs(&self, extra: &str, wanted: Picture) -> Arc<Inputs> {
        let mut board = Board::load("sim").unwrap();
        board.encoder.clone_from(&self.encoders);
        let place = || Some(Place { bus: vec!["usb-*".into()], device: 0 });
        let name = "camera".to_owned();
        board.input = vec![Input { name, picture: place(), sound: place(), ..Input::default() }];
        let program = self.path("ffmpeg");
        let dir = self.path("");
        let script = SCRIPT.replace("EXTRA", extra).replace("DIR", &dir.to_string_lossy());
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let finder = Arc::new(Finder::new(Some(program), "/usr/bin:/bin".into(), board.clone()));
        let mut inputs = Inputs::new(board, finder, wanted, self.dir.path().into(), true);
        inputs.ask = answer;
        Arc::new(inputs)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn camera(&self, signal: Signal) {
        self.camera_at(1, "video0", signal);
        fs::write(self.path("camera"), "").unwrap();
    }

    /// Plugs another camera into this port.
    pub fn camera_at(&self, port: u32, node: &str, signal: Signal) {
        let bus = format!("usb-0000:01:00.0-{port}");
        let device = self.path(&format!("sys/devices/0000:01:00.0/usb1/1-{port}/1-{port}:1.0"));
        let own = device.join("video4linux").join(node);
        fs::create_dir_all(&own).unwrap();
        fs::write(own.join("index"), "0").unwrap();
        let _ = symlink(&device, own.join("device"));
        fs::write(device.join("../idVendor"), "046d").unwrap();
        let size = Size { least: (320, 180), most: (320, 180), rates_milli: vec![15_000] };
        let told = Camera {
            place: bus.clone(),
            bus,
            index: 0,
            node: node.into(),
            name: "played".into(),
            driver: "uvcvideo".into(),
            planar: false,
            formats: vec![Format { fourcc: self.format.0.into(), sizes: vec![size] }],
            signal,
            trouble: None,
        };
        fs::create_dir_all(self.path("dev")).unwrap();
        fs::write(self.path("format"), self.format.1).unwrap();
        let written = self.path("dev/new");
        fs::write(&written, serde_json::to_string(&told).unwrap()).unwrap();
        fs::rename(written, self.path("dev").join(node)).unwrap();
        let _ = symlink(&own, self.path("sys/class/video4linux").join(node));
    }

    pub fn microphone(&self) {
        let device = self.path("sys/devices/0000:01:00.0/usb1/1-2/1-2:1.0");
        fs::create_dir_all(&device).unwrap();
        fs::create_dir_all(self.path("proc/asound/card1")).unwrap();
        fs::create_dir_all(self.path("sys/class/sound/card1")).unwrap();
        let _ = symlink(&device, self.path("sys/class/sound/card1/device"));
        fs::write(self.path("microphone"), "").unwrap();
        fs::write(self.path("proc/asound/pcm"), "01-00: USB : USB : capture 1\n").unwrap();
    }

    /// Somebody tries the camera, for as long as this is held.
    pub async fn tried(inputs: &Inputs) -> impl Sized + use<> {
        inputs.tried.turn("video0", Duration::ZERO).await.unwrap()
    }

    /// Whether somebody ever read the camera.
    pub fn was_read(&self) -> bool {
        self.path("camera.pid").exists()
    }

    /// The lines that are logged from the first call on.
    pub fn log() -> Vec<String> {
        let log = tracing_subscriber::fmt().with_ansi(false).with_writer(|| Log);
        let _ = log.try_init();
        let bytes = LOG.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
    }

    /// Listens to what this USB port is told.
    pub fn listen(&self, port: u32) -> Port {
        let switch = self.path(&format!("sys/devices/0000:01:00.0/usb1/1-{port}/authorized"));
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let fifo = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &switch, fifo, mode, 0).unwrap();
        let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap();
        let open = OpenOptions::new().read(true).write(true).custom_flags(flags).open(switch);
        Port(open.unwrap())
    }

    /// What the camera's USB port was told last.
    pub fn port(&self) -> String {
        let switch = self.path("sys/devices/0000:01:00.0/usb1/1-1/authorized");
        fs::read_to_string(switch).unwrap_or_default()
    }

    /// The cable: what it fed comes to its end.
    pub fn pull(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
        match name {
            "camera" => fs::remove_file(self.path("sys/class/video4linux/video0")).unwrap(),
            _ => fs::write(self.path("proc/asound/pcm"), "").unwrap(),
        }
        self.signal(name, Sign::KILL);
    }

    /// It stays where it is and gives nothing any more.
    pub fn freeze(&self, name: &str) {
        fs::write(self.path(&format!("{name}.frozen")), "").unwrap();
        self.signal(name, Sign::STOP);
    }

    /// Whoever reads it anew is given something.
    pub fn thaw(&self, name: &str) {
        fs::remove_file(self.path(&format!("{name}.frozen"))).unwrap();
    }

    fn signal(&self, name: &str, sign: Sign) {
        let id = fs::read_to_string(self.path(&format!("{name}.pid"))).unwrap_or_default();
        if let Some(id) = id.trim().parse().ok().and_then(Pid::from_raw) {
            let _ = kill_process(id, sign);
        }
    }
}

/// Nobody feeds a pipe of this machine any more.
impl Drop for Plugs {
    fn drop(&mut self) {
        let mark = self.dir.path().to_string_lossy().into_owned();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let id = entry.file_name().to_string_lossy().parse().ok().and_then(Pid::from_raw);
            if let Some(id) = id.filter(|_| String::from_utf8_lossy(&line).contains(&mark)) {
                let _ = kill_process(id, Sign::KILL);
            }
        }
    }
}

/// The driver's answer lies in the device's file.
fn answer(dev: &Path, camera: &mut Camera) -> rustix::io::Result<bool> {
    let told = fs::read(dev).map_err(|_| rustix::io::Errno::NODEV)?;
    let told: Camera = serde_json::from_slice(&told).map_err(|_| rustix::io::Errno::IO)?;
    *camera = Camera { place: camera.place.clone(), node: camera.node.clone(), ..told };
    Ok(true)
}

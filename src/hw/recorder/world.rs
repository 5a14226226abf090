//! The one fixture of the recorder's tests: a recorder, its listener, the folder of one lesson, a real ffmpeg.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rustix::process::Pid;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::*;
use crate::hw::board::Board;
use crate::hw::encoder::Finder;
use crate::model::recording::{Finished, GapWhy, Job, RefusedWhy, Segment, Take, View};

static NEXT: AtomicI64 = AtomicI64::new(1);

/// A recorder, its listener and the folder of one lesson.
pub struct World {
    pub dir: tempfile::TempDir,
    pub room: RoomId,
    pub setup: Setup,
    pub clock: Clock,
    pub zero: Millis,
    pub source: String,
    pub heard: Vec<Note>,
    /// What was said of the slides meanwhile.
    pub slides: Vec<Note>,
    pub alive: Option<Alive>,
}

pub struct Alive {
    pub orders: mpsc::Sender<Order>,
    pub notes: mpsc::Receiver<(Track, Note)>,
    pub drain: watch::Sender<bool>,
    pub task: JoinHandle<()>,
}

impl World {
    pub fn new() -> Self {
        Self::with(None)
    }

    /// `script` plays ffmpeg, with `$REAL` and `$DIR` filled in.
    pub fn with(script: Option<&str>) -> Self {
        Self::made(script, |_| {})
    }

    /// The same, with another text for each argument of its input.
    pub fn made(script: Option<&str>, alter: impl Fn(&mut String)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        // The tone's pitch tells one test's encoder from another's.
        let room = RoomId(NEXT.fetch_add(1, Ordering::SeqCst));
        let mut board = Board::load("sim").unwrap();
        board.encoder.retain(|encoder| encoder.name == "libx264");
        for arg in &mut board.input[0].args {
            *arg = arg.replace("frequency=440", &format!("frequency={}", 1000 + room.0));
            alter(arg);
        }
        let configured = script.map(|script| program(dir.path(), script));
        let finder = Finder::new(configured, "/usr/bin:/bin".into(), board.clone());
        let wanted = Picture { width: 320, height: 180, rate: 15, kbit: 400 };
        let inputs = Inputs::new(board, Arc::new(finder), wanted, "/".into(), false);
        let mut setup = Setup::usual(Arc::new(inputs));
        (setup.reserve_bytes, setup.floor_bytes) = (0, 0);
        setup.retry_every = Millis(100);
        let clock = Clock::system();
        let zero = clock.now();
        let (source, heard, slides) = ("sim".into(), Vec::new(), Vec::new());
        Self { dir, room, setup, clock, zero, source, heard, slides, alive: None }
    }

    pub fn job(&self) -> Job {
        let (folder, source) = (self.dir.path().join("lesson"), self.source.clone());
        Job { room: self.room, view: View::Teacher, folder, zero: self.zero, source }
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.job().dir().join(name)
    }

    pub async fn start(&mut self) {
        self.zero = self.clock.now();
        self.order(Order::Start(self.job())).await;
    }

    pub async fn resume(&mut self) {
        self.order(Order::Resume(self.job())).await;
    }

    pub async fn order(&mut self, order: Order) {
        if self.alive.is_none() {
            let ((orders, waiting), (sink, notes)) = (mpsc::channel(4), mpsc::channel(4));
            let (drain, drained) = watch::channel(false);
            let (setup, clock) = (self.setup.clone(), self.clock.clone());
            let task = tokio::spawn(run(setup, waiting, sink, clock, drained));
            self.alive = Some(Alive { orders, notes, drain, task });
        }
        self.alive.as_ref().unwrap().orders.send(order).await.unwrap();
    }

    /// Listens until a note answers the question.
    pub async fn hear<T>(&mut self, question: impl FnMut(&Note) -> Option<T>) -> T {
        self.hear_of(View::Teacher, question).await
    }

    pub async fn hear_of<T>(
        &mut self,
        view: View,
        mut question: impl FnMut(&Note) -> Option<T>,
    ) -> T {
        let alive = self.alive.as_mut().unwrap();
        let deadline = Instant::now() + Duration::from_secs(240);
        loop {
            let next = timeout_at(deadline, alive.notes.recv()).await;
            let (track, note) = next.expect("the recorder speaks").unwrap();
            assert_eq!(track.room, self.room);
            let heard = match track.view {
                View::Teacher => &mut self.heard,
                View::Slides => &mut self.slides,
            };
            heard.push(note);
            let answer = question(heard.last().unwrap()).filter(|_| track.view == view);
            if let Some(answer) = answer {
                return answer;
            }
        }
    }

    pub async fn segment(&mut self) -> Segment {
        self.hear(|note| match note {
            Note::SegmentClosed { segment, .. } => Some(*segment),
            _ => None,
        })
        .await
    }

    pub async fn opened(&mut self) -> Take {
        self.hear(|note| match note {
            Note::TakeOpened(take) => Some(take.clone()),
            _ => None,
        })
        .await
    }

    pub async fn gap(&mut self) -> (GapWhy, Millis) {
        self.hear(|note| match note {
            Note::Gap { why, from, until } => Some((why.clone(), *until - *from)),
            _ => None,
        })
        .await
    }

    pub async fn lost(&mut self) -> String {
        self.hear(|note| if let Note::Lost(why) = note { Some(why.clone()) } else { None }).await
    }

    pub async fn refused(&mut self) -> RefusedWhy {
        self.hear(|note| if let Note::Refused { why } = note { Some(why.clone()) } else { None })
            .await
    }

    pub async fn ended(&mut self) -> Vec<Finished> {
        self.hear(|note| match note {
            Note::Ended { takes } => Some(takes.clone()),
            _ => None,
        })
        .await
    }

    pub async fn stop(&mut self) -> Vec<Finished> {
        self.order(Order::Finish(self.job())).await;
        self.ended().await
    }

    /// The box dies without a goodbye. The threads of its files die with it, other than in a real crash: what they
    /// had been given is written first.
    pub async fn crash(&mut self) {
        let Alive { task, .. } = self.alive.take().unwrap();
        task.abort();
        let _ = task.await;
        while self.has_open_files() {
            self.pause(1).await;
        }
    }

    fn has_open_files(&self) -> bool {
        let open = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
        let mut paths = open.filter_map(|entry| std::fs::read_link(entry.path()).ok());
        paths.any(|path| path.starts_with(self.dir.path()))
    }

    pub async fn pause(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    /// The process that encodes for this world.
    pub async fn encoder(&self) -> Pid {
        self.encoder_with(&format!("frequency={}", 1000 + self.room.0)).await
    }

    /// The one that has this in its arguments.
    pub async fn encoder_with(&self, mark: &str) -> Pid {
        for _ in 0..500 {
            for entry in std::fs::read_dir("/proc").unwrap().flatten() {
                let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
                let id = entry.file_name().to_string_lossy().parse().ok();
                let is_marked = |_: &i32| String::from_utf8_lossy(&line).contains(mark);
                if let Some(id) = id.filter(is_marked).filter(|id| is_ours(*id)) {
                    return Pid::from_raw(id).unwrap();
                }
            }
            self.pause(20).await;
        }
        panic!("no encoder runs");
    }
}

/// Whether this process has started it, itself or by another: the same tests may run twice on a machine.
fn is_ours(mut id: i32) -> bool {
    let own = Some(std::process::id().cast_signed());
    while Some(id) != own {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // After the name, which may hold anything: state, parent.
        let parent =
            stat.rsplit_once(')').and_then(|(_, rest)| rest.split(' ').nth(2)?.parse().ok());
        let Some(parent) = parent.filter(|parent| *parent > 1) else { return false };
        id = parent;
    }
    true
}

pub fn program(dir: &Path, script: &str) -> PathBuf {
    let path = dir.join("ffmpeg");
    let text =
        script.replace("$REAL", "/usr/bin/ffmpeg").replace("$DIR", &dir.display().to_string());
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

pub fn said(program: &str, args: &[&str], file: &Path) -> (String, String) {
    let output = Command::new(program)
        .args(args)
        .arg(file)
        // In the film's own clock: in that of its rate, what follows a gap may fall on the picture before it.
        .args(["-enc_time_base", "-1", "-f", "null", "-"].iter().filter(|_| program == "ffmpeg"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// Every picture and sound of it decodes without a complaint.
pub fn plays(file: &Path) {
    let (_, complaints) = said("ffmpeg", &["-v", "error", "-nostdin", "-i"], file);
    assert_eq!(complaints, "");
}

/// Decodes all of it; gives the seconds that ffprobe tells.
pub fn decodes(file: &Path) -> f64 {
    plays(file);
    let entries =
        ["-v", "error", "-show_entries", "stream=codec_name:format=duration", "-of", "csv=p=0"];
    let (told, _) = said("ffprobe", &entries, file);
    let mut lines = told.lines();
    assert_eq!((lines.next(), lines.next()), (Some("h264"), Some("aac")));
    lines.next().unwrap().parse().unwrap()
}

pub fn check_hash(world: &World, finished: &Finished) {
    let bytes = std::fs::read(world.file(&finished.take.name)).unwrap();
    assert_eq!(finished.bytes, bytes.len() as u64);
    assert_eq!(finished.take.bytes, finished.bytes);
    let hash = ring::digest::digest(&ring::digest::SHA256, &bytes);
    assert_eq!(finished.sha256, crate::model::hex(hash.as_ref()));
    let lens: u64 = finished.take.segments.iter().map(|segment| segment.len).sum();
    assert_eq!(finished.take.init_len + lens, finished.bytes);
}

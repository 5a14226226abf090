//! The running program: build the parts, run them, drain them. It alone knows all the others.

pub mod cameras;
mod doors;
pub mod health;
pub mod licence;
pub mod parts;
mod rest;
pub mod site;

use std::ffi::OsString;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::config::Config;
use crate::domain::monitor::Input;
use crate::domain::policy::ChannelRule;
use crate::domain::{
    self, Appliance, Folders, Parts, application, audit, camera, classroom, file, lesson, outbox,
    pass, recording, retention, session,
};
use crate::http::listener::{self, Door};
use crate::hw::inputs::Inputs;
use crate::hw::leds::Lamps;
use crate::hw::monitor::Looker;
use crate::hw::{monitor, ptz, recorder};
use crate::model::recording::{Note, Order, Track};
use crate::model::{Clock, Entropy, Fault, Moment};
use crate::ops::folder::{Folder, FolderError};
use crate::ops::metrics::Metrics;
use crate::ops::{backup, courier, leancloud, secrets, socket};
use crate::store::Db;
use doors::{Bound, Frame, Rooms};
use health::Health;
use site::Site;

/// Orders that may wait for the recorder: after a bad night, every lesson that is to be finished.
const ORDERS: usize = 1024;
/// Notes that may wait for the domain; the recorder keeps more in its own outbox.
const NOTES: usize = 256;
/// How often silence is looked for, and how often the box wakes up while nobody can fall silent.
const TICK: Duration = Duration::from_secs(1);
const STILL: Duration = Duration::from_secs(10);
/// How often recordings that should be finished are asked for again.
const RETRY: Duration = Duration::from_secs(60);
/// How often expired things are swept, and the certificate looked after.
const SWEEP: Duration = Duration::from_secs(3600);

/// Why the box does not start.
#[derive(Debug)]
pub enum StartError {
    /// The configuration asks for something that is not there. Exit 78: trying again does not help.
    Config(String),
    /// Somebody else owns the data folder, or an address is taken: for now. Exit 70.
    Taken(String),
    /// Our fault, or the machine's. Exit 70.
    Software(String),
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Config(why) | Self::Taken(why) | Self::Software(why) => f.write_str(why),
        }
    }
}

/// A box that runs. Dropping it stops nothing: call `stop`.
pub struct Running {
    pub site: Arc<Site>,
    /// What is really listened on: kind and address.
    pub listening: Vec<(&'static str, SocketAddr)>,
    drain: watch::Sender<bool>,
    tasks: JoinSet<()>,
    db: Db,
    _folder: Folder,
}

/// What the program was given besides its configuration.
pub struct World {
    pub data: PathBuf,
    /// Form of `PATH`: where ffmpeg is looked for.
    pub search_path: OsString,
    pub clock: Clock,
    pub entropy: Entropy,
}

/// Builds everything and starts serving. Callers are let in as soon as they can be, and answered from what is
/// stored; whoever writes waits until the store was checked, or is told to come again. What acts by itself begins
/// after that.
pub async fn start(config: &Config, world: World) -> Result<Running, StartError> {
    let World { data, search_path, clock, entropy } = world;
    let (folder, data) = own(&data)?;
    let setup = parts::recorder(config, &search_path)?;
    let health = Arc::new(Health::new(setup.inputs.finder.clone()));
    let bound = Bound::of(config, &health).await?;
    let (orders, order_box) = mpsc::channel(ORDERS);
    let (parts, name, lines) = gather(config, &setup, &data, entropy, orders)?;
    let db = parts.db.clone();
    let app = Appliance::open(parts, clock.moment()).await.map_err(|e| trouble(&e))?;
    if app.policy.channel.rule == ChannelRule::Md5 {
        let why = "channel.auth = md5: anybody can come in as any pupil of the channel and watch; set it to hmac";
        health.warn("channel", why.into());
    }
    let (watched, more) = parts::watched(config, &app.policy.classrooms);
    if let Some(why) = more {
        health.warn("inputs", why);
    }
    // Before anybody can upload: what has no row now never will.
    let left_over = file::reconcile(&app).await;

    // Asked before the doors open: it is written before anything that is asked through them.
    let mut settled = pin!(app.settle(clock.moment()));
    let asked = poll_fn(|cx| Poll::Ready(settled.as_mut().poll(cx))).await;
    let mut tasks = JoinSet::new();
    let (drain, draining) = watch::channel(false);
    let frame = Frame { config, data: &data, name: &name, clock: &clock, health: &health };
    let opened = frame.open(bound, &mut tasks, &draining).await;
    app.is_at(opened.address(&name));
    let metrics = Arc::new(Metrics::default());
    let ca_pem = opened.ca_pem.map(Into::into);
    let site = Arc::new(Site::new(app.clone(), clock.clone(), metrics, health.clone(), ca_pem));
    let rooms = Rooms { site: site.clone(), clock: clock.clone() };
    for (behind, door) in opened.doors {
        tasks.spawn(listener::serve(door, rooms.service(behind), draining.clone()));
    }

    app.bring_back(clock.moment()).await.map_err(|e| trouble(&e))?;
    db.check().await.map_err(|e| StartError::Software(e.to_string()))?;
    let asked = if let Poll::Ready(done) = asked { done } else { settled.await };
    asked.map_err(|e| trouble(&e))?;
    let cleared = async { left_over?.clear().await };
    if let Err(e) = cleared.await {
        tracing::warn!(error = ?e, "left-over uploads were not looked after");
    }
    let own = own_socket(&data)?;
    let (inputs, backups) = (setup.inputs.clone(), Arc::default());
    let (ours, time) = (app.clone(), clock.clone());
    let desk = Arc::new(socket::Desk { app: ours, clock: time, health, data, inputs, backups });
    let asked: listener::Service = Arc::new(move |request, _| {
        let desk = desk.clone();
        Box::pin(async move { desk.answer(request).await })
    });
    tasks.spawn(listener::serve(Door::Unix(own), asked, draining.clone()));
    for line in lines {
        tasks.spawn(drive(line, setup.inputs.clone(), draining.clone()));
    }
    act(&app, &clock, &mut tasks, &draining, (setup, order_box), &watched);
    Ok(Running { site, listening: opened.listening, drain, tasks, db, _folder: folder })
}

/// What the box does without being asked.
fn act(
    app: &Arc<Appliance>,
    clock: &Clock,
    tasks: &mut JoinSet<()>,
    drain: &watch::Receiver<bool>,
    (mut setup, orders): (recorder::Setup, mpsc::Receiver<Order>),
    watched: &[&String],
) {
    let patience = (setup.stall + setup.opening).to_std();
    setup.show = app.live.show();
    let (app, clock, drain) = (|| app.clone(), || clock.clone(), || drain.clone());
    let (inputs, (notes, note_box)) = (setup.inputs.clone(), mpsc::channel(NOTES));
    tasks.spawn(attend(inputs.clone(), drain()));
    let led = if inputs.is_real() { inputs.board.led.as_slice() } else { &[] };
    let lamps = Lamps::find(led, &inputs.root);
    let ours = app();
    tasks.spawn(lamps.run(ours.devices.changes(), ours.tapes.alarms(), drain()));
    tasks.spawn(recorder::run(setup, orders, notes, clock(), drain()));
    tasks.spawn(listen_to_recorder(app(), note_box, clock()));
    tasks.spawn(leancloud::run(app(), clock(), drain()));
    tasks.spawn(courier::run(app(), clock(), drain()));
    tasks.spawn(housekeep(app(), clock(), drain()));
    let looker = Arc::new(Looker::new(inputs.clone(), ours.devices.clone(), clock(), patience));
    for input in ours.monitors.all().iter().cloned() {
        let looker = (looker.clone(), watched.contains(&&input.name));
        tasks.spawn(show(input, inputs.clone(), looker, clock(), drain()));
    }
    tasks.spawn(look_round(app(), inputs, clock()));
    let turned = app();
    tasks.spawn(async move { camera::settle_all(&turned).await });
}

fn own(data: &Path) -> Result<(Folder, PathBuf), StartError> {
    let at = data.display();
    let folder = Folder::own(data).map_err(|e| match e {
        FolderError::Taken => StartError::Taken(format!("{at}: {e}")),
        FolderError::Io(e) => StartError::Software(format!("{at}: {e}")),
    })?;
    if backup::interrupted(data) {
        let why = "a restore was interrupted; run `restore` again before the service starts";
        return Err(StartError::Software(format!("{at}: {why}")));
    }
    let data = data.canonicalize().map_err(|e| StartError::Software(e.to_string()))?;
    Ok((folder, data))
}

/// What the box is made of, and its name.
fn gather(
    config: &Config,
    setup: &recorder::Setup,
    data: &Path,
    entropy: Entropy,
    recorder: mpsc::Sender<Order>,
) -> Result<(Parts, String, Vec<ptz::Line>), StartError> {
    let (secrets, name) = secrets::load_or_make(data, &entropy).map_err(StartError::Software)?;
    let db = Db::open_unchecked(data).map_err(|e| StartError::Software(e.to_string()))?;
    let (licence, identity) = licence::setup(config, &setup.inputs.board, data)?;
    let name = licence::box_name(&identity).unwrap_or(name);
    let policy = parts::policy(config, &setup.inputs.board, name.clone())?;
    let (cameras, lines) = cameras::cameras(config, &setup.inputs.board, &policy.classrooms)?;
    let parts = Parts {
        space: parts::space(setup, &policy, data),
        db,
        entropy,
        policy,
        secrets,
        folders: Folders { recordings: data.join("recordings"), files: data.join("files") },
        licence,
        recorder,
        cameras,
        monitors: setup.monitors.clone(),
        devices: setup.devices.clone(),
    };
    Ok((parts, name, lines))
}

fn trouble(fault: &Fault) -> StartError {
    StartError::Software(socket::explain(fault))
}

async fn drive(line: ptz::Line, inputs: Arc<Inputs>, drain: watch::Receiver<bool>) {
    line.run(&inputs.root, &inputs.hotplug, drain).await;
}

async fn attend(inputs: Arc<Inputs>, mut drain: watch::Receiver<bool>) {
    tokio::select! {
        () = listener::drained(&mut drain) => {}
        () = inputs.attend() => {}
    }
}

async fn show(
    input: Arc<Input>,
    inputs: Arc<Inputs>,
    (looker, is_always): (Arc<Looker>, bool),
    clock: Clock,
    mut drain: watch::Receiver<bool>,
) {
    tokio::select! {
        () = listener::drained(&mut drain) => {}
        () = monitor::develop(&input, &inputs, &clock) => {}
        () = looker.run(&input, is_always) => {}
    }
}

/// Once, beside everything else: the encoder is looked for now, so that the first lesson of the day does
/// not wait for its trial, and recordings are held against their lessons.
async fn look_round(app: Arc<Appliance>, inputs: Arc<Inputs>, clock: Clock) {
    if let Err(e) = inputs.finder.find().await {
        tracing::error!(error = %e, "no encoder: lessons will not be recorded");
    }
    if let Err(e) = recording::reconcile(&app).await {
        tracing::warn!(error = ?e, "recordings were not compared with their lessons");
    }
    retain(&app, clock.moment()).await;
}

impl Running {
    /// Drains: answers what is being asked, closes recordings, commits what is queued. Within 10 s.
    pub async fn stop(mut self) {
        self.drain.send_replace(true);
        let rest = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(Duration::from_secs(8), rest).await.is_err() {
            tracing::error!("some tasks did not end in time");
            self.tasks.abort_all();
        }
        self.db.close().await;
    }

    /// The address of the first listener of a kind.
    pub fn addr(&self, kind: &str) -> Option<SocketAddr> {
        self.listening.iter().find(|(k, _)| *k == kind).map(|(_, addr)| *addr)
    }
}

async fn listen_to_recorder(
    app: Arc<Appliance>,
    mut notes: mpsc::Receiver<(Track, Note)>,
    clock: Clock,
) {
    while let Some((track, note)) = notes.recv().await {
        // A full queue passes in a moment. What stays lost is asked for again within a minute.
        for pause_s in [0, 1, 2] {
            tokio::time::sleep(Duration::from_secs(pause_s)).await;
            match recording::heard(&app, track, note.clone(), clock.moment()).await {
                Ok(()) => break,
                Err(e) => {
                    tracing::error!(room = %track, error = ?e, "a note of the recorder failed")
                }
            }
        }
    }
}

async fn housekeep(app: Arc<Appliance>, clock: Clock, mut drain: watch::Receiver<bool>) {
    let (mut swept, mut retried) = (clock.steady(), clock.steady());
    let (mut memory, mut is_owed) = (rest::Memory::begin(clock.steady()), false);
    loop {
        let is_still = !is_owed && app.presence.is_still() && app.applications.is_still();
        tokio::select! {
            () = listener::drained(&mut drain) => return settle(&app, clock.moment()).await,
            () = tokio::time::sleep(if is_still { STILL } else { TICK }) => {}
            () = app.lesson_bell.notified() => {}
        }
        let now = clock.moment();
        lesson::age(&app, now).await;
        if let Err(e) = domain::licence::step(&app, now).await {
            tracing::warn!(error = ?e, "the newest time seen was not kept");
        }
        application::age(&app, now).await;
        if (now.steady - retried).to_std() >= RETRY {
            retried = now.steady;
            settle(&app, now).await;
            if let Err(e) = recording::retry(&app).await {
                tracing::warn!(error = ?e, "unfinished recordings were not looked for");
            }
            retain(&app, now).await;
        }
        if (now.steady - swept).to_std() >= SWEEP {
            swept = now.steady;
            for done in [
                session::sweep(&app, now).await,
                outbox::forget(&app, now).await,
                file::sweep(&app, now).await,
                pass::sweep(&app, now).await,
                audit::sweep(&app, now).await,
            ] {
                if let Err(e) = done {
                    tracing::warn!(error = ?e, "sweeping failed");
                }
            }
        }
        is_owed = memory.look(&app, now.steady);
    }
}

async fn retain(app: &Appliance, now: Moment) {
    if let Err(e) = retention::step(app, now).await {
        tracing::warn!(error = ?e, "recordings that are due were not deleted");
    }
}

/// What could not be stored in its time: each minute, and once at the end, for which `stop` waits no longer than for the rest.
async fn settle(app: &Appliance, now: Moment) {
    if let Err(e) = classroom::retry(app).await {
        tracing::warn!(error = ?e, "what was switched off is not stored yet");
    }
    if let Err(e) = audit::settle(app, now).await {
        tracing::warn!(error = ?e, "refused log-ins are not in the audit");
    }
}

/// The box's own socket; a stale one is from a crash, for this process owns the folder.
fn own_socket(data: &std::path::Path) -> Result<UnixListener, StartError> {
    use std::os::unix::fs::PermissionsExt;
    let path = Folder::socket(data);
    let make = || {
        let _ = std::fs::remove_file(&path);
        let socket = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok::<_, std::io::Error>(socket)
    };
    make().map_err(|e| StartError::Software(format!("{}: {e}", path.display())))
}

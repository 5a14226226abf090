//! The running program: build the parts, run them, drain them. It alone knows all the others.

mod doors;
pub mod health;
pub mod licence;
pub mod parts;
pub mod site;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::config::Config;
use crate::domain::policy::ChannelRule;
use crate::domain::{
    self, Appliance, Folders, Parts, Space, application, audit, file, group, lesson, outbox, pass,
    recording, session,
};
use crate::http::listener::{self, Door};
use crate::hw::encoder::Finder;
use crate::hw::recorder;
use crate::model::recording::Note;
use crate::model::{Clock, Entropy, Moment, RoomId};
use crate::ops::folder::{Folder, FolderError, free_bytes};
use crate::ops::metrics::Metrics;
use crate::ops::{backup, courier, leancloud, secrets, socket};
use crate::store::Db;
use doors::{Frame, Rooms};
use health::Health;
use site::Site;

/// Orders that may wait for the recorder: after a bad night, every lesson that is to be finished.
const ORDERS: usize = 1024;
/// Notes that may wait for the domain; the recorder keeps more in its own outbox.
const NOTES: usize = 256;
/// How often silence is looked for.
const TICK: Duration = Duration::from_secs(1);
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

/// Builds everything and starts serving.
pub async fn start(config: &Config, world: World) -> Result<Running, StartError> {
    let World { data, search_path, clock, entropy } = world;
    let folder = Folder::own(&data).map_err(|e| match e {
        FolderError::Taken => StartError::Taken(format!("{}: {e}", data.display())),
        FolderError::Io(e) => StartError::Software(format!("{}: {e}", data.display())),
    })?;
    if backup::interrupted(&data) {
        let why = "a restore was interrupted; run `restore` again before the service starts";
        return Err(StartError::Software(format!("{}: {why}", data.display())));
    }
    let data = data.canonicalize().map_err(|e| StartError::Software(e.to_string()))?;
    let (kept, name) = secrets::load_or_make(&data, &entropy).map_err(StartError::Software)?;
    let db = Db::open(&data).map_err(|e| StartError::Software(e.to_string()))?;
    let setup = parts::recorder(config, &search_path)?;
    let (licence, identity) = licence::setup(config, &setup.board, &data)?;
    let name = licence::box_name(&identity).unwrap_or(name);
    let policy = parts::policy(config, &setup.board, name.clone())?;

    let (orders, order_box) = mpsc::channel(ORDERS);
    let (notes, note_box) = mpsc::channel(NOTES);
    let (drain, draining) = watch::channel(false);
    let space_at = data.clone();
    let made = Parts {
        db: db.clone(),
        entropy: entropy.clone(),
        policy,
        secrets: kept,
        folders: Folders { recordings: data.join("recordings"), files: data.join("files") },
        licence,
        space: Space {
            free: Arc::new(move || free_bytes(&space_at)),
            reserve: setup.reserve_bytes,
        },
        recorder: orders,
    };
    let app = Appliance::open(made, clock.moment()).await;
    let app = app.map_err(|e| StartError::Software(socket::explain(&e)))?;
    let health = Arc::new(Health::new(setup.finder.clone()));
    if app.policy.channel.rule == ChannelRule::Md5 {
        let why = "channel.auth = md5: anybody can come in as any pupil of the channel and watch; set it to hmac";
        health.warn("channel", why.into());
    }

    // Before anybody can upload: what has no row now never will.
    if let Err(e) = file::reconcile(&app).await {
        tracing::warn!(error = ?e, "left-over uploads were not looked after");
    }

    if let Err(e) = group::catch_up(&app, clock.moment()).await {
        tracing::warn!(error = ?e, "RongCloud was not told of the groups that are there");
    }

    let mut tasks = JoinSet::new();
    let frame = Frame { config, data: &data, name: &name, clock: &clock, health: &health };
    let opened = frame.open(&mut tasks, &draining).await?;
    app.is_at(opened.address(&name));
    let finder = setup.finder.clone();
    tasks.spawn(recorder::run(setup, order_box, notes, clock.clone(), draining.clone()));
    tasks.spawn(listen_to_recorder(app.clone(), note_box, clock.clone()));
    tasks.spawn(leancloud::run(app.clone(), clock.clone(), draining.clone()));
    tasks.spawn(courier::run(app.clone(), clock.clone(), draining.clone()));
    tasks.spawn(housekeep(app.clone(), clock.clone(), draining.clone()));
    tasks.spawn(look_round(app.clone(), finder));

    let metrics = Arc::new(Metrics::default());
    let ca_pem = opened.ca_pem.map(Into::into);
    let site = Arc::new(Site::new(app.clone(), clock.clone(), metrics, health.clone(), ca_pem));
    let rooms = Rooms { site: site.clone(), clock: clock.clone() };
    for (behind, door) in opened.doors {
        tasks.spawn(listener::serve(door, rooms.service(behind), draining.clone()));
    }
    let desk = Arc::new(socket::Desk { app, clock, health, data: data.clone() });
    let own = own_socket(&data)?;
    let asked: listener::Service = Arc::new(move |request, _| {
        let desk = desk.clone();
        Box::pin(async move { desk.answer(request).await })
    });
    tasks.spawn(listener::serve(Door::Unix(own), asked, draining));
    Ok(Running { site, listening: opened.listening, drain, tasks, db, _folder: folder })
}

/// Once, beside everything else: the encoder is looked for now, so that the first lesson of the day does
/// not wait for its trial, and recordings are held against their lessons.
async fn look_round(app: Arc<Appliance>, finder: Arc<Finder>) {
    if let Err(e) = finder.find().await {
        tracing::error!(error = %e, "no encoder: lessons will not be recorded");
    }
    if let Err(e) = recording::reconcile(&app).await {
        tracing::warn!(error = ?e, "recordings were not compared with their lessons");
    }
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
    mut notes: mpsc::Receiver<(RoomId, Note)>,
    clock: Clock,
) {
    while let Some((room, note)) = notes.recv().await {
        // A full queue passes in a moment. What stays lost is asked for again within a minute.
        for pause_s in [0, 1, 2] {
            tokio::time::sleep(Duration::from_secs(pause_s)).await;
            match recording::heard(&app, room, note.clone(), clock.moment()).await {
                Ok(()) => break,
                Err(e) => tracing::error!(%room, error = ?e, "a note of the recorder failed"),
            }
        }
    }
}

async fn housekeep(app: Arc<Appliance>, clock: Clock, mut drain: watch::Receiver<bool>) {
    let (mut swept, mut retried) = (clock.steady(), clock.steady());
    loop {
        tokio::select! {
            () = listener::drained(&mut drain) => return settle(&app, clock.moment()).await,
            () = tokio::time::sleep(TICK) => {}
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
    }
}

async fn settle(app: &Appliance, now: Moment) {
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

//! What the box can do, in its own words. It knows neither HTTP nor any dialect; `now` is an argument.

pub mod allowance;
pub mod application;
pub mod audit;
pub mod callback;
pub mod camera;
pub mod catalogue;
pub mod classroom;
pub mod cloud;
mod crowd;
pub mod devices;
pub mod durable;
pub mod enrol;
pub mod file;
pub mod group;
pub mod guess;
pub mod lesson;
pub mod licence;
pub mod live;
pub mod message;
pub mod monitor;
pub mod online;
pub mod outbox;
pub mod pace;
pub mod partner;
pub mod pass;
pub mod password;
pub mod people;
pub mod policy;
pub mod presence;
pub mod recall;
pub mod recording;
pub mod retention;
pub mod room;
pub mod session;
pub mod setup;
pub mod staff;
pub mod talk;
pub mod user;
pub mod visitor;
pub mod watch;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::{Notify, Semaphore, mpsc};

use crate::model::recording::Order;
use crate::model::{Entropy, Fault, Moment};
use crate::store::{Db, rooms, users};
use policy::{Policy, Secrets};

/// A class sends its pictures one by one; the box has a few hundred MiB to spare.
const LARGE_BODIES: usize = 8;

/// The running box: everything an operation may need, passed by reference.
pub struct Appliance {
    pub db: Db,
    pub entropy: Entropy,
    pub policy: Policy,
    pub secrets: Secrets,
    pub folders: Folders,
    pub sessions: session::Sessions,
    pub presence: presence::Presence,
    pub online: online::Online,
    pub recall: Arc<recall::Recall>,
    pub catalogue: Arc<catalogue::Catalogue>,
    pub guesses: guess::Guesses,
    pub allowances: allowance::Allowances,
    pub partners: partner::Partners,
    pub applications: application::Applications,
    pub hasher: password::Hasher,
    pub setup: setup::Setup,
    pub tapes: recording::Tapes,
    /// What is recorded, for those who watch it now.
    pub live: Arc<live::Live>,
    pub licence: licence::Licensing,
    pub talk: Arc<talk::Hub>,
    pub space: Space,
    /// PTZ heads, in the order of the configuration.
    pub cameras: Vec<camera::Camera>,
    pub calendar: retention::Calendar,
    pub lasting: lesson::Lasting,
    /// Capture inputs, for those who look at them.
    pub monitors: monitor::Monitors,
    pub devices: devices::Devices,
    pub switches: classroom::Switches,
    /// Places for requests beyond 64 KiB: with what is made of it, each takes some ten MiB while it lasts.
    pub large_bodies: Semaphore,
    recorder: mpsc::Sender<Order>,
    /// Rung when something was put into the outbox.
    pub outbox_bell: Notify,
    /// Rung when a lesson begins: from then on somebody may fall silent.
    pub lesson_bell: Notify,
    administered: AtomicBool,
    /// Scheme, name and port under which the box is reached on the LAN, once it listens.
    address: OnceLock<String>,
}

/// Where things lie under the data folder.
#[derive(Clone, Debug)]
pub struct Folders {
    pub recordings: PathBuf,
    pub files: PathBuf,
}

/// Asks how many bytes are free where the data lies; `None` when nobody can tell.
#[derive(Clone)]
pub struct Space {
    pub free: Arc<dyn Fn() -> Option<u64> + Send + Sync>,
    /// Bytes that only lessons may use: the larger of 2 GiB and two hours at the configured rate, and twice that where there are
    /// slides.
    pub reserve: u64,
    /// With less of it no lesson is recorded; with less than the reserve, none of its slides.
    pub least: u64,
}

/// What `Appliance::open` is made of.
pub struct Parts {
    pub db: Db,
    pub entropy: Entropy,
    pub policy: Policy,
    pub secrets: Secrets,
    pub folders: Folders,
    pub licence: licence::Setup,
    pub space: Space,
    pub recorder: mpsc::Sender<Order>,
    pub cameras: Vec<camera::Camera>,
    pub monitors: monitor::Monitors,
    pub devices: devices::Devices,
}

impl Appliance {
    /// Brings back what a restart must not lose: seats, running lessons. Tokens are looked up in the store until
    /// `bring_back` has them all.
    pub async fn open(parts: Parts, now: Moment) -> Result<Arc<Self>, Fault> {
        let (newest, administered) = parts
            .db
            .read(|conn| Ok((rooms::newest(conn)?, users::administrator_exists(conn)?)))
            .await?;
        let licence = licence::Licensing::open(&parts.db, parts.licence, now).await?;
        let talk = Arc::new(talk::Hub::default());
        let told = talk.clone();
        parts.db.on_posted(Box::new(move |posted| told.posted(posted)));
        let recall = Arc::new(recall::Recall::default());
        let catalogue = Arc::new(catalogue::Catalogue::default());
        let copies = (recall.clone(), catalogue.clone());
        parts.db.on_changed(Box::new(move |conn, changed| {
            copies.0.heard(changed);
            copies.1.heard(conn, changed);
        }));
        let appliance = Arc::new(Self {
            licence,
            sessions: session::Sessions::default(),
            presence: presence::Presence::new(newest),
            online: online::Online::default(),
            recall,
            catalogue,
            guesses: guess::Guesses::default(),
            allowances: allowance::Allowances::default(),
            partners: partner::Partners::default(),
            applications: application::Applications::default(),
            hasher: password::Hasher::start(),
            setup: setup::Setup::default(),
            tapes: recording::Tapes::default(),
            live: Arc::default(),
            talk,
            calendar: retention::Calendar::default(),
            lasting: lesson::Lasting::default(),
            devices: parts.devices,
            switches: classroom::Switches::default(),
            large_bodies: Semaphore::new(LARGE_BODIES),
            outbox_bell: Notify::new(),
            lesson_bell: Notify::new(),
            administered: AtomicBool::new(administered),
            address: OnceLock::new(),
            db: parts.db,
            entropy: parts.entropy,
            policy: parts.policy,
            secrets: parts.secrets,
            folders: parts.folders,
            space: parts.space,
            recorder: parts.recorder,
            cameras: parts.cameras,
            monitors: parts.monitors,
        });
        session::look_up_late(&appliance, now);
        classroom::restore(&appliance).await?;
        lesson::restore(&appliance, now).await?;
        application::restore(&appliance, now).await?;
        Ok(appliance)
    }

    /// Brings all tokens into memory. To be done before anything is written.
    ///
    /// # Errors
    /// The store's.
    pub async fn bring_back(&self, now: Moment) -> Result<(), Fault> {
        session::restore(self, now).await
    }

    /// What a start writes. It asks for all of it at the first poll.
    ///
    /// # Errors
    /// The store's.
    pub async fn settle(&self, now: Moment) -> Result<(), Fault> {
        let (leases, groups) = tokio::join!(lesson::settle(self, now), group::catch_up(self, now));
        if let Err(e) = groups {
            tracing::warn!(error = ?e, "RongCloud was not told of the groups that are there");
        }
        leases
    }

    /// Told once, when the listeners are open.
    pub fn is_at(&self, address: String) {
        let _ = self.address.set(address);
    }

    /// Whether somebody administers this box: closes open watching and open registration of teachers.
    pub fn is_administered(&self) -> bool {
        self.administered.load(Ordering::Relaxed)
    }

    /// Sends an order to the recorder. It has room for every classroom's orders; full means it hangs.
    fn order(&self, order: Order) {
        if let Err(e) = self.recorder.try_send(order) {
            tracing::error!(error = %e, "the recorder takes no orders");
        }
    }
}

//! Configuration turned into the checked values of the layers below.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::StartError;
use crate::config::{self, ClassroomEntry, Config, WebhookEntry};
use crate::domain::Space;
use crate::domain::policy::{
    Channel, ChannelRule, Classroom, Cloud, CloudKeys, LeanCloud, LoginPolicy, Policy,
    Registration, RongCloud, UserSig, Webhook,
};
use crate::hw::board::{Board, Input};
use crate::hw::encoder::Finder;
use crate::hw::identity;
use crate::hw::inputs::Inputs;
use crate::hw::recorder::{Picture, Setup, reserve};
use crate::model::Millis;
use crate::ops::folder::free_bytes;
use crate::wire::usersig::OldKey;

/// Inputs that `inputs.monitor` keeps open. Each costs a tenth of a processor, of which a board has four or eight.
const MONITORED_MAX: usize = 8;

fn wrong(what: &str, why: impl std::fmt::Display) -> StartError {
    StartError::Config(format!("{what}: {why}"))
}

/// The board that the configuration names, or the one detected.
pub fn board(config: &Config) -> Result<Board, StartError> {
    let mut board = match config.board.as_str() {
        "" => Board::detect(Path::new(&config.hardware_root)),
        named => Board::load(named).map_err(|e| wrong("board", e))?,
    };
    // A classroom may own an input that the board does not name, by its bus path.
    let owned: Vec<&str> = config.classrooms.iter().map(|c| c.input.as_str()).collect();
    let slides: Vec<&str> = config.classrooms.iter().map(|c| c.slides.as_str()).collect();
    for name in owned.iter().chain(&slides) {
        if board.input(name).is_none() {
            board.input.extend(Input::at(name));
        }
    }
    let takes_first = owned.is_empty() || owned.contains(&"");
    for (n, input) in board.input.iter_mut().enumerate() {
        input.owned = n == 0 && takes_first || owned.contains(&input.name.as_str());
        if slides.contains(&input.name.as_str()) {
            input.owned = true;
            input.become_slides();
        }
    }
    Ok(board)
}

pub fn recorder(config: &Config, search_path: &OsStr) -> Result<Setup, StartError> {
    let board = board(config)?;
    let root = Path::new(&config.hardware_root);
    let simulated = identity::is_simulated(&board, root);
    if simulated {
        board.only_generates().map_err(|e| wrong("board", e))?;
    }
    let ffmpeg = (!config.ffmpeg.is_empty()).then(|| PathBuf::from(&config.ffmpeg));
    let finder = Arc::new(Finder::new(ffmpeg, search_path.to_owned(), board.clone()));
    let (width, height) = config::size(&config.recorder_size).map_err(StartError::Config)?;
    let whole = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    let picture = Picture {
        width,
        height,
        rate: whole(config.recorder_rate.0),
        kbit: whole(config.recorder_kbits.0),
    };
    let inputs = Inputs::new(board, finder, picture, root.to_owned(), !simulated);
    let mut setup = Setup::usual(Arc::new(inputs));
    setup.stall = Millis(config.stall_ms.0);
    setup.reserve_bytes = match u64::try_from(config.reserve_mib) {
        Ok(mib) if mib > 0 => mib << 20,
        Ok(_) | Err(_) => reserve(picture),
    };
    Ok(setup)
}

/// Room on the disk where `data` lies, also before there is such a folder.
pub fn space(setup: &Setup, policy: &Policy, data: &Path) -> Space {
    // Two pictures need twice the space.
    let has_slides = policy.classrooms.iter().any(|room| room.slides.is_some());
    let there = data.ancestors().find(|at| at.exists()).unwrap_or(Path::new(".")).to_owned();
    Space {
        free: Arc::new(move || free_bytes(&there)),
        reserve: setup.reserve_bytes.saturating_mul(1 + u64::from(has_slides)),
        least: setup.reserve_bytes,
    }
}

pub fn policy(config: &Config, board: &Board, box_name: String) -> Result<Policy, StartError> {
    Ok(Policy {
        appids: config.edu_appids.clone(),
        login: match config.edu_login.0.as_str() {
            "refuse" => LoginPolicy::Refuse,
            _ => LoginPolicy::Replace,
        },
        registration: match config.edu_registration.0.as_str() {
            "closed" => Registration::Closed,
            "students" => Registration::Students,
            _ => Registration::Open,
        },
        host_silence: Millis::seconds(config.host_silence_s.0),
        member_silence: Millis::seconds(config.member_silence_s.0),
        lesson_max: Millis::seconds(config.lesson_hours.0 * 3600),
        keep: (config.retention_days.0 > 0).then(|| Millis::days(config.retention_days.0)),
        keep_free: u64::try_from(config.retention_free_mib)
            .ok()
            .filter(|n| *n > 0)
            .map(|n| n << 20),
        classrooms: classrooms(&config.classrooms, board)?,
        webhooks: config.webhooks.iter().map(webhook).collect::<Result<_, _>>()?,
        cloud: cloud(config),
        usersig: usersig(config)?,
        rongcloud: (!config.rongcloud_key.is_empty()).then(|| RongCloud {
            key: config.rongcloud_key.clone(),
            secret: config.rongcloud_secret.clone(),
            endpoint: config.rongcloud_endpoint.trim_end_matches('/').to_owned(),
        }),
        channel: channel(config),
        public_url: (!config.public_url.is_empty())
            .then(|| config.public_url.trim_end_matches('/').to_owned()),
        box_name,
        names: config.http_names.iter().cloned().chain(sysinfo::System::host_name()).collect(),
    })
}

/// The inputs that are always watched: the classrooms' first ones. And what is to be said when they have more: these can be
/// looked at as without `inputs.monitor`.
pub fn watched<'a>(config: &Config, rooms: &'a [Classroom]) -> (Vec<&'a String>, Option<String>) {
    let mut inputs: Vec<&String> = Vec::new();
    for input in rooms.iter().flat_map(Classroom::inputs).filter(|_| config.inputs_monitor) {
        if !inputs.contains(&input) {
            inputs.push(input);
        }
    }
    let count = inputs.len();
    inputs.truncate(MONITORED_MAX);
    let why = || format!("inputs.monitor: it watches {MONITORED_MAX}, the classrooms have {count}");
    (inputs, (count > MONITORED_MAX).then(why))
}

/// The configured classrooms; without any there is one, on the board's first input.
fn classrooms(entries: &[ClassroomEntry], board: &Board) -> Result<Vec<Classroom>, StartError> {
    let first = &board.input.first().ok_or_else(|| wrong("board", "it has no input"))?.name;
    if entries.is_empty() {
        let name = "classroom".to_owned();
        return Ok(vec![Classroom {
            name,
            input: first.clone(),
            slides: None,
            teachers: Vec::new(),
        }]);
    }
    let input = |entry: &ClassroomEntry| match entry.input.as_str() {
        "" => first.clone(),
        named => named.to_owned(),
    };
    let pictures: Vec<String> = entries.iter().map(input).collect();
    let make = |entry: &ClassroomEntry| {
        let (input, wrong) =
            (input(entry), |why| wrong(&format!("[[classroom]] {}", entry.name), why));
        let slides = Some(&entry.slides).filter(|slides| !slides.is_empty());
        for name in [&input].into_iter().chain(slides) {
            if board.input(name).is_none() {
                let names: Vec<&str> = board.input.iter().map(|i| i.name.as_str()).collect();
                let why = format!("there is no input {name}; the board has {}", names.join(", "));
                return Err(wrong(why));
            }
        }
        // Slides are read without sound, and seldom: nobody is filmed like that.
        // Off in one room, they would be off in the other, whose lesson goes on. One room may have two names.
        let mut others = entries.iter().zip(&pictures).filter(|(_, picture)| **picture != input);
        let shown = slides.and_then(|slides| others.find(|(other, _)| other.slides == *slides));
        if let Some((other, _)) = shown {
            let (slides, other) = (&other.slides, &other.name);
            let why =
                format!("slides: {slides} is what {other} is shown, which has another camera");
            return Err(wrong(why));
        }
        if let Some(slides) = slides.filter(|slides| pictures.contains(slides)) {
            let why = format!("slides: {slides} is the input of a classroom; it takes another one");
            return Err(wrong(why));
        }
        let is_blind =
            |name| board.input(name).is_some_and(|i| i.picture.is_none() && !i.is_generated());
        if let Some(slides) = slides.filter(|slides| is_blind(slides)) {
            return Err(wrong(format!("slides: {slides} has no picture")));
        }
        Ok(Classroom {
            name: entry.name.clone(),
            input,
            slides: slides.cloned(),
            teachers: entry.teachers.clone(),
        })
    };
    entries.iter().map(make).collect()
}

fn webhook(entry: &WebhookEntry) -> Result<Webhook, StartError> {
    let ca_pem = match entry.ca_file.as_str() {
        "" => None,
        path => Some(std::fs::read_to_string(path).map_err(|e| wrong(path, e))?),
    };
    Ok(Webhook {
        name: entry.name.clone(),
        url: entry.url.clone(),
        secret: entry.secret.clone(),
        md5_key: (!entry.md5_key.is_empty()).then(|| entry.md5_key.clone()),
        ca_pem,
    })
}

fn channel(config: &Config) -> Channel {
    Channel {
        rule: match config.channel_auth.0.as_str() {
            "md5" => ChannelRule::Md5,
            _ => ChannelRule::Hmac,
        },
        clock_days: config.channel_clock_days.0,
        ahead: Millis::seconds(config.channel_utc_offset_h.0 * 3600),
        leancloud: (!config.leancloud_app_id.is_empty()).then(|| LeanCloud {
            app_id: config.leancloud_app_id.clone(),
            master_key: config.leancloud_master_key.clone(),
            server: config.leancloud_server.trim_end_matches('/').to_owned(),
        }),
    }
}

fn cloud(config: &Config) -> Cloud {
    let mib = |n: i64| u64::try_from(n).unwrap_or(0) << 20;
    Cloud {
        keys: (!config.cloud_secret_id.is_empty()).then(|| CloudKeys {
            appid: config.cloud_appid,
            secret_id: config.cloud_secret_id.clone(),
            secret_key: config.cloud_secret_key.clone(),
        }),
        bucket: config.cloud_bucket.clone(),
        region: config.cloud_region.clone(),
        preview_tag: config.cloud_preview_tag.clone(),
        endpoint: config.cloud_endpoint.clone(),
        actions: config.cloud_actions.clone(),
        file_bytes_max: mib(config.cloud_file_mib.0),
        account_bytes_max: mib(config.cloud_account_mib.0),
    }
}

fn usersig(config: &Config) -> Result<UserSig, StartError> {
    if !config.usersig_ec_key_file.is_empty() {
        let path = &config.usersig_ec_key_file;
        let text = std::fs::read_to_string(path).map_err(|e| wrong(path, e))?;
        let random = ring::rand::SystemRandom::new();
        let key = OldKey::from_text(&text, &random)
            .map_err(|e| wrong(path, format!("no P-256 key in PKCS#8: {e:?}")))?;
        return Ok(UserSig::Old(Arc::new(key)));
    }
    Ok(match config.usersig_key.is_empty() {
        true => UserSig::Own,
        false => UserSig::V2(config.usersig_key.clone()),
    })
}
